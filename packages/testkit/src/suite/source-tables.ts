import type { DataType } from '@cdc/core'
import { tableOf } from '../generate/tables.ts'

const text: DataType = { kind: 'string' }
const int32: DataType = { kind: 'int32' }

/** Shows whole old rows. */
export const items = tableOf('testkit_items', { id: int32, name: text, note: text }, ['id'])
/** Shows only keys of old rows; the key is neither the first nor in order. */
export const pairs = tableOf(
  'testkit_pairs',
  { part: text, a: { kind: 'string', length: 20 }, b: { kind: 'int64' } },
  ['b', 'a'],
  { identity: 'default' },
)
/** Has no key. */
export const events = tableOf('testkit_events', { at: { kind: 'int64' }, what: text }, [])
/** Takes the rows that say how far a case has come. */
export const marker = tableOf('testkit_marker', { id: int32 }, ['id'])
/** A table before and after a column was added. */
export const narrow = tableOf('testkit_evolving', { id: int32, a: text }, ['id'])
export const widened = tableOf('testkit_evolving', { id: int32, a: text, b: text }, ['id'])
