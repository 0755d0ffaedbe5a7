import type { DataType, Row, Table } from '@cdc/core'
import { edgeCells } from '../generate/cells.ts'
import { tableOf } from '../generate/tables.ts'

const text: DataType = { kind: 'string' }
const amount: DataType = { kind: 'decimal', precision: 12, scale: 3 }
const itemColumns = { id: { kind: 'int32' }, name: text, note: text, amount } as const

/** A plain table with a key. */
export const items = tableOf('testkit_items', itemColumns, ['id'])
/** A key of two columns that are neither the first nor in order, under names that need quoting. */
export const pairs = tableOf(
  'testkit Pairs',
  { 'the "part"': text, a: { kind: 'string', length: 20 }, order: { kind: 'int64' } },
  ['order', 'a'],
)
/** A table without a key. */
export const events = tableOf('testkit_events', { at: { kind: 'int64' }, what: text }, [])
/** The same changes go to each of these, cut differently. */
export const copies = [1, 2, 3].map((number) => tableOf(`testkit_copy_${number}`, itemColumns, ['id']))
/** A table before and after a column was added. */
export const narrow = tableOf('testkit_evolving', { id: { kind: 'int32' }, a: text }, ['id'])
export const widened = tableOf('testkit_evolving', { id: { kind: 'int32' }, a: text, b: text }, ['id'])

/** A table with a column for each type. */
export function wideTable(types: readonly DataType[]): Table {
  const columns = Object.fromEntries(types.map((type, index) => [`c${index}_${type.kind}`, type]))
  return tableOf('testkit_wide', { id: { kind: 'int32' }, ...columns }, ['id'])
}

/** Rows in which every edge of every type is met, then one of nulls. */
export function wideRows(table: Table): Row[] {
  const edges = table.columns.slice(1).map(({ type }) => edgeCells(type))
  const most = Math.max(0, ...edges.map(({ length }) => length))
  const rows: Row[] = []
  for (let i = 0; i < most; i++) rows.push([i, ...edges.map((cells) => cells[i % cells.length]!)])
  return [...rows, [most, ...edges.map(() => null)]]
}

/** A row of `items`. */
export const item = (id: number, name = `name ${id}`, note: string | null = null, price = '1.500'): Row => [
  id,
  name,
  note,
  price,
]
