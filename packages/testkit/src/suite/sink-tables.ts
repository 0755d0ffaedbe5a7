import type { DataType, Row } from '@cdc/core'
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

/** A row of `items`. */
export const item = (id: number, name = `name ${id}`, note: string | null = null, price = '1.500'): Row => [
  id,
  name,
  note,
  price,
]
