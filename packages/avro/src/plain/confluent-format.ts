import { type Decoder, type Encoder, type Format, type FormatContext, type Row, type Table, tableName } from '@cdc/core'
import { type RowWriters, rowDecoder } from '@cdc/row-records'
import { error } from '../errors.ts'
import { RegistryClient } from '../registry/registry-client.ts'
import { registrySettings } from '../registry/registry-options.ts'
import { SubjectNames } from '../registry/subject-names.ts'
import { WriterSchemas } from '../registry/writer-schemas.ts'
import { type ParsedSchema, parseAvroSchema } from '../schema/parsed-schema.ts'
import { AvroWriter } from '../wire/avro-writer.ts'
import { frameOf } from '../wire/frame.ts'
import { encoderOf, knownTable } from './avro-format.ts'
import type { AvroConfluentValues } from './plain-options.ts'
import { rowFaults } from './row-faults.ts'
import { derivedSchema, FramedWriter, RecordReaders, shapeOf } from './shapes.ts'

/** `avro-confluent` in one role: records with the id of their schema before them. */
export class AvroConfluentFormat implements Format {
  readonly #values: AvroConfluentValues
  readonly #context: FormatContext
  readonly #client: RegistryClient
  readonly #subjects: SubjectNames
  readonly #written: WriterSchemas

  constructor(values: AvroConfluentValues, context: FormatContext) {
    this.#values = values
    this.#context = context
    this.#client = new RegistryClient(registrySettings(values))
    const topic = (of: Table | string) => (typeof of === 'string' ? of : tableName(of))
    this.#subjects = new SubjectNames(this.#client, values, context, topic)
    this.#written = new WriterSchemas(this.#client)
  }

  async encoder(table: Table): Promise<Encoder> {
    const { role, keysApart } = this.#context
    const { changelog } = this.#values
    const writer = new AvroWriter()
    const rows = role === 'value' ? await this.#framed(writer, table, 'value') : undefined
    const keyed = table.key.length > 0 && (role === 'key' || (changelog === 'upsert' && keysApart !== true))
    const keys = keyed ? await this.#framed(writer, table, 'key') : undefined
    const bare = keysApart === true && table.key.length > 0 ? this.#bare(writer, table) : undefined
    const keyWriter = keys ?? bare
    const writers: RowWriters = {
      table,
      row: (row, old) => rows!.write(row, old),
      key: (row, old) => keyWriter?.write(row, old) ?? null,
    }
    return encoderOf(writers, this.#values, this.#context)
  }

  async decoder(table?: Table): Promise<Decoder> {
    const known = knownTable(table)
    const rows = new RecordReaders(shapeOf(known, 'value', this.#values), null)
    const keys = new RecordReaders(shapeOf(known, 'key', this.#values), undefined)
    const read = (readers: RecordReaders, bytes: Uint8Array, part: 'key' | 'value'): Row => {
      const { schema, body } = this.#written.open(bytes, part)
      return readers.read(schema, schema.read(body, part))
    }
    const readers = {
      table: known,
      connector: 'avro-confluent',
      prepare: (key: Uint8Array | null, value: Uint8Array | null) => this.#written.prepare(key, value),
      row: (bytes: Uint8Array) => read(rows, bytes, 'value'),
      key: (bytes: Uint8Array) => read(keys, bytes, 'key'),
    }
    return rowDecoder(readers, { changelog: this.#values.changelog, role: this.#context.role }, rowFaults)
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  /** Registers the schema, before any record is written. */
  async #framed(writer: AvroWriter, table: Table, part: 'key' | 'value'): Promise<FramedWriter> {
    const shape = shapeOf(table, part, this.#values)
    const own = part === this.#context.role ? this.#values.schema : undefined
    const wanted = own === undefined ? derivedSchema(shape, this.#values) : explicitSchema(own)
    // what the table has and the schema cannot hold is told before anything is registered
    new FramedWriter(writer, new Uint8Array(0), wanted, shape)
    const found = await this.#subjects.registered(table, part, wanted.text, wanted.type.name!)
    const schema =
      found.schema === wanted.text ? wanted : parseAvroSchema(found.schema, `The latest schema of ${tableName(table)}`)
    return new FramedWriter(writer, frameOf(found.id), schema, shape)
  }

  /** Keys that nobody will see: another format writes them. */
  #bare(writer: AvroWriter, table: Table): FramedWriter {
    const shape = shapeOf(table, 'key', this.#values)
    return new FramedWriter(writer, new Uint8Array(0), derivedSchema(shape, this.#values), shape)
  }
}

/** The option `schema`. */
export function explicitSchema(text: string): ParsedSchema {
  const schema = parseAvroSchema(text, "The value of option 'schema'")
  if (schema.type.kind === 'record') return schema
  throw error('AVRO_SCHEMA', {
    message: "The value of option 'schema' is no schema of a record.",
    where: { option: 'schema' },
  })
}
