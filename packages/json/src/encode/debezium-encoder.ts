import type { EncodedRecord, Encoder, Row, Update } from '@cdc/core'
import { error } from '../errors.ts'
import { record, type TableWriters } from './table-writers.ts'

/**
 * Flink's debezium-json: `{"before":..,"after":..,"op":..}` and nothing else. An update is one `u`, or with `split` the
 * `d` and `c` that Flink writes. An update that moves its row to another key is always split, so that each record is
 * with its key.
 */
export function debeziumEncoder(writers: TableWriters, split: boolean): Encoder {
  return {
    encode(change) {
      switch (change.kind) {
        case 'insert':
          return [created(writers, change.after)]
        case 'update':
          return updated(writers, change, split)
        case 'delete':
          return [deleted(writers, change.before)]
        case 'truncate':
          return writers.truncate(change)
      }
    },
  }
}

function created(writers: TableWriters, after: Row, before?: Row): EncodedRecord {
  const text = `{"before":null,"after":${writers.row(after, before, true)},"op":"c"}`
  return record(writers.key(after, before), text)
}

function deleted(writers: TableWriters, before: Row, after?: Row): EncodedRecord {
  return record(writers.key(before, after), `{"before":${writers.oldRow(before)},"after":null,"op":"d"}`)
}

function updated(writers: TableWriters, { before, after }: Update, split: boolean): readonly EncodedRecord[] {
  if (before === undefined)
    throw error('JSON_OLD_ROW_MISSING', {
      message: `An update of ${writers.name} came without its old row, which the debezium shape needs.`,
      hint: `ALTER TABLE ${writers.name} REPLICA IDENTITY FULL; or changelog: upsert, which needs no old rows.`,
      where: { table: writers.name },
    })
  if (split || writers.movesKey(before, after))
    return [deleted(writers, before, after), created(writers, after, before)]
  const text = `{"before":${writers.oldRow(before)},"after":${writers.row(after, before, false)},"op":"u"}`
  return [record(writers.key(after, before), text)]
}
