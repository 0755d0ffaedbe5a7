import { type Logger, type Row, type Table, tableName } from '@cdc/core'
import {
  type ConnectSchema,
  type EventKeys,
  envelopeSchema,
  fieldPlans,
  keyChanged,
  messageKey,
  RowWriter,
  type Settings,
  structSchema,
} from '@cdc/debezium-json/envelope'
import type { AvroWriter } from '../wire/avro-writer.ts'
import { AvroRowWriter } from './avro-row-writer.ts'
import { SourceWriter } from './source-writer.ts'

/** What a table's records are made of: compiled once a shape of the table, before the registry gives ids. */
export class EnvelopeParts {
  readonly collection: string
  readonly source: SourceWriter
  readonly rows: AvroRowWriter
  readonly valueSchema: ConnectSchema
  /** undefined: the table has no message key. */
  readonly keySchema: ConnectSchema | undefined
  readonly #keyColumns: readonly number[]
  readonly #keys: AvroRowWriter
  readonly #keyTexts: RowWriter

  constructor(table: Table, settings: Settings, logger: Logger) {
    this.collection = tableName(table)
    this.source = new SourceWriter(settings, table.schema, table.name)
    const all = table.columns.map((_, position) => position)
    const plans = fieldPlans(table, all, settings.value, settings)
    this.rows = new AvroRowWriter(table, plans, settings.failure, logger)
    this.valueSchema = envelopeSchema(table, structSchema(table, 'Value', plans, settings), settings)
    this.#keyColumns = messageKey(table)
    const keyPlans = fieldPlans(table, this.#keyColumns, settings.key, settings)
    this.keySchema = this.#keyColumns.length === 0 ? undefined : structSchema(table, 'Key', keyPlans, settings)
    this.#keys = new AvroRowWriter(table, keyPlans, settings.failure, logger)
    this.#keyTexts = new RowWriter(table, keyPlans, settings.failure, logger)
  }

  /** Keys as records with this frame before them. */
  keys(writer: AvroWriter, frame: Uint8Array | undefined): EventKeys<Uint8Array> {
    const keyText = (row: Row) => (frame === undefined ? undefined : `${this.#keyTexts.openOld(row)}}`)
    return {
      keyText,
      keyOf: (row) => {
        if (frame === undefined) return undefined
        writer.begin()
        writer.raw(frame)
        this.#keys.writeOld(writer, row)
        return writer.end()
      },
      keyChanged: (before, after) => keyChanged(this.#keyColumns, before, after, { keyText }),
    }
  }
}
