import type { Batch, Change, ConfiguredSink, ConfiguredSource, Position, Row, Sink, Table } from '@cdc/core'
import { silentLogger } from '@cdc/core'
import { MemoryStore, memorySink } from '@cdc/testkit'
import { expect, test } from 'vitest'
import { SinkRunner } from './sink-runner.ts'

const column = (name: string) => ({ name, type: { kind: 'string' } as const, native: 'text' })
const older: Table = { schema: 'public', name: 'items', id: 1, columns: [column('id'), column('a')], key: [0] }
const newer: Table = { ...older, columns: [column('id'), column('b')] }
const other: Table = { ...older, name: 'others', id: 2 }

const origin = (commit: bigint) => ({
  transaction: { connector: 'test', database: 'd', commitTime: 0n, commit },
  offset: commit,
  order: 0,
})
const schema = (table: Table, commit: bigint): Change => ({ kind: 'schema', table, origin: origin(commit) })
const insert = (table: Table, commit: bigint, after: Row = ['1', 'x']): Change => ({
  kind: 'insert',
  table,
  after,
  origin: origin(commit),
})

/** A sink that stands at commit 10, behind which the source is read. */
async function following() {
  const written: Change[] = []
  const recorder: Sink = {
    open: async () => {},
    write: async ({ changes }: Batch) => void written.push(...changes),
    flush: async () => {},
    close: async () => {},
    position: async () => '10' as Position,
  }
  const made = memorySink({ store: new MemoryStore() })
  const sink: ConfiguredSink = { ...made, create: () => recorder }
  const positions = {
    contains: (position: Position) => (change: Change) => change.origin.transaction.commit < BigInt(position),
    merge: (own: Position, read: Position) => (BigInt(own) > BigInt(read) ? own : read),
    settled: () => true,
  }
  const source = { connector: 'test', positions } as unknown as ConfiguredSource
  const context = { pipeline: 'p', logger: silentLogger, report: () => {}, describePosition: String }
  const runner = new SinkRunner(
    { name: 'sink', sink, takes: undefined, tolerant: false },
    { source, context, stallTimeout: 1000, transform: (changes) => changes, deadLetters: 'none' },
  )
  await runner.open()
  runner.standAt('10' as Position, true)
  const write = (position: string, ...changes: Change[]) =>
    runner.write({ changes, position: position as Position, bytes: 1 }, new AbortController().signal)
  return { written, write }
}

test('a shape of rows that a sink has is not told; the one of the first row that it has not, is', async () => {
  const { written, write } = await following()
  await write('5', schema(older, 3n), insert(older, 3n), schema(other, 3n), insert(other, 3n))
  await write('9', schema(newer, 7n), insert(newer, 7n))
  expect(written).toEqual([])
  const row = insert(newer, 12n)
  await write('13', row)
  expect(written).toEqual([schema(newer, 7n), row])
})

test('shapes that were not told are told before anything else once the sink has caught up', async () => {
  const { written, write } = await following()
  await write('10', schema(newer, 7n), insert(newer, 7n), schema(other, 8n), insert(other, 8n))
  const rows = [insert(other, 12n), insert(newer, 12n)]
  await write('13', ...rows)
  expect(written).toEqual([schema(newer, 7n), schema(other, 8n), ...rows])
})
