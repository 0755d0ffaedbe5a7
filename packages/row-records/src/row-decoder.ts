import type { Change, Decoder, Origin, Row, Table } from '@cdc/core'
import type { RowFaults } from './row-encoders.ts'

/** The place of changes that a record does not tell: whoever reads the records knows better. */
export const nowhere = (table: Table, connector: string): Origin => ({
  transaction: { connector, database: table.database ?? '', commitTime: 0n, commit: 0n },
  offset: 0n,
  order: 0,
})

/** Readers of keys and values. */
export interface RowReaders {
  readonly table: Table
  /** Named in the origin of changes. */
  readonly connector: string
  readonly prepare?: Decoder['prepare']
  /** undefined: it is to be left out. */
  row(value: Uint8Array): Row | undefined
  /** The key's cells; all others undefined. */
  key(key: Uint8Array): Row
}

/** Each value is a row: an inserted one, or how the row of its key looks now. No value means that the row is gone. */
export function rowDecoder(
  readers: RowReaders,
  { changelog, role }: { readonly changelog: 'none' | 'upsert'; readonly role: 'key' | 'value' },
  faults: RowFaults,
): Decoder {
  const { table, prepare } = readers
  const origin = nowhere(table, readers.connector)
  const kind = changelog === 'upsert' && table.key.length > 0 ? 'update' : 'insert'
  const gone = (key: Uint8Array | null): readonly Change[] => {
    if (key === null || table.key.length === 0)
      throw faults('key', { message: 'A record without a value has no key, or its table has none.' })
    return [{ kind: 'delete', table, before: readers.key(key), origin }]
  }
  return {
    ...(prepare === undefined ? {} : { prepare }),
    decode(key, value) {
      if (role === 'key') return gone(key)
      if (value === null) return changelog === 'upsert' ? gone(key) : []
      const after = readers.row(value)
      return after === undefined ? [] : [{ kind, table, after, origin }]
    },
  }
}
