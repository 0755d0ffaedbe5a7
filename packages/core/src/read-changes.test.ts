import { expect, test } from 'vitest'
import type { Batch } from './batch.ts'
import { defineSource } from './define.ts'
import { defineOptions } from './options/option-set.ts'
import { readChanges } from './read-changes.ts'
import type { PositionRules, Source, SourceContext } from './source.ts'

const positions = {} as PositionRules
const batch = (position: string): Batch => ({ changes: [], position, bytes: 0 })

/** A source that gives some batches and then waits for the signal; writes down what is asked of it. */
function watched(over: Partial<Source> = {}) {
  const calls: string[] = []
  const contexts: SourceContext[] = []
  const source: Source = {
    open: async () => void calls.push('open'),
    async *read(after, signal) {
      calls.push(`read ${after}`)
      try {
        for (const position of ['1', '2', '3']) yield batch(position)
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
      } finally {
        calls.push('returned')
      }
    },
    acknowledge: async (position) => void calls.push(`acknowledge ${position}`),
    close: async () => void calls.push('close'),
    ...over,
  }
  const configured = defineSource({
    name: 'watched',
    description: 'For tests.',
    options: defineOptions({}),
    emits: () => 'append',
    positions,
    create(_, context) {
      contexts.push(context)
      return source
    },
  })({})
  return { calls, contexts, configured }
}

test('opens, reads after the position, acknowledges when told, and closes when the loop is left', async () => {
  const { calls, configured } = watched()
  const changes = readChanges(configured, { name: 'a', after: '0' })
  expect(calls).toEqual([])
  for await (const { position } of changes) {
    if (position === '1') await changes.acknowledge('1')
    if (position === '2') break
  }
  expect(calls).toEqual(['open', 'read 0', 'acknowledge 1', 'returned', 'close'])
})

test('a signal ends the loop without an error', async () => {
  const { calls, configured } = watched()
  const stop = new AbortController()
  const seen: unknown[] = []
  for await (const { position } of readChanges(configured, { name: 'a', signal: stop.signal })) {
    seen.push(position)
    if (position === '3') setImmediate(() => stop.abort())
  }
  expect(seen).toEqual(['1', '2', '3'])
  expect(calls.slice(-2)).toEqual(['returned', 'close'])
})

test('a signal that aborts before or while the source is opened closes it', async () => {
  const early = watched()
  for await (const _ of readChanges(early.configured, { name: 'a', signal: AbortSignal.abort() })) expect.fail()
  expect(early.calls).toEqual(['close'])
  const stop = new AbortController()
  const late = watched({
    open() {
      setImmediate(() => stop.abort())
      return new Promise(() => {})
    },
  })
  for await (const _ of readChanges(late.configured, { name: 'a', signal: stop.signal })) expect.fail()
  expect(late.calls).toEqual(['close'])
})

test('an error of the source is thrown with the name, after closing', async () => {
  const { calls, configured } = watched({ open: () => Promise.reject(new Error('no way')) })
  const reading = readChanges(configured, { name: 'shop' }).next()
  await expect(reading).rejects.toMatchObject({ code: 'UNEXPECTED', where: { pipeline: 'shop' } })
  expect(calls).toEqual(['close'])
})

test('an error of the loop is its own, and the source is closed', async () => {
  const { calls, configured } = watched()
  const loop = async () => {
    for await (const _ of readChanges(configured, { name: 'a' })) throw new RangeError('mine')
  }
  await expect(loop()).rejects.toThrow(RangeError)
  expect(calls.at(-1)).toBe('close')
})

test('acknowledging outside the loop is refused', async () => {
  const { configured } = watched()
  const changes = readChanges(configured, { name: 'a' })
  await expect(changes.acknowledge('1')).rejects.toMatchObject({ code: 'NOT_READING' })
  for await (const _ of changes) break
  await expect(changes.acknowledge('1')).rejects.toMatchObject({ code: 'NOT_READING' })
})

test('tells the source what the options say, and nothing more is wanted by default', async () => {
  const { contexts, configured } = watched()
  for await (const _ of readChanges(configured, { name: 'a', limits: { rows: 5 }, wants: { message: true } })) break
  expect(contexts).toMatchObject([
    { pipeline: 'a', limits: { rows: 5, bytes: 2097152 }, wants: { message: true, transaction: false } },
  ])
})
