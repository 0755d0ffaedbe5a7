import type { EncodedRecord, Encoder, RowChange, Truncate } from '@cdc/core'
import { error } from '../errors.ts'
import { record, type TableWriters } from './table-writers.ts'

/** `changelog: none`: inserted rows. */
export function appendEncoder(writers: TableWriters): Encoder {
  return {
    encode(change) {
      if (change.kind === 'truncate') return writers.truncate(change)
      if (change.kind !== 'insert')
        throw error('JSON_CHANGE_NOT_HELD', {
          message: `Table ${writers.name} has ${change.kind === 'update' ? 'an update' : 'a delete'}, and changelog: none writes inserted rows only.`,
          where: { table: writers.name },
        })
      return [record(writers.key(change.after), writers.row(change.after, undefined, true))]
    },
  }
}

/** `changelog: upsert`: rows by key, and tombstones. A new key is a tombstone of the old one and a row. */
export function upsertEncoder(writers: TableWriters): Encoder {
  return { encode: (change) => (change.kind === 'truncate' ? writers.truncate(change) : upsert(writers, change)) }
}

function upsert(writers: TableWriters, change: RowChange): readonly EncodedRecord[] {
  if (change.kind === 'insert') return [record(writers.key(change.after), writers.row(change.after, undefined, true))]
  if (!writers.keyed)
    throw error('JSON_KEY_MISSING', {
      message: `Table ${writers.name} has no key, so its ${change.kind}s cannot be written as rows and tombstones.`,
      where: { table: writers.name },
    })
  if (change.kind === 'delete') return [record(writers.key(change.before), null)]
  const { before, after } = change
  const moved = writers.movesKey(before, after)
  const row = record(writers.key(after, before), writers.row(after, before, moved))
  return moved ? [record(writers.key(before, after), null), row] : [row]
}

/** The key of a record whose value another format writes: one record for each change of a row, without a value. */
export function keyEncoder(writers: TableWriters): Encoder {
  return {
    encode(change: RowChange | Truncate) {
      if (change.kind === 'truncate' || !writers.keyed) return []
      if (change.kind === 'update') return [record(writers.key(change.after, change.before), null)]
      return [record(writers.key(change.kind === 'delete' ? change.before : change.after), null)]
    },
  }
}
