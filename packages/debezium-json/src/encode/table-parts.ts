import { type Logger, type Row, type Table, tableName } from '@cdc/core'
import type { Settings } from '../settings.ts'
import { quoted } from '../text/json-text.ts'
import { type ConnectSchema, field, optional, required, schemaText } from './connect-schema.ts'
import type { EventKeys } from './events.ts'
import { RowWriter } from './row-writer.ts'
import { SourceBlock, sourceSchema } from './source-block.ts'
import { fieldPlans, messageKey, schemaName, structSchema } from './table-plan.ts'

/** What comes before and after a payload. */
export interface Wrapping {
  readonly open: string
  readonly close: string
}

const bare: Wrapping = { open: '', close: '' }

/** A converter's `{"schema":...,"payload":...}`, where schemas are wanted. */
export function wrapping(schema: ConnectSchema, schemas: boolean): Wrapping {
  return schemas ? { open: `{"schema":${schemaText(schema)},"payload":`, close: '}' } : bare
}

/** `event.block`, version 1. */
export const transactionSchema: ConnectSchema = {
  type: 'struct',
  fields: [
    field('id', required('string')),
    field('total_order', required('int64')),
    field('data_collection_order', required('int64')),
  ],
  optional: true,
  name: 'event.block',
  version: 1,
}

/** The schema of the envelope, version 2. */
export function envelopeSchema(table: Table, rowSchema: ConnectSchema, settings: Settings): ConnectSchema {
  const row: ConnectSchema = { ...rowSchema, optional: true }
  const long = optional('int64')
  return {
    type: 'struct',
    fields: [
      field('before', row),
      field('after', row),
      field('source', sourceSchema),
      field('transaction', transactionSchema),
      field('op', required('string')),
      field('ts_ms', long),
      field('ts_us', long),
      field('ts_ns', long),
    ],
    optional: false,
    name: schemaName(table, 'Envelope', settings),
    version: 2,
  }
}

/** What both shapes of a table's records are made of: compiled once a shape of the table. */
export class TableParts implements EventKeys<string> {
  readonly table: Table
  readonly collection: string
  readonly source: SourceBlock
  readonly rows: RowWriter
  readonly rowSchema: ConnectSchema
  /** Positions of the message key's columns. */
  readonly keyColumns: readonly number[]
  readonly #keys: RowWriter
  readonly #keyWrapping: Wrapping

  constructor(table: Table, settings: Settings, logger: Logger) {
    this.table = table
    this.collection = tableName(table)
    this.source = new SourceBlock(settings, table.schema, table.name)
    const all = table.columns.map((_, position) => position)
    const plans = fieldPlans(table, all, settings.value, settings)
    this.rows = new RowWriter(table, plans, settings.failure, logger)
    this.rowSchema = structSchema(table, 'Value', plans, settings)
    this.keyColumns = messageKey(table)
    const keyPlans = fieldPlans(table, this.keyColumns, settings.key, settings)
    this.#keys = new RowWriter(table, keyPlans, settings.failure, logger)
    this.#keyWrapping = wrapping(structSchema(table, 'Key', keyPlans, settings), settings.key.schemas)
  }

  envelopeSchema(settings: Settings): ConnectSchema {
    return envelopeSchema(this.table, this.rowSchema, settings)
  }

  /** The message key of a row without its schema; undefined: the table has none. */
  keyText(row: Row): string | undefined {
    return this.keyColumns.length === 0 ? undefined : `${this.#keys.openOld(row)}}`
  }

  keyOf(row: Row): string | undefined {
    return this.keyText(row)
  }

  /** The record's key. */
  wrapped(keyText: string | undefined): string | null {
    return keyText === undefined ? null : `${this.#keyWrapping.open}${keyText}${this.#keyWrapping.close}`
  }

  keyChanged(before: Row, after: Row): boolean {
    return keyChanged(this.keyColumns, before, after, this)
  }
}

/** Does the key of the new row differ from that of the old one, as far as the server has sent it? */
export function keyChanged(
  columns: readonly number[],
  before: Row,
  after: Row,
  keys: { keyText(row: Row): string | undefined },
): boolean {
  for (const position of columns) {
    const [old, now] = [before[position], after[position]]
    if (old === undefined || now === undefined || old === now) continue
    if (typeof old !== 'object' || keys.keyText(before) !== keys.keyText(after)) return true
  }
  return false
}

/** The headers `__debezium.context.*`, as a converter without schemas writes them. */
export function contextHeaders({ prefix, headers }: Settings, runId: string): Readonly<Record<string, string>> {
  if (!headers) return {}
  return {
    '__debezium.context.connectorLogicalName': quoted(prefix),
    '__debezium.context.taskId': '"0"',
    '__debezium.context.connectorName': '"postgresql"',
    '__debezium.context.runId': quoted(runId),
  }
}
