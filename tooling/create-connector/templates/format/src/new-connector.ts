import {
  type Change,
  type Decoder,
  defineFormat,
  type EncodedRecord,
  type Encoder,
  type Format,
  type Row,
  type RowChange,
  type Table,
  type Truncate,
} from '@cdc/core'
import { readRow, writeCell, writeRow } from './cells.ts'
import { error } from './errors.ts'
import { options } from './options.ts'
import { parse, type Written } from './record.ts'

/** FILL IN: one sentence for whoever looks for this format. */
export const newConnector = defineFormat({
  name: 'new-connector',
  description: 'Writes changes down as JSON.',
  options,
  // FILL IN: 'append' (inserts only), 'upsert' (changes by key) or 'retract' (with whole old rows); docs/01-changelog.md
  holds: () => 'retract',
  create: () => new JsonFormat(),
})

class JsonFormat implements Format {
  /** Called once a shape of a table; what it gives is called for every change, so work out here what can be. */
  async encoder(table: Table): Promise<Encoder> {
    return { encode: (change) => [encode(table, change)] }
  }

  async decoder(table?: Table): Promise<Decoder> {
    if (table !== undefined) return { decode: (_key, value) => decode(table, value) }
    const message = 'The format cannot tell what the rows look like.'
    throw error('NEW_CONNECTOR_SHAPE', { message })
  }
}

/** FILL IN: the record of a change. */
function encode(table: Table, change: RowChange | Truncate): EncodedRecord {
  const before = 'before' in change && change.before !== undefined ? { before: writeRow(table, change.before) } : {}
  const after = 'after' in change ? { after: writeRow(table, change.after) } : {}
  const written: Written = { kind: change.kind, ...before, ...after }
  return { key: keyOf(table, change), value: JSON.stringify(written), destination: 'table' }
}

/** Records of one row have one key, so that they stay in order; a table without a key has none. */
function keyOf(table: Table, change: RowChange | Truncate): string | null {
  if (change.kind === 'truncate' || table.key.length === 0) return null
  const row = change.kind === 'delete' ? change.before : change.after
  return JSON.stringify(table.key.map((index) => writeCell(row[index])))
}

/** FILL IN: the change of a record. One without a value is a tombstone, which says nothing here. */
function decode(table: Table, value: Uint8Array | null): Change[] {
  if (value === null) return []
  const { kind, before, after } = parse(value)
  const old: { before?: Row } = before === undefined ? {} : { before: readRow(table, before) }
  if (kind === 'truncate') return [{ kind, table, origin }]
  if (kind === 'insert' && after) return [{ kind, table, after: readRow(table, after), origin }]
  if (kind === 'update' && after) return [{ kind, table, ...old, after: readRow(table, after), origin }]
  if (kind === 'delete' && old.before) return [{ kind, table, before: old.before, origin }]
  const message = 'A record lacks the row that its kind needs.'
  throw error('NEW_CONNECTOR_RECORD', { message })
}

/** FILL IN: where a change came from, if records say so. */
const origin = {
  transaction: { connector: 'new-connector', database: '', commitTime: 0n, commit: 0n },
  offset: 0n,
  order: 0,
}
