import type { Change, Decoder, Origin, Row, Table } from '@cdc/core'
import { type JsonValue, RecordDecoder, type Settings } from '@cdc/debezium-json/envelope'
import { nowhere } from '@cdc/row-records'
import { error } from '../errors.ts'
import { withNull } from '../plain/cell-codec.ts'
import type { RecordReaders } from '../plain/shapes.ts'
import type { WriterSchemas } from '../registry/writer-schemas.ts'
import type { AvroType } from '../schema/avro-type.ts'
import type { ParsedSchema } from '../schema/parsed-schema.ts'
import { type ConnectReader, connectReader, jsonText } from './connect-reader.ts'

/** Flink's shape: rows of its types, and nothing of a source. */
interface FlinkReader {
  readonly before: ParsedSchema
  readonly after: ParsedSchema
}

type EnvelopeReader = { readonly connect: ConnectReader } | { readonly flink: FlinkReader }

export interface EnvelopeDecoding {
  readonly settings: Settings
  readonly written: WriterSchemas
  readonly table: Table | undefined
  /** Of Flink's shape, which needs the table. */
  readonly rows: RecordReaders | undefined
}

/** Reads change events of both shapes: which one it is, the schema of each record tells. */
export class EnvelopeDecoder implements Decoder {
  readonly #decoding: EnvelopeDecoding
  readonly #records: RecordDecoder
  readonly #readers = new Map<number, EnvelopeReader>()
  readonly #origin: Origin | undefined

  constructor(decoding: EnvelopeDecoding) {
    this.#decoding = decoding
    this.#records = new RecordDecoder(decoding.settings, decoding.table)
    this.#origin = decoding.table === undefined ? undefined : nowhere(decoding.table, 'debezium-avro-confluent')
  }

  prepare(key: Uint8Array | null, value: Uint8Array | null): Promise<void> | undefined {
    return this.#decoding.written.prepare(key, value)
  }

  decode(key: Uint8Array | null, value: Uint8Array | null): readonly Change[] {
    if (value === null) return this.#records.decodeParsed(this.#keyText(key), undefined)
    const { id, schema, body } = this.#decoding.written.open(value, 'value')
    const reader = this.#readerOf(id, schema)
    const event = schema.read(body, 'value')
    if ('flink' in reader) return this.#flinkEvent(event, reader.flink)
    const { connect } = reader
    return this.#records.decodeParsed(this.#keyText(key), {
      payload: connect.json(event),
      schema: undefined,
      connect: connect.schema,
    })
  }

  #keyText(key: Uint8Array | null): string | undefined {
    if (key === null || key.length === 0) return undefined
    const { id, schema, body } = this.#decoding.written.open(key, 'key')
    const value = schema.read(body, 'key')
    const reader = this.#readerOf(id, schema)
    const json: JsonValue = 'connect' in reader ? reader.connect.json(value) : null
    return jsonText(json)
  }

  #readerOf(id: number, schema: ParsedSchema): EnvelopeReader {
    const known = this.#readers.get(id)
    if (known !== undefined) return known
    const made = readerFor(schema)
    this.#readers.set(id, made)
    return made
  }

  #flinkEvent(event: unknown, { before, after }: FlinkReader): readonly Change[] {
    const { rows, table } = this.#decoding
    if (rows === undefined || table === undefined)
      throw error('AVRO_TYPES_UNKNOWN', {
        message: "Events in Flink's shape do not tell which table they are of, and nothing else does.",
      })
    if (event === null) return []
    const { op, ...event_ } = event as { readonly op: unknown; readonly before: unknown; readonly after: unknown }
    const row = (schema: ParsedSchema, value: unknown): Row | undefined =>
      value === null || value === undefined ? undefined : rows.read(schema, value)
    return flinkChange(table, op, row(before, event_.before), row(after, event_.after), this.#origin!)
  }
}

function readerFor(schema: ParsedSchema): EnvelopeReader {
  const record = withNull(schema.type)?.type ?? schema.type
  const fieldOf = (name: string) => record.fields?.find((one) => one.name === name)?.type
  const [before, after, op] = [fieldOf('before'), fieldOf('after'), fieldOf('op')]
  if (before !== undefined && after !== undefined && op !== undefined && fieldOf('source') === undefined)
    return { flink: { before: rowSchema(schema, before), after: rowSchema(schema, after) } }
  try {
    return { connect: connectReader(schema.type) }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : ''
    throw error('AVRO_ENVELOPE', { message: `The schema of a record is none of a change event: it has ${why}.`, cause })
  }
}

/** The schema of the rows inside an event's. */
function rowSchema(schema: ParsedSchema, field: AvroType): ParsedSchema {
  return { ...schema, type: withNull(field)?.type ?? field }
}

function flinkChange(
  table: Table,
  op: unknown,
  before: Row | undefined,
  after: Row | undefined,
  origin: Origin,
): readonly Change[] {
  switch (op) {
    case 'c':
    case 'r':
      return [{ kind: 'insert', table, after: after ?? noRow('after', 'a new'), origin }]
    case 'u':
      return [
        {
          kind: 'update',
          table,
          before: before ?? noOldRow('UPDATE'),
          after: after ?? noRow('after', 'an updated'),
          origin,
        },
      ]
    case 'd':
      return [{ kind: 'delete', table, before: before ?? noOldRow('DELETE'), origin }]
    default:
      throw error('AVRO_ENVELOPE', {
        message: `Can't deserialize Debezium Avro message: Unknown "op" value${typeof op === 'string' && /^[a-z]$/.test(op) ? ` "${op}"` : ''}.`,
      })
  }
}

function noRow(field: string, what: string): never {
  throw error('AVRO_ENVELOPE', {
    message: `Can't deserialize Debezium Avro message: the field "${field}" of ${what} row is null.`,
  })
}

function noOldRow(what: 'UPDATE' | 'DELETE'): never {
  throw error('AVRO_OLD_ROW_MISSING', {
    message: `The "before" field of ${what} message is null, if you are using Debezium Postgres Connector, please check the Postgres table has been set REPLICA IDENTITY to FULL level.`,
  })
}
