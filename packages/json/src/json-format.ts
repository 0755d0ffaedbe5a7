import { type Decoder, type Encoder, type Format, type FormatContext, type Table, tableName } from '@cdc/core'
import { debeziumDecoder } from './decode/debezium-decoder.ts'
import { appendDecoder, keyDecoder, upsertDecoder } from './decode/plain-decoders.ts'
import { RowReader, type RowRules } from './decode/row-reader.ts'
import { guarded, Tolerance } from './decode/tolerance.ts'
import { debeziumEncoder } from './encode/debezium-encoder.ts'
import { appendEncoder, keyEncoder, upsertEncoder } from './encode/plain-encoders.ts'
import { TableWriters } from './encode/table-writers.ts'
import { error } from './errors.ts'
import type { JsonValues } from './options.ts'

/** `json` in one role, with its options. */
export class JsonFormat implements Format {
  readonly #values: JsonValues
  readonly #context: FormatContext
  readonly #tolerance: Tolerance | undefined

  constructor(values: JsonValues, context: FormatContext) {
    this.#values = values
    this.#context = context
    if (values['ignore-parse-errors']) this.#tolerance = new Tolerance(context)
  }

  async encoder(table: Table): Promise<Encoder> {
    if (this.#values['schema-include'])
      throw error('JSON_SCHEMA_ENCODE', {
        message: "Debezium JSON serialization doesn't support 'schema-include' option been set to true.",
        where: { table: tableName(table), option: 'schema-include' },
      })
    const writers = new TableWriters(table, this.#values, this.#context)
    if (this.#context.role === 'key') return keyEncoder(writers)
    switch (this.#values.changelog) {
      case 'none':
        return appendEncoder(writers)
      case 'upsert':
        return upsertEncoder(writers)
      case 'debezium':
        return debeziumEncoder(writers, this.#values['encode.split-updates'])
    }
  }

  async decoder(table?: Table): Promise<Decoder> {
    if (table === undefined)
      throw error('JSON_TYPES_UNKNOWN', {
        message: 'The format json does not know the columns of the rows that it is to read.',
      })
    return guarded(table, this.#decoderOf(table), this.#tolerance)
  }

  async close(): Promise<void> {
    this.#tolerance?.close()
  }

  #decoderOf(table: Table): Decoder {
    const { changelog } = this.#values
    const all = table.columns.map((_, index) => index)
    const rows = new RowReader(table, all, this.#values)
    const keys = keyDecoder(table, new RowReader(table, table.key, this.#values))
    if (this.#context.role === 'key') return keys
    const rules = this.#rules(table)
    if (changelog === 'none') return appendDecoder(table, rows, rules)
    if (changelog === 'upsert') return upsertDecoder(table, rows, keys, rules)
    return debeziumDecoder(table, rows, rules, this.#values['schema-include'])
  }

  #rules(table: Table): RowRules {
    const { changelog } = this.#values
    // inserted rows have every cell; elsewhere a cell that is not there was not sent, unless nulls are left out
    const missing = changelog === 'none' || this.#values['encode.ignore-null-fields'] ? null : undefined
    const tolerance = this.#tolerance
    if (tolerance === undefined || changelog === 'debezium') return { missing }
    return { missing, faulty: (column) => tolerance.count('fields', table, { column }) }
  }
}
