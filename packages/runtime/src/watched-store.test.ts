import { CdcError, type StateStore, type StateStoreFactory, type Table } from '@cdc/core'
import { MemoryDatabase, MemoryStore, memorySink, memorySource, tableOf } from '@cdc/testkit'
import { expect, test } from 'vitest'
import { pipeline } from './pipeline.ts'
import { memoryState } from './state/index.ts'

const items: Table = { ...tableOf('items', { id: { kind: 'int32' } }, ['id']), id: 1 }

/** A store of which one call hangs while `hangs` says so. */
function hanging(call: keyof StateStore, hangs: () => boolean, hung: () => void): StateStoreFactory {
  const make = memoryState()
  return (name) => {
    const store = make(name)
    return new Proxy(store, {
      get: (_, key: keyof StateStore) => {
        const method = store[key].bind(store) as (...parameters: unknown[]) => unknown
        return (...parameters: unknown[]) => {
          if (key !== call || !hangs()) return method(...parameters)
          hung()
          return new Promise(() => {})
        }
      },
    })
  }
}

function make(state: StateStoreFactory, stallTimeout: number) {
  const database = new MemoryDatabase()
  database.create(items, [[1]])
  const store = new MemoryStore()
  const limits = { retry: { attempts: 5, initialDelay: 1, maxDelay: 5 }, checkpointInterval: 1, shutdownTimeout: 50 }
  const codes: string[] = []
  const running = pipeline({
    name: 'test',
    source: memorySource({ database }),
    sinks: [memorySink({ store })],
    state,
    limits: { ...limits, stallTimeout },
    observer: (report) => {
      if (report.type === 'rewind') codes.push(report.code)
    },
  })
  return { running, codes, store }
}

test.each(['open', 'load', 'save', 'close'] as const)(
  'a state whose %s hangs does not keep a pipeline from stopping',
  async (call) => {
    const hung = Promise.withResolvers<void>()
    const { running } = make(
      hanging(call, () => true, hung.resolve),
      60_000,
    )
    const stop = new AbortController()
    const run = running.run(stop.signal)
    if (call === 'close') setTimeout(() => stop.abort(), 50)
    await hung.promise
    stop.abort()
    expect((await run).reason).toBe('stopped')
  },
)

test('a save that hangs is STALLED, and the pipeline reads again', async () => {
  let left = 2
  const again = Promise.withResolvers<void>()
  const state = hanging(
    'save',
    () => left-- > 0,
    () => {
      if (left <= 0) again.resolve()
    },
  )
  const { running, codes } = make(state, 20)
  const stop = new AbortController()
  const run = running.run(stop.signal)
  await again.promise
  while (codes.length < 2) await new Promise((resolve) => setTimeout(resolve, 1))
  stop.abort()
  await run
  expect(codes).toEqual(['STALLED', 'STALLED'])
})

test('a state that cannot be reached is asked again as often as a source is at the start', async () => {
  const state = (failures: number): StateStoreFactory => {
    const make = memoryState()
    return (name) => {
      const store = make(name)
      const open = store.open.bind(store)
      store.open = async () => {
        if (failures-- > 0) throw new CdcError({ code: 'CONNECTION_LOST', kind: 'connection', message: 'Lost.' })
        await open()
      }
      return store
    }
  }
  const stop = new AbortController()
  const patient = make(state(4), 1000)
  const run = patient.running.run(stop.signal)
  while (patient.store.rows(items).length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  stop.abort()
  expect((await run).reason).toBe('stopped')
  await expect(make(state(5), 1000).running.run()).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
})
