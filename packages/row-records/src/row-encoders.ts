import {
  type CdcError,
  type EncodedRecord,
  type Encoder,
  type ErrorDetails,
  type Row,
  type RowChange,
  type Table,
  type Truncate,
  tableName,
} from '@cdc/core'

type Bytes = Uint8Array | string

/** Writers of a table's rows and keys. */
export interface RowWriters {
  readonly table: Table
  /** Cells that were not sent are taken from `old`. */
  row(row: Row, old?: Row): Bytes
  /** null: the table has no key, or none is wanted. */
  key(row: Row, old?: Row): Bytes | null
}

/** Makes the format's own errors: of a change that rows alone cannot tell, of a missing key, of a TRUNCATE. */
export type RowFaults = (what: 'change' | 'key' | 'truncate', details: ErrorDetails) => CdcError

/** What a TRUNCATE becomes. */
export type OnTruncate = (change: Truncate) => readonly EncodedRecord[]

/** Inserted rows and nothing else. */
export function appendEncoder(writers: RowWriters, onTruncate: OnTruncate, faults: RowFaults): Encoder {
  const table = tableName(writers.table)
  return {
    encode(change) {
      if (change.kind === 'truncate') return onTruncate(change)
      if (change.kind === 'insert') return [record(writers.key(change.after), writers.row(change.after))]
      throw faults('change', {
        message: `Table ${table} has ${change.kind === 'update' ? 'an update' : 'a delete'}, and changelog: none writes inserted rows only.`,
        where: { table },
      })
    },
  }
}

/** Rows by key, and tombstones. A new key is a tombstone of the old one and a row. */
export function upsertEncoder(writers: RowWriters, onTruncate: OnTruncate, faults: RowFaults): Encoder {
  return {
    encode: (change) => (change.kind === 'truncate' ? onTruncate(change) : upsert(writers, change, faults)),
  }
}

function upsert(writers: RowWriters, change: RowChange, faults: RowFaults): readonly EncodedRecord[] {
  if (change.kind === 'insert') return [record(writers.key(change.after), writers.row(change.after))]
  const { table } = writers
  if (table.key.length === 0)
    throw faults('key', {
      message: `Table ${tableName(table)} has no key, so its ${change.kind}s cannot be written as rows and tombstones.`,
      where: { table: tableName(table) },
    })
  if (change.kind === 'delete') return [record(writers.key(change.before), null)]
  const { before, after } = change
  const row = record(writers.key(after, before), writers.row(after, before))
  if (before === undefined || table.key.every((at) => after[at] === undefined || after[at] === before[at])) return [row]
  const old = writers.key(before, after)
  return Buffer.compare(Buffer.from(old!), Buffer.from(row.key!)) === 0 ? [row] : [record(old, null), row]
}

/** The key of a record whose value another format writes: one record for each change of a row, without a value. */
export function keyEncoder(writers: RowWriters): Encoder {
  return {
    encode(change) {
      if (change.kind === 'truncate' || writers.table.key.length === 0) return []
      if (change.kind === 'update') return [record(writers.key(change.after, change.before), null)]
      return [record(writers.key(change.kind === 'delete' ? change.before : change.after), null)]
    },
  }
}

export const record = (key: Bytes | null, value: Bytes | null): EncodedRecord => ({ key, value, destination: 'table' })
