import type { Batch, Change } from '@cdc/core'
import { expect, test } from 'vitest'
import { ReadAhead } from './read-ahead.ts'

const limits = { rows: 100, bytes: 1000, ahead: 1000 }
const origin = { transaction: { connector: 'x', database: 'd', commitTime: 0n, commit: 0n }, offset: 0n, order: 0 }
const change: Change = { kind: 'message', prefix: '', content: new Uint8Array(), transactional: false, origin }
const batch = (position: string | undefined, bytes = 10): Batch =>
  position === undefined ? { changes: [change], bytes, open: 'transaction' } : { changes: [change], bytes, position }

/** A source that is read as fast as it may be, and counts how far it was read. */
function source(batches: readonly Batch[]) {
  const state = { read: 0, returned: false }
  async function* read(): AsyncGenerator<Batch> {
    try {
      for (const one of batches) {
        state.read++
        yield one
      }
    } finally {
      state.returned = true
    }
  }
  return { state, read }
}
const turns = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

test('merges what has piled up, up to the last position', async () => {
  const { read } = source([batch('1'), batch('2'), batch('3')])
  const ahead = new ReadAhead(read(), limits)
  await turns()
  expect(await ahead.take()).toEqual({ changes: [change, change, change], position: '3', bytes: 30 })
  expect(await ahead.take()).toBeUndefined()
})

test('never joins the end of one transaction with the open head of the next', async () => {
  const { read } = source([batch('1'), batch(undefined), batch(undefined), batch('2')])
  const ahead = new ReadAhead(read(), limits)
  await turns()
  expect(await ahead.take()).toMatchObject({ position: '1', bytes: 10 })
  expect(await ahead.take()).toEqual({ changes: [change, change, change], position: '2', bytes: 30 })
})

test('keeps a merged batch below the limits', async () => {
  const { read } = source([batch('1', 600), batch('2', 300), batch('3', 300)])
  const ahead = new ReadAhead(read(), { ...limits, ahead: 10_000 })
  await turns()
  expect(await ahead.take()).toMatchObject({ position: '2', bytes: 900 })
  expect(await ahead.take()).toMatchObject({ position: '3', bytes: 300 })
})

test('pauses reading when the bound is reached, and goes on when there is room', async () => {
  const { state, read } = source(Array.from({ length: 50 }, (_, i) => batch(String(i), 400)))
  const ahead = new ReadAhead(read(), limits)
  await turns()
  expect(state.read).toBe(3)
  await ahead.take()
  await turns()
  expect(state.read).toBe(5)
})

test('gives what was read before a fault, and then the fault', async () => {
  async function* failing(): AsyncGenerator<Batch> {
    yield batch('1')
    throw new Error('torn')
  }
  const ahead = new ReadAhead(failing(), limits)
  await turns()
  expect(await ahead.take()).toMatchObject({ position: '1' })
  await expect(ahead.take()).rejects.toThrow('torn')
})

test('a stop lets the writer take what is there and gives the iterator back on close', async () => {
  const { state, read } = source(Array.from({ length: 50 }, (_, i) => batch(String(i), 400)))
  const ahead = new ReadAhead(read(), limits)
  await turns()
  ahead.stop()
  expect(await ahead.take()).toMatchObject({ position: '1' })
  expect(await ahead.take()).toMatchObject({ position: '2' })
  expect(await ahead.take()).toBeUndefined()
  await ahead.close()
  expect(state.returned).toBe(true)
})

test('refuses a batch that says neither where it ends nor what is open', async () => {
  const { read } = source([{ changes: [change], bytes: 1 }])
  await expect(new ReadAhead(read(), limits).take()).rejects.toMatchObject({ code: 'BATCH_RULE' })
})

test('waiting for more ends when more comes, when nothing will, and with its time', async () => {
  let give = (_batch: Batch) => {}
  async function* read(): AsyncGenerator<Batch> {
    yield batch('1')
    yield await new Promise<Batch>((resolve) => {
      give = resolve
    })
    await new Promise(() => {})
  }
  const ahead = new ReadAhead(read(), limits)
  const long = 600_000
  await turns()
  await ahead.more(long)
  expect(await ahead.take()).toMatchObject({ position: '1' })
  await ahead.more(1)
  expect(ahead.empty).toBe(true)
  const more = ahead.more(long)
  give(batch('2'))
  await more
  expect(await ahead.take()).toMatchObject({ position: '2' })
  const none = ahead.more(long)
  ahead.stop()
  await none
  await ahead.more(long)
  expect(await ahead.take()).toBeUndefined()
})
