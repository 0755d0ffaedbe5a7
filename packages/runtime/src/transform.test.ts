import type { Change, Origin, Table } from '@cdc/core'
import { expect, test } from 'vitest'
import { addMetadata } from './metadata.ts'
import { routeTables } from './transform.ts'

const table: Table = {
  schema: 'public',
  name: 'items',
  columns: [{ name: 'id', type: { kind: 'int32' }, native: 'integer' }],
  key: [0],
}
const transaction = { connector: 'x', database: 'shop', commitTime: 1_700_000_000_120_000n, commit: 5n }
const streamed: Origin = { transaction, offset: 4n, order: 0 }
const snapshot: Origin = { ...streamed, snapshot: 'true' }
const rowsOf = (changes: readonly Change[]) => changes.map((change) => ('after' in change ? change.after : undefined))

test('routes rename tables, shapes and former shapes; the first match wins', () => {
  const route = routeTables([
    { from: 'public.(i.*)', to: 'replica.$1_copy' },
    { from: '.*', to: 'other.table' },
  ])
  const previous = { ...table, columns: [] }
  const routed = route([
    { kind: 'schema', table, previous, origin: streamed },
    { kind: 'insert', table, after: [1], origin: streamed },
    { kind: 'truncate', table: { ...table, schema: 'private' }, origin: streamed },
  ])
  expect(routed).toMatchObject([
    { table: { schema: 'replica', name: 'items_copy' }, previous: { schema: 'replica', name: 'items_copy' } },
    { table: { schema: 'replica', name: 'items_copy' }, after: [1] },
    { table: { schema: 'other', name: 'table' } },
  ])
  expect((routed[0] as { table: Table }).table).toBe((routed[1] as { table: Table }).table)
})

test('a route must give schema.table', () => {
  const change: Change = { kind: 'truncate', table, origin: streamed }
  expect(() => routeTables([{ from: '.*', to: 'items' }])([change])).toThrow('is not schema.table')
})

test('appends metadata columns to shapes and rows, in the order asked for', () => {
  const add = addMetadata({ source_table: 'table_name', db: 'database_name', at: 'op_ts', kind: 'row_kind' })
  const changes = add([
    { kind: 'schema', table, origin: streamed },
    { kind: 'insert', table, after: [1], origin: snapshot },
    { kind: 'update', table, before: [1], after: [2], origin: streamed },
    { kind: 'delete', table, before: [2], origin: streamed },
  ])
  const [shape, ...rows] = changes
  expect((shape as { table: Table }).table.columns.map(({ name }) => name)).toEqual([
    'id',
    'source_table',
    'db',
    'at',
    'kind',
  ])
  expect(rowsOf(rows)).toEqual([
    [1, 'items', 'shop', '1970-01-01 00:00:00+00', '+I'],
    [2, 'items', 'shop', '2023-11-14 22:13:20.12+00', '+U'],
    undefined,
  ])
  expect(rows[1]).toMatchObject({ before: [1, 'items', 'shop', '2023-11-14 22:13:20.12+00', '-U'] })
  expect(rows[2]).toMatchObject({ before: [2, 'items', 'shop', '2023-11-14 22:13:20.12+00', '-D'] })
})

test('refuses a metadata column whose name is taken', () => {
  const change: Change = { kind: 'insert', table, after: [1], origin: streamed }
  expect(() => addMetadata({ id: 'op_ts' })([change])).toThrow("has a column 'id' already")
})
