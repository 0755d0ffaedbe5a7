import type { Change, Decoder, Origin, Row, Table } from '@cdc/core'
import { error } from '../errors.ts'

/** The place of changes that a record does not tell: whoever reads the records knows better. */
export const nowhere = (table: Table): Origin => ({
  transaction: { connector: 'avro', database: table.database ?? '', commitTime: 0n, commit: 0n },
  offset: 0n,
  order: 0,
})

/** Readers of keys and values. */
export interface PlainReaders {
  readonly table: Table
  readonly prepare?: Decoder['prepare']
  row(value: Uint8Array): Row
  /** The key's cells; all others undefined. */
  key(key: Uint8Array): Row
}

/** Each value is a row: an inserted one, or how the row of its key looks now. No value means that the row is gone. */
export function plainDecoder(readers: PlainReaders, changelog: 'none' | 'upsert', role: 'key' | 'value'): Decoder {
  const { table } = readers
  const origin = nowhere(table)
  const kind = changelog === 'upsert' && table.key.length > 0 ? 'update' : 'insert'
  const gone = (key: Uint8Array | null): readonly Change[] => {
    if (key === null || table.key.length === 0)
      throw error('AVRO_KEY_MISSING', { message: 'A record without a value has no key, or its table has none.' })
    return [{ kind: 'delete', table, before: readers.key(key), origin }]
  }
  return {
    ...(readers.prepare === undefined ? {} : { prepare: readers.prepare }),
    decode(key, value) {
      if (role === 'key') return gone(key)
      if (value !== null) return [{ kind, table, after: readers.row(value), origin }]
      return changelog === 'upsert' ? gone(key) : []
    },
  }
}
