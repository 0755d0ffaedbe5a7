import type { Row, Table } from '@cdc/core'
import { adjustedFieldName } from '@cdc/debezium-json/envelope'
import { type ParsedSchema, parseAvroSchema } from '../schema/parsed-schema.ts'
import type { AvroWriter } from '../wire/avro-writer.ts'
import { derivedFields, recordSchema } from './derive-schema.ts'
import type { SharedValues } from './plain-options.ts'
import { RecordReader, type RecordShape, RecordWriter } from './record-codec.ts'

/** All columns of a table, or those of its key. */
export function shapeOf(table: Table, part: 'key' | 'value', values: SharedValues): RecordShape {
  const mode = values['field.name.adjustment.mode']
  return {
    table,
    positions: part === 'key' ? table.key : table.columns.map((_, position) => position),
    fieldName: (column) => adjustedFieldName(column, mode),
  }
}

/** The schema that Flink would derive. */
export function derivedSchema({ table, positions, fieldName }: RecordShape, values: SharedValues): ParsedSchema {
  const fields = derivedFields(table, positions, { legacy: values['timestamp_mapping.legacy'], fieldName })
  return parseAvroSchema(recordSchema(fields), 'The derived schema')
}

/** Rows as records with something before them. */
export class FramedWriter {
  readonly #writer: AvroWriter
  readonly #frame: Uint8Array
  readonly #record: RecordWriter

  constructor(writer: AvroWriter, frame: Uint8Array, schema: ParsedSchema, shape: RecordShape) {
    this.#writer = writer
    this.#frame = frame
    this.#record = new RecordWriter(schema.type, shape)
  }

  write(row: Row, old?: Row): Uint8Array {
    this.#writer.begin()
    this.#writer.raw(this.#frame)
    this.#record.write(this.#writer, row, old)
    return this.#writer.end()
  }
}

/** Readers of records, by the schema that wrote them. */
export class RecordReaders {
  readonly #shape: RecordShape
  readonly #absent: null | undefined
  readonly #readers = new Map<ParsedSchema, RecordReader>()

  constructor(shape: RecordShape, absent: null | undefined) {
    this.#shape = shape
    this.#absent = absent
  }

  read(schema: ParsedSchema, value: unknown): Row {
    let reader = this.#readers.get(schema)
    if (reader === undefined) {
      reader = new RecordReader(schema.type, this.#shape, this.#absent)
      this.#readers.set(schema, reader)
    }
    return reader.read(value)
  }
}
