import type { Change, Decoder, Origin, Row, Table } from '@cdc/core'
import { error } from '../errors.ts'
import { JsonReader } from './json-reader.ts'
import type { RowReader, RowRules } from './row-reader.ts'
import { recordText } from './tolerance.ts'

/** The place of changes that a record does not tell: whoever reads the records knows better. */
export const nowhere = (table: Table): Origin => ({
  transaction: { connector: 'json', database: table.database ?? '', commitTime: 0n, commit: 0n },
  offset: 0n,
  order: 0,
})

/** `changelog: none`: each value is an inserted row, or an array of them. Nothing is in an empty one. */
export function appendDecoder(table: Table, rows: RowReader, rules: RowRules): Decoder {
  const origin = nowhere(table)
  return {
    decode: (_, value) =>
      value === null || value.length === 0
        ? []
        : rowsIn(value, rows, rules).map((after): Change => ({ kind: 'insert', table, after, origin })),
  }
}

/** `changelog: upsert`: a value is how the row looks now, no value means that the key's row is gone. */
export function upsertDecoder(table: Table, rows: RowReader, keys: Decoder, rules: RowRules): Decoder {
  const origin = nowhere(table)
  const kind = table.key.length > 0 ? 'update' : 'insert'
  return {
    decode: (key, value) =>
      value === null || value.length === 0
        ? keys.decode(key, null)
        : rowsIn(value, rows, rules).map((after): Change => ({ kind, table, after, origin })),
  }
}

/** A key alone: a delete that has just the key's cells. */
export function keyDecoder(table: Table, keys: RowReader): Decoder {
  const origin = nowhere(table)
  return {
    decode(key) {
      if (key === null || table.key.length === 0)
        throw error('JSON_KEY_MISSING', { message: 'A record without a value has no key, or its table has none.' })
      const from = new JsonReader(recordText(key))
      const before = keys.read(from, { missing: undefined })
      from.end()
      if (table.key.some((index) => before[index] === undefined || before[index] === null))
        throw error('JSON_KEY_MISSING', { message: 'The key of a record lacks a column of the key.' })
      return [{ kind: 'delete', table, before, origin }]
    },
  }
}

function rowsIn(value: Uint8Array, rows: RowReader, rules: RowRules): Row[] {
  const from = new JsonReader(recordText(value))
  const read: Row[] = []
  if (from.peek() === '[') from.array(() => read.push(rows.read(from, rules)))
  else read.push(rows.read(from, rules))
  from.end()
  return read
}
