import type { Decoder, Encoder, Format, FormatContext, Row, Table } from '@cdc/core'
import { appendEncoder, keyEncoder, type RowWriters, rowDecoder, truncated, upsertEncoder } from '@cdc/row-records'
import { error } from '../errors.ts'
import type { ParsedSchema } from '../schema/parsed-schema.ts'
import { AvroWriter } from '../wire/avro-writer.ts'
import { jsonEncoded, readJsonEncoded } from './json-encoding.ts'
import type { AvroValues, SharedValues } from './plain-options.ts'
import { rowFaults } from './row-faults.ts'
import { derivedSchema, FramedWriter, RecordReaders, shapeOf } from './shapes.ts'

const nothing = new Uint8Array(0)

/** `avro` in one role: records of the schema that Flink derives, and nothing before them. */
export class AvroFormat implements Format {
  readonly #values: AvroValues
  readonly #context: FormatContext

  constructor(values: AvroValues, context: FormatContext) {
    this.#values = values
    this.#context = context
  }

  async encoder(table: Table): Promise<Encoder> {
    const { key, value } = this.#schemas(table)
    const writer = new AvroWriter()
    const rows = new FramedWriter(writer, nothing, value, shapeOf(table, 'value', this.#values))
    const keys = new FramedWriter(writer, nothing, key, shapeOf(table, 'key', this.#values))
    const out = (schema: ParsedSchema, bytes: Uint8Array) =>
      this.#values.encoding === 'binary' ? bytes : jsonEncoded(schema, bytes)
    const writers: RowWriters = {
      table,
      row: (row, old) => out(value, rows.write(row, old)),
      key: (row, old) => (table.key.length === 0 ? null : out(key, keys.write(row, old))),
    }
    return encoderOf(writers, this.#values, this.#context)
  }

  async decoder(table?: Table): Promise<Decoder> {
    const known = knownTable(table)
    const { key, value } = this.#schemas(known)
    const { changelog, encoding } = this.#values
    const rows = new RecordReaders(shapeOf(known, 'value', this.#values), null)
    const keys = new RecordReaders(shapeOf(known, 'key', this.#values), undefined)
    const read = (schema: ParsedSchema, bytes: Uint8Array, part: 'key' | 'value') =>
      encoding === 'binary' ? schema.read(bytes, part) : readJsonEncoded(schema, bytes, part)
    const readers = {
      table: known,
      connector: 'avro',
      row: (bytes: Uint8Array): Row => rows.read(value, read(value, bytes, 'value')),
      key: (bytes: Uint8Array): Row => keys.read(key, read(key, bytes, 'key')),
    }
    return rowDecoder(readers, { changelog, role: this.#context.role }, rowFaults)
  }

  #schemas(table: Table): { readonly key: ParsedSchema; readonly value: ParsedSchema } {
    return {
      key: derivedSchema(shapeOf(table, 'key', this.#values), this.#values),
      value: derivedSchema(shapeOf(table, 'value', this.#values), this.#values),
    }
  }
}

/** The encoder of a role and changelog. */
export function encoderOf(writers: RowWriters, values: SharedValues, context: FormatContext): Encoder {
  if (context.role === 'key') return keyEncoder(writers)
  const onTruncate = truncated(values['encode.truncate'], context, rowFaults)
  return values.changelog === 'none'
    ? appendEncoder(writers, onTruncate, rowFaults)
    : upsertEncoder(writers, onTruncate, rowFaults)
}

export function knownTable(table: Table | undefined): Table {
  if (table !== undefined) return table
  throw error('AVRO_TYPES_UNKNOWN', {
    message: 'The format avro does not know the columns of the rows that it is to read.',
  })
}
