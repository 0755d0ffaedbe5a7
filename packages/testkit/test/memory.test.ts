import {
  type Batch,
  type Change,
  type Position,
  type SinkContext,
  type SourceContext,
  silentLogger,
  type Table,
} from '@cdc/core'
import { expect, test } from 'vitest'
import {
  Faults,
  Journal,
  MemoryDatabase,
  MemoryStore,
  memoryPositions,
  memorySink,
  memorySource,
} from '../src/index.ts'

const table: Table = {
  schema: 'public',
  name: 'item',
  columns: [
    { name: 'id', type: { kind: 'int32' }, native: 'integer' },
    { name: 'name', type: { kind: 'string' }, native: 'text' },
  ],
  key: [0],
}
const other: Table = { ...table, name: 'other' }
const context: SourceContext & SinkContext = {
  pipeline: 'p',
  sink: 's',
  describePosition: memoryPositions.describe,
  logger: silentLogger,
  report() {},
  wants: { message: false, transaction: false },
  limits: { rows: 2, bytes: 1e6 },
  shapes: new Map(),
}

async function readAll(database: MemoryDatabase, after?: Position, overlap = false): Promise<Batch[]> {
  const source = memorySource({ database, bounded: true }).create(context)
  await source.open()
  const batches: Batch[] = []
  for await (const batch of source.read(after, new AbortController().signal, { overlap })) batches.push(batch)
  await source.close()
  return batches
}
const kinds = (batches: readonly Batch[]) =>
  batches.map(({ changes }) => changes.map((change) => change.kind).join(' '))

test('a table is read in open batches that end with a position, then the log', async () => {
  const database = new MemoryDatabase().create(table, [
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
  ])
  const source = memorySource({ database, bounded: true }).create(context)
  await source.open()
  const reading = source.read(undefined, new AbortController().signal)[Symbol.asyncIterator]()
  const first = (await reading.next()).value as Batch
  expect(first).toMatchObject({ open: 'table', changes: [{ kind: 'schema' }, { kind: 'insert' }] })
  database.commit({ kind: 'insert', table, after: [4, 'd'] })
  const rest = [(await reading.next()).value, (await reading.next()).value] as Batch[]
  expect(rest.map(({ changes }) => changes.map((change: Change) => change.origin.snapshot))).toEqual([
    ['true', 'last'],
    [undefined],
  ])
  expect(await reading.next()).toMatchObject({ done: true })
  await source.close()
})

test('a table that is read after a restart has a cut, and what it holds is left out of the stream unless asked for', async () => {
  const database = new MemoryDatabase().create(table, [[1, 'a']]).create(other, [[1, 'a']])
  const [afterFirst] = await readAll(database)
  database.commit({ kind: 'insert', table, after: [2, 'b'] }, { kind: 'insert', table: other, after: [2, 'b'] })
  const rest = await readAll(database, afterFirst!.position)
  expect(kinds(rest)).toEqual(['schema insert', 'insert', 'schema insert'])
  const all = await readAll(database, afterFirst!.position, true)
  expect(kinds(all)).toEqual(['schema insert', 'insert', 'schema insert', 'insert'])
  const done = rest[1]!.position!
  expect(memoryPositions.settled(done)).toBe(false)
  const last = all.at(-1)!.changes.at(-1)!
  expect(memoryPositions.contains(done, true)(last)).toBe(true)
  expect(memoryPositions.contains(done, false)(last)).toBe(false)
  expect(memoryPositions.settled(rest.at(-1)!.position!)).toBe(true)
})

test('what was acknowledged is freed, and a position before it is refused', async () => {
  const database = new MemoryDatabase().create(table)
  const start = (await readAll(database)).at(-1)!.position!
  database.commit({ kind: 'insert', table, after: [1, 'a'] })
  const source = memorySource({ database, bounded: true }).create(context)
  await source.open()
  await source.acknowledge((await readAll(database, start)).at(-1)!.position!)
  await expect(readAll(database, start)).rejects.toMatchObject({ code: 'MEMORY_HISTORY_LOST' })
})

test('an idle log gives a keepalive, and waiting ends with the signal', async () => {
  const database = new MemoryDatabase()
  const source = memorySource({ database }).create(context)
  await source.open()
  const stop = new AbortController()
  const reading = source.read(undefined, stop.signal)[Symbol.asyncIterator]()
  expect((await reading.next()).value).toMatchObject({ changes: [] })
  const next = reading.next()
  database.idle()
  expect((await next).value).toMatchObject({ changes: [], position: expect.stringContaining('"at":2') })
  const waiting = reading.next()
  stop.abort()
  expect(await waiting).toMatchObject({ done: true })
})

const row = (id: number, name: string): Change => ({
  kind: 'insert',
  table,
  after: [id, name],
  origin: { transaction: { connector: 'm', database: 'd', commitTime: 0n, commit: 1n }, offset: 1n, order: 0 },
})
const shape: Change = { kind: 'schema', table, origin: row(0, '').origin }
const batch = (position: Position | undefined, ...changes: Change[]): Batch =>
  position === undefined ? { changes, open: 'table', bytes: 1 } : { changes, position, bytes: 1 }
const { signal } = new AbortController()

test('rows and position become durable together, and an unfinished table leaves no trace', async () => {
  const store = new MemoryStore()
  const journal = new Journal()
  const make = () => memorySink({ store, journal }).create(context)
  const sink = make()
  await sink.open()
  expect(await sink.position!()).toBeUndefined()
  await sink.write(batch('1', shape, row(1, 'a')), signal)
  expect(store.rows(table)).toEqual([])
  await sink.flush('1', signal)
  await sink.write(batch(undefined, row(2, 'b')), signal)
  await sink.flush(undefined, signal)
  await sink.close()
  expect(store.rows(table)).toEqual([[1, 'a']])
  const again = make()
  await again.open()
  expect(await again.position!()).toBe('1')
  expect(journal.done()).toEqual([
    's.open',
    's.position',
    's.write',
    's.flush',
    's.write',
    's.flush',
    's.close',
    's.open',
    's.position',
  ])
})

test('faults come in their turn: before the call, after it, and as a hang that is released', async () => {
  const [store, faults] = [new MemoryStore(), new Faults()]
  faults.add({ at: 'flush', nth: 2, throws: 'connection', after: true })
  const hang = faults.add({ at: 'write', hang: true })
  const sink = memorySink({ store, faults, remembers: false }).create(context)
  await sink.open()
  const writing = sink.write(batch('1', shape, row(1, 'a')), signal)
  await hang.reached
  hang.release()
  await writing
  await sink.flush('1', signal)
  await sink.write(batch('2', row(2, 'b')), signal)
  await expect(sink.flush('2', signal)).rejects.toMatchObject({ code: 'TESTKIT_FAULT', kind: 'connection' })
  expect(store.rows(table)).toHaveLength(2)
  await expect(sink.write(batch('3'), signal)).rejects.toMatchObject({ code: 'TESTKIT_CALLER' })
})

test('a caller that flushes inside a transaction is told so', async () => {
  const sink = memorySink({ store: new MemoryStore(), remembers: false }).create(context)
  await sink.open()
  await sink.write({ changes: [shape, row(1, 'a')], open: 'transaction', bytes: 1 }, signal)
  await expect(sink.flush(undefined, signal)).rejects.toMatchObject({ code: 'TESTKIT_CALLER' })
})

test('a caller that gives a row before its shape is told so', async () => {
  const sink = memorySink({ store: new MemoryStore(), remembers: false }).create(context)
  await sink.open()
  await expect(sink.write(batch('1', row(1, 'a')), signal)).rejects.toMatchObject({ code: 'TESTKIT_CALLER' })
})

test('an instance that another one has overtaken is refused', async () => {
  const store = new MemoryStore()
  const [one, two] = [memorySink({ store }).create(context), memorySink({ store }).create(context)]
  for (const sink of [one, two]) {
    await sink.open()
    await sink.position!()
    await sink.write(batch('1', shape, row(1, 'a')), signal)
  }
  await one.flush('1', signal)
  await expect(two.flush('2', signal)).rejects.toMatchObject({ kind: 'conflict' })
})
