import type { CdcError, ConfiguredSink, Report, Row, StateStore, StateStoreFactory, Table } from '@cdc/core'
import { type FaultPlace, Faults, Journal, MemoryDatabase, MemoryStore, memorySink, memorySource } from '@cdc/testkit'
import { describe, expect, test } from 'vitest'
import type { PipelineLimitsInput } from './limits.ts'
import { pipeline, type SinkEntry } from './pipeline.ts'
import { memoryState } from './state/index.ts'

const items: Table = {
  schema: 'public',
  name: 'items',
  id: 1,
  identity: 'full',
  columns: [
    { name: 'id', type: { kind: 'int32' }, native: 'integer' },
    { name: 'name', type: { kind: 'string' }, native: 'text' },
  ],
  key: [0],
}
/** Only inserted into, and without a key: shows every loss and every repeat. */
const ledger: Table = { ...items, name: 'ledger', id: 2, identity: 'default', key: [] }

const limits = { retry: { attempts: 5, initialDelay: 1, maxDelay: 5 }, checkpointInterval: 1, shutdownTimeout: 500 }

interface Setup {
  readonly database: MemoryDatabase
  readonly state: StateStoreFactory
  readonly sinks: readonly SinkEntry[]
  readonly faults?: Faults
  readonly journal?: Journal
  readonly observer?: (report: Report) => void
  /** How many whole transactions a batch of the source may hold. */
  readonly join?: number
  /** Over `limits`. */
  readonly bounds?: PipelineLimitsInput
}

function make({ database, state, sinks, faults, journal, observer, join = 8, bounds = {} }: Setup) {
  return pipeline({
    name: 'test',
    source: memorySource({ database, faults, journal, join }),
    sinks,
    state,
    limits: { ...limits, ...bounds },
    ...(observer === undefined ? {} : { observer }),
  })
}

/** Runs until the condition holds, then stops gracefully. */
async function runUntil(setup: Setup, holds: () => boolean) {
  const stop = new AbortController()
  const running = make(setup).run(stop.signal)
  let failed = false
  running.catch(() => {
    failed = true
  })
  const deadline = performance.now() + 10_000
  while (!holds() && !failed && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 1))
  stop.abort()
  const summary = await running
  expect(holds()).toBe(true)
  return summary
}

const sorted = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).toSorted()
const equal = (database: MemoryDatabase, store: MemoryStore, ...tables: Table[]) =>
  tables.every((table) => sorted(store.rows(table)).join() === sorted(database.rows(table)).join())

function prepared() {
  const database = new MemoryDatabase()
  database.create(
    items,
    Array.from({ length: 20 }, (_, i) => [i, `name ${i}`]),
  )
  database.create(
    ledger,
    Array.from({ length: 20 }, (_, i) => [i, 'before']),
  )
  return database
}
/** Every row is there, some perhaps twice. */
const caughtUp = (database: MemoryDatabase, store: MemoryStore) => {
  const seen = new Set(sorted(store.rows(ledger)))
  return equal(database, store, items) && sorted(database.rows(ledger)).every((row) => seen.has(row))
}

let counter = 1000
function workload(database: MemoryDatabase, transactions: number): void {
  for (let i = 0; i < transactions; i++) {
    const id = counter++
    database.commit(
      { kind: 'insert', table: ledger, after: [id, 'streamed'] },
      { kind: 'insert', table: items, after: [id, `name ${id}`] },
      ...(i % 3 === 0 ? [{ kind: 'delete', table: items, before: [id, `name ${id}`] } as const] : []),
    )
  }
}

const exact = (store: MemoryStore, faults = new Faults(), journal = new Journal()): SinkEntry => ({
  name: 'exact',
  sink: memorySink({ store, faults, journal }),
})
const forgetful = (store: MemoryStore, faults = new Faults(), journal = new Journal()): SinkEntry => ({
  name: 'forgetful',
  sink: memorySink({ store, faults, journal, remembers: false, 'atomic-tables': false }),
})

test('takes a snapshot, follows the stream, and goes on after a stop where it was', async () => {
  const database = prepared()
  const store = new MemoryStore()
  const state = memoryState()
  const setup = { database, state, sinks: [exact(store)] }
  await runUntil(setup, () => equal(database, store, items, ledger))
  workload(database, 10)
  await runUntil(setup, () => equal(database, store, items, ledger))
  expect(store.rows(ledger)).toHaveLength(30)
})

test('flushes before it saves, and saves before it acknowledges', async () => {
  const database = prepared()
  const store = new MemoryStore()
  const journal = new Journal()
  const inner = memoryState()
  const noted: StateStoreFactory = (name) => {
    const kept = inner(name)
    const save = async (entry: string, text: string) => {
      const position = entry === 'checkpoint' ? (JSON.parse(text).position ?? undefined) : undefined
      await kept.save(entry, text)
      journal.note({ who: 'state', instance: 1, call: 'save', phase: 'done', position })
    }
    return new Proxy(kept, { get: (target, key) => (key === 'save' ? save : bound(target, key as keyof StateStore)) })
  }
  const setup = { database, state: noted, sinks: [exact(store, new Faults(), journal)], journal }
  await runUntil(setup, () => equal(database, store, items, ledger))
  const acknowledged = journal.entries.filter(({ call, phase }) => call === 'acknowledge' && phase === 'begin')
  expect(acknowledged.length).toBeGreaterThan(0)
  for (const entry of acknowledged) {
    const before = journal.entries.slice(0, journal.entries.indexOf(entry))
    const saved = before.findLastIndex(({ who, position }) => who === 'state' && position === entry.position)
    const flushed = before.findIndex(
      (one) => one.call === 'flush' && one.phase === 'done' && one.position === entry.position,
    )
    expect(flushed).toBeGreaterThanOrEqual(0)
    expect(saved).toBeGreaterThan(flushed)
  }
})

function bound(target: StateStore, key: keyof StateStore): unknown {
  const value = target[key] as unknown
  return typeof value === 'function' ? value.bind(target) : value
}

test('saves the shapes before the position that depends on them', async () => {
  const database = prepared()
  const store = new MemoryStore()
  const saved: string[] = []
  const inner = memoryState()
  const noted: StateStoreFactory = (name) => {
    const kept = inner(name)
    const save = async (entry: string, text: string) => {
      await kept.save(entry, text)
      saved.push(entry === 'checkpoint' && JSON.parse(text).position === null ? 'beginning' : entry)
    }
    return new Proxy(kept, { get: (target, key) => (key === 'save' ? save : bound(target, key as keyof StateStore)) })
  }
  await runUntil({ database, state: noted, sinks: [exact(store)] }, () => equal(database, store, items, ledger))
  expect(saved.slice(0, 3)).toEqual(['beginning', 'tables', 'checkpoint'])
})

test('a graceful stop saves and acknowledges the last that was flushed, however long the interval', async () => {
  const database = prepared()
  const store = new MemoryStore()
  const state = memoryState()
  const bounds = { checkpointInterval: 3_600_000 }
  await runUntil({ database, state, sinks: [exact(store)], bounds }, () => equal(database, store, items, ledger))
  // the first that is flushed is saved at once; what comes after it only at the end
  let more = 2
  await runUntil({ database, state, sinks: [exact(store)], bounds }, () => {
    if (!equal(database, store, items, ledger)) return false
    if (more === 0) return true
    more--
    workload(database, 3)
    return false
  })
  expect(database.acknowledged.at(-1)).toBe(store.commits.at(-1)?.position)
})

test('what is whole does not wait for the end of a transaction that is open', async () => {
  const database = prepared()
  const store = new MemoryStore()
  const stop = new AbortController()
  const faults = new Faults()
  const setup = { database, state: memoryState(), sinks: [exact(store)], faults, join: 1, bounds: { batchRows: 3 } }
  const state = setup.state
  await runUntil({ ...setup, state }, () => equal(database, store, items, ledger))
  const row = (id: number) => ({ kind: 'insert', table: ledger, after: [id, 'streamed'] }) as const
  // the third batch that is read is the second piece of the large transaction
  const hanging = faults.add({ at: 'read', nth: 3, hang: 'deaf' })
  database.commit(row(1))
  database.commit(...Array.from({ length: 9 }, (_, i) => row(10 + i)))
  const running = make({ ...setup, state }).run(stop.signal)
  await hanging.reached
  const deadline = performance.now() + 10_000
  while (store.rows(ledger).length === 20 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 1))
  expect(store.rows(ledger)).toHaveLength(21)
  hanging.release()
  stop.abort()
  await running
})

const places: FaultPlace[] = ['open', 'read', 'position', 'write', 'flush', 'acknowledge']
describe.each(places)('a fault that passes, at %s', (at) => {
  test.each([1, 2, 3, 5])('the call number %i: nothing is lost and nothing repeated', async (nth) => {
    const database = prepared()
    const store = new MemoryStore()
    const other = new MemoryStore()
    const sinkFaults = new Faults()
    const sourceFaults = new Faults()
    const target = at === 'read' || at === 'acknowledge' ? sourceFaults : sinkFaults
    target.add({ at, nth, throws: 'connection' })
    target.add({ at, nth: nth + 1, throws: 'rewind', after: true })
    const sinks = [exact(store, sinkFaults), forgetful(other)]
    const setup = { database, state: memoryState(), sinks, faults: sourceFaults }
    let streamed = false
    await runUntil(setup, () => {
      if (!streamed && equal(database, store, items)) {
        streamed = true
        workload(database, 12)
      }
      return streamed && caughtUp(database, store) && caughtUp(database, other)
    })
    expect(equal(database, store, items, ledger)).toBe(true)
  })
})

test.each(Array.from({ length: 30 }, (_, seed) => seed))(
  'random faults and stops, two exact sinks and one that forgets (seed %i)',
  async (seed) => {
    const random = generator(seed)
    const database = prepared()
    const stores = [new MemoryStore(), new MemoryStore(), new MemoryStore()] as const
    const state = memoryState()
    for (let round = 0; round < 6; round++) {
      const faults = [new Faults(), new Faults(), new Faults(), new Faults()] as const
      for (let i = 0; i < 4; i++) {
        const at = places[Math.floor(random() * places.length)]!
        const throws = random() < 0.5 ? 'connection' : 'rewind'
        faults[Math.floor(random() * 4)]!.add({ at, nth: 1 + Math.floor(random() * 6), throws, after: random() < 0.3 })
      }
      const second = { ...exact(stores[1], faults[1]), name: 'second' }
      const sinks = [exact(stores[0], faults[0]), second, forgetful(stores[2], faults[2])]
      // batches fall differently each time: transactions and tables in pieces, or many in one
      const join = [1, 2, 8][Math.floor(random() * 3)]!
      const bounds = {
        batchRows: [1, 2, 7, 20_000][Math.floor(random() * 4)]!,
        flushInterval: random() < 0.5 ? 0 : 200,
      }
      let committed = 0
      const goal = Math.floor(random() * 8)
      await runUntil({ database, state, sinks, faults: faults[3], join, bounds }, () => {
        if (committed < goal) {
          committed++
          workload(database, 1 + Math.floor(random() * 3))
        }
        // most rounds are stopped in the middle
        return committed >= goal && (round < 5 || stores.every((store) => caughtUp(database, store)))
      })
    }
    expect(equal(database, stores[0], items, ledger)).toBe(true)
    expect(equal(database, stores[1], items, ledger)).toBe(true)
  },
)

function generator(seed: number): () => number {
  let state = seed * 2654435761 + 1
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) | 0
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32
  }
}

const codeOf = (run: Promise<unknown>) =>
  run.then(
    () => 'nothing thrown',
    (error: CdcError) => error.code,
  )

test('stops with the error that needs a person, and says where', async () => {
  const faults = new Faults()
  faults.add({ at: 'write', throws: 'data' })
  const setup = { database: prepared(), state: memoryState(), sinks: [exact(new MemoryStore(), faults)] }
  await expect(make(setup).run()).rejects.toMatchObject({
    code: 'TESTKIT_FAULT',
    where: { pipeline: 'test', sink: 'exact' },
  })
})

test('gives up on a server that was never reached after the configured attempts', async () => {
  const faults = new Faults()
  for (let i = 0; i < 5; i++) faults.add({ at: 'open', throws: 'connection' })
  faults.add({ at: 'open', nth: 2, throws: 'connection' })
  const rewinds: Report[] = []
  const setup = {
    database: prepared(),
    state: memoryState(),
    sinks: [exact(new MemoryStore(), faults)],
    observer: (report: Report) => report.type === 'rewind' && rewinds.push(report),
  }
  for (let i = 1; i < 5; i++) faults.add({ at: 'open', nth: i + 1, throws: 'connection' })
  expect(await codeOf(make(setup).run())).toBe('TESTKIT_FAULT')
  expect(rewinds).toHaveLength(4)
})

test('a stop within its deadline lets go of a sink that hangs', async () => {
  const faults = new Faults()
  const hanging = faults.add({ at: 'write', hang: 'deaf' })
  const stop = new AbortController()
  const setup = { database: prepared(), state: memoryState(), sinks: [exact(new MemoryStore(), faults)] }
  const running = make(setup).run(stop.signal)
  await hanging.reached
  stop.abort()
  expect(await running).toMatchObject({ reason: 'stopped', changes: 0 })
  hanging.release()
})

test('finishes when a bounded source is done', async () => {
  const database = prepared()
  const store = new MemoryStore()
  const source = memorySource({ database, bounded: true })
  const summary = await pipeline({ name: 'test', source, sinks: [exact(store)], state: memoryState() }).run()
  expect(summary.reason).toBe('finished')
  expect(equal(database, store, items, ledger)).toBe(true)
})

test('a target that was set back is brought up to date again when the source still can', async () => {
  const database = prepared()
  const store = new MemoryStore()
  const state = memoryState()
  const setup = { database, state, sinks: [exact(store)] }
  await runUntil(setup, () => equal(database, store, items, ledger))
  workload(database, 5)
  await runUntil(setup, () => equal(database, store, items, ledger))
  const restored = new MemoryStore()
  restored.setPosition('exact', store.commits[0]!.position)
  expect(['TARGET_BEHIND', 'TESTKIT_HISTORY_LOST']).toContain(
    await codeOf(make({ database, state, sinks: [exact(restored)] }).run()),
  )
})

test('a position that another process took on while this one waited for the source is asked for again', async () => {
  const database = prepared()
  const store = new MemoryStore()
  const state = memoryState()
  const sinks = [exact(store)]
  await runUntil({ database, state, sinks }, () => equal(database, store, items, ledger))
  const before = store.position('exact')
  workload(database, 5)
  await runUntil({ database, state: memoryState(), sinks }, () => equal(database, store, items, ledger))
  workload(database, 5)
  const { sink } = exact(store) as { sink: ConfiguredSink }
  let asked = 0
  const late: ConfiguredSink = {
    ...sink,
    create: (context) => {
      const made = sink.create(context)
      const position = made.position!.bind(made)
      made.position = async () => (asked++ === 0 ? before : position())
      return made
    },
  }
  await runUntil({ database, state, sinks: [{ name: 'exact', sink: late }] }, () =>
    equal(database, store, items, ledger),
  )
  expect(asked).toBe(2)
  expect(store.rows(ledger)).toHaveLength(30)
})

test('an emptied target, another sink and a lost state are refused', async () => {
  const database = prepared()
  const store = new MemoryStore()
  const state = memoryState()
  await runUntil({ database, state, sinks: [exact(store)] }, () => equal(database, store, items, ledger))
  expect(await codeOf(make({ database, state, sinks: [exact(new MemoryStore())] }).run())).toBe('TARGET_BEHIND')
  const added = [exact(store), forgetful(new MemoryStore())]
  expect(await codeOf(make({ database, state, sinks: added }).run())).toBe('SINK_ADDED')
  expect(await codeOf(make({ database, state: memoryState(), sinks: added }).run())).toBe('STATE_LOST')
})

test('sinks take the tables that they name, under the names that the routes give', async () => {
  const database = prepared()
  const [all, some] = [new MemoryStore(), new MemoryStore()]
  const sinks = [exact(all), { name: 'some', tables: 'public.(items|other)', sink: memorySink({ store: some }) }]
  await runUntil(
    { database, state: memoryState(), sinks },
    () => equal(database, all, items, ledger) && equal(database, some, items),
  )
  expect(some.tables()).toEqual(['public.items'])
})

test('refuses before opening anything what can never run', () => {
  const source = memorySource({ database: prepared(), emits: 'upsert' })
  const sink = memorySink({ store: new MemoryStore(), accepts: 'append' })
  const refused = (run: () => unknown) => {
    try {
      run()
    } catch (error) {
      return (error as CdcError).code
    }
    return 'nothing thrown'
  }
  expect(refused(() => pipeline({ name: 'test', source, sinks: [sink] }))).toBe('CHANGELOG_MODE')
  expect(refused(() => pipeline({ name: 'a b', source, sinks: [sink] }))).toBe('PIPELINE_INVALID')
  expect(refused(() => pipeline({ name: 'test', source, sinks: [] }))).toBe('PIPELINE_INVALID')
})

test('refuses a table without a key for a sink by key, at its first shape', async () => {
  const database = new MemoryDatabase()
  database.create({ ...ledger, identity: 'full' }, [[1, 'x']])
  const sink = memorySink({ store: new MemoryStore(), accepts: 'upsert' })
  const setup = { database, state: memoryState(), sinks: [{ sink }] }
  expect(await codeOf(make(setup).run())).toBe('NO_KEY')
})
