import {
  type Context,
  type EncodedRecord,
  type Encoder,
  type Row,
  type RowChange,
  type Table,
  type Truncate,
  tableName,
} from '@cdc/core'
import { error } from '../errors.ts'

/** Writers of a table's rows and keys as bytes, ready to be a record. */
export interface PlainWriters {
  readonly table: Table
  row(row: Row, old: Row | undefined): Uint8Array
  /** null: the table has no key, or none is wanted. */
  key(row: Row, old?: Row): Uint8Array | null
}

/** What a TRUNCATE becomes: no record in any case. */
export type OnTruncate = (change: Truncate) => readonly EncodedRecord[]

export function onTruncate(mode: 'skip' | 'fail', context: Context): OnTruncate {
  return ({ table }) => {
    const name = tableName(table)
    if (mode === 'fail')
      throw error('AVRO_TRUNCATE', { message: `Table ${name} was truncated at the source.`, where: { table: name } })
    context.logger.warn(
      { pipeline: context.pipeline, table: name },
      'a TRUNCATE is not written down (encode.truncate: skip)',
    )
    return []
  }
}

/** `changelog: none`: inserted rows. */
export function appendEncoder(writers: PlainWriters, truncated: OnTruncate): Encoder {
  const name = tableName(writers.table)
  return {
    encode(change) {
      if (change.kind === 'truncate') return truncated(change)
      if (change.kind !== 'insert')
        throw error('AVRO_CHANGE_NOT_HELD', {
          message: `Table ${name} has ${change.kind === 'update' ? 'an update' : 'a delete'}, and changelog: none writes inserted rows only.`,
          where: { table: name },
        })
      return [record(writers.key(change.after), writers.row(change.after, undefined))]
    },
  }
}

/** `changelog: upsert`: rows by key, and tombstones. A new key is a tombstone of the old one and a row. */
export function upsertEncoder(writers: PlainWriters, truncated: OnTruncate): Encoder {
  return { encode: (change) => (change.kind === 'truncate' ? truncated(change) : upsert(writers, change)) }
}

function upsert(writers: PlainWriters, change: RowChange): readonly EncodedRecord[] {
  if (change.kind === 'insert') return [record(writers.key(change.after), writers.row(change.after, undefined))]
  assertKey(writers.table, change.kind)
  if (change.kind === 'delete') return [record(writers.key(change.before), null)]
  const { before, after } = change
  const row = record(writers.key(after, before), writers.row(after, before))
  if (before === undefined || !writers.table.key.some((at) => after[at] !== undefined && after[at] !== before[at]))
    return [row]
  const old = writers.key(before, after)
  return Buffer.compare(old!, row.key as Uint8Array) === 0 ? [row] : [record(old, null), row]
}

/** The key of a record whose value another format writes: one record for each change of a row, without a value. */
export function keyEncoder(writers: PlainWriters): Encoder {
  return {
    encode(change: RowChange | Truncate) {
      if (change.kind === 'truncate' || writers.table.key.length === 0) return []
      if (change.kind === 'update') return [record(writers.key(change.after, change.before), null)]
      return [record(writers.key(change.kind === 'delete' ? change.before : change.after), null)]
    },
  }
}

export function assertKey(table: Table, what: string): void {
  if (table.key.length > 0) return
  throw error('AVRO_KEY_MISSING', {
    message: `Table ${tableName(table)} has no key, so its ${what}s cannot be written as rows and tombstones.`,
    where: { table: tableName(table) },
  })
}

export const record = (key: Uint8Array | null, value: Uint8Array | null): EncodedRecord => ({
  key,
  value,
  destination: 'table',
})
