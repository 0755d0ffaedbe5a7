import { type Change, type Decoder, type Origin, type Row, type Table, tableName } from '@cdc/core'
import type { ConnectSchema } from '../encode/connect-schema.ts'
import { error } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { JsonNumber, type JsonObject, type JsonValue, parseJson, textOf } from './json-value.ts'
import { OriginReader } from './read-origin.ts'
import { readSchema } from './read-schema.ts'
import { RowReader, tableOf } from './row-reader.ts'
import { BadValue, bytes } from './scalar-readers.ts'

/** A key or value apart from its schema. */
export interface Part {
  readonly payload: JsonValue
  /** The schema's own text, where there is one. */
  readonly schema: JsonValue | undefined
  /** The schema itself, from another converter: the same object for the same schema. */
  readonly connect?: ConnectSchema
}

const empty: Part = { payload: null, schema: undefined }

/**
 * Reads Debezium's records, with or without schemas. Types come from the table that is given, else from the schemas;
 * then each new shape gives a `schema` change first. Keys are read where a value does not tell enough.
 */
export class RecordDecoder implements Decoder {
  readonly #settings: Settings
  readonly #table: Table | undefined
  readonly #origins = new OriginReader()
  /** By the texts of their schemas; one by '' where there are none. */
  readonly #readers = new Map<string, RowReader>()
  /** The last shape of each table that was read from schemas. */
  readonly #shapes = new Map<string, Table>()
  readonly #byConnect = new WeakMap<ConnectSchema, { readonly name: string; readonly reader: RowReader }>()
  #last: RowReader | undefined
  /** The key of the last delete: its tombstone says nothing new. */
  #deleted: string | undefined

  constructor(settings: Settings, table: Table | undefined) {
    this.#settings = settings
    this.#table = table
  }

  decode(key: Uint8Array | null, value: Uint8Array | null): readonly Change[] {
    const keyText = key === null || key.length === 0 ? undefined : textOf(key, 'key')
    if (value === null) return this.#tombstone(keyText)
    return this.#part(keyText, partOf(parseJson(textOf(value, 'value'), 'value')))
  }

  /**
   * The same for records that another converter has read: what Kafka's JsonConverter would have made of them. `key` is
   * its text, with or without its schema.
   */
  decodeParsed(key: string | undefined, value: Part | undefined): readonly Change[] {
    return value === undefined ? this.#tombstone(key) : this.#part(key, value)
  }

  #part(keyText: string | undefined, part: Part): readonly Change[] {
    const { payload } = part
    if (!(payload instanceof Map)) throw notDebezium('it is no object')
    const changes = this.#changes(payload, part, keyText)
    this.#deleted = changes.at(-1)?.kind === 'delete' ? keyText : undefined
    return changes
  }

  #changes(payload: JsonObject, part: Part, keyText: string | undefined): readonly Change[] {
    const op = payload.get('op')
    if (op === 'm' && payload.has('message')) return [this.#message(payload)]
    // transactions and heartbeats tell nothing of rows
    if (payload.has('status') && payload.has('event_count')) return []
    if (payload.size === 1 && payload.get('ts_ms') instanceof JsonNumber && this.#table === undefined) return []
    if (this.#settings.unwrap !== undefined) return this.#unwrapped(payload, part, keyText)
    const source = payload.get('source')
    if (typeof op !== 'string') throw notDebezium("it has no 'op'")
    if (!(source instanceof Map))
      throw notDebezium("it has no 'source' (Flink's shape is format json, changelog: debezium)")
    return this.#event(op, payload, source, part, keyText)
  }

  #event(
    op: string,
    payload: JsonObject,
    source: JsonObject,
    part: Part,
    keyText: string | undefined,
  ): readonly Change[] {
    const { reader, announced } = this.#readerOf(part, source, keyText)
    const { table } = reader
    const origin = this.#origins.read(source)
    const [before, after] = [payload.get('before'), payload.get('after')]
    const schema: Change[] = announced === undefined ? [] : [{ ...announced, origin }]
    if (op === 't') return [...schema, { kind: 'truncate', table, origin }]
    if (op === 'd') {
      const old = before instanceof Map ? reader.oldRow(before) : this.#keyRow(reader, keyText)
      if (old === undefined) throw notDebezium('a delete has neither an old row nor a key')
      return [...schema, { kind: 'delete', table, before: old, origin }]
    }
    if (!(after instanceof Map)) throw notDebezium(`an event with op '${op.slice(0, 8)}' has no new row`)
    if (op === 'c' || op === 'r') return [...schema, { kind: 'insert', table, after: reader.row(after), origin }]
    if (op !== 'u') throw notDebezium(`its op is '${op.slice(0, 8)}'`)
    const old = before instanceof Map ? { before: reader.oldRow(before) } : {}
    return [...schema, { kind: 'update', table, ...old, after: reader.row(after), origin }]
  }

  /** A row alone. What it was is told by `__deleted` and `__op`, where they were added; else it is an insert. */
  #unwrapped(payload: JsonObject, part: Part, keyText: string | undefined): readonly Change[] {
    const { reader, announced } = this.#readerOf(part, undefined, keyText)
    const { table } = reader
    const origin = this.#origins.read(undefined)
    const schema: Change[] = announced === undefined ? [] : [{ ...announced, origin }]
    if (payload.get('__deleted') === 'true')
      return [
        ...schema,
        { kind: 'delete', table, before: this.#keyRow(reader, keyText) ?? reader.oldRow(payload), origin },
      ]
    const after = reader.row(payload)
    if (payload.get('__op') === 'u') return [...schema, { kind: 'update', table, after, origin }]
    return [...schema, { kind: 'insert', table, after, origin }]
  }

  /** Nothing after the event of the delete itself; else (that event is gone, or was left out) a delete of its key. */
  #tombstone(keyText: string | undefined): readonly Change[] {
    const told = keyText !== undefined && keyText === this.#deleted
    this.#deleted = undefined
    const reader = this.#table === undefined ? this.#last : this.#tableReader(this.#table)
    if (keyText === undefined || told || reader === undefined) return []
    const before = this.#keyRow(reader, keyText)
    if (before === undefined) return []
    return [{ kind: 'delete', table: reader.table, before, origin: this.#origins.read(undefined) }]
  }

  #keyRow(reader: RowReader, keyText: string | undefined): Row | undefined {
    return keyText === undefined ? undefined : reader.keyRow(partOf(parseJson(keyText, 'key')).payload)
  }

  #tableReader(table: Table): RowReader {
    const found = this.#readers.get('')
    if (found !== undefined) return found
    const reader = new RowReader(table, undefined, this.#settings)
    this.#readers.set('', reader)
    return reader
  }

  #readerOf(part: Part, source: JsonObject | undefined, keyText: string | undefined) {
    if (part.connect !== undefined) return this.#connectReader(part.connect, source, keyText)
    const schema = readSchema(part.schema)
    const fields = schema === undefined ? undefined : rowFields(schema)
    if (fields === undefined) {
      if (this.#table === undefined)
        throw error('RECORD_TYPES_UNKNOWN', { message: 'A record has no schema, and its table is not known.' })
      return { reader: this.#tableReader(this.#table), announced: undefined }
    }
    return this.#schemaReader(fields, schema!, source, keyText)
  }

  /** What was read with this very schema of this very table is not compared again. */
  #connectReader(schema: ConnectSchema, source: JsonObject | undefined, keyText: string | undefined) {
    const name = `${String(source?.get('schema'))} ${String(source?.get('table'))} ${keyText === undefined}`
    const known = this.#byConnect.get(schema)
    if (known?.name === name) return { reader: known.reader, announced: undefined }
    const found = this.#schemaReader(rowFields(schema) ?? new Map(), schema, source, keyText)
    this.#byConnect.set(schema, { name, reader: found.reader })
    return found
  }

  #schemaReader(
    fields: ReadonlyMap<string, ConnectSchema>,
    schema: ConnectSchema,
    source: JsonObject | undefined,
    keyText: string | undefined,
  ): {
    readonly reader: RowReader
    readonly announced: Omit<Extract<Change, { kind: 'schema' }>, 'origin'> | undefined
  } {
    const names = tableNames(schema, source)
    const keys = keyText === undefined ? [] : keyFields(parseJson(keyText, 'key'))
    const id = JSON.stringify([names, keys, [...fields].map(([name, one]) => [name, one])])
    const known = this.#readers.get(id)
    const reader = known ?? new RowReader(this.#table ?? tableOf(names, fields, keys), fields, this.#settings)
    if (this.#readers.size > SHAPES) this.#readers.clear()
    this.#readers.set(id, reader)
    this.#last = reader
    const { table } = reader
    const previous = this.#shapes.get(tableName(table))
    if (this.#table !== undefined || previous === table) return { reader, announced: undefined }
    this.#shapes.set(tableName(table), table)
    return { reader, announced: { kind: 'schema', table, ...(previous === undefined ? {} : { previous }) } }
  }

  #message(payload: JsonObject): Change {
    const source = payload.get('source')
    const message = payload.get('message')
    const origin: Origin = this.#origins.read(source instanceof Map ? source : undefined)
    const parts: JsonObject = message instanceof Map ? message : new Map()
    const prefix = parts.get('prefix')
    const transactional = origin.transaction.id !== undefined
    const content = this.#content(parts.get('content'))
    return { kind: 'message', prefix: typeof prefix === 'string' ? prefix : '', content, transactional, origin }
  }

  #content(json: JsonValue | undefined): Uint8Array {
    const { binary } = this.#settings.value.modes
    if (binary === 'hex' && typeof json === 'string') return new Uint8Array(Buffer.from(json, 'hex'))
    try {
      const text =
        typeof json === 'string' && binary === 'base64-url-safe' ? json.replaceAll('-', '+').replaceAll('_', '/') : json
      return bytes(text ?? '')
    } catch (failure) {
      if (!(failure instanceof BadValue)) throw failure
      throw error('RECORD_VALUE', { message: `The content of a logical message is not ${failure.message}.` })
    }
  }
}

/** More shapes than a stream has at a time. */
const SHAPES = 1000

function partOf(json: JsonValue): Part {
  if (!(json instanceof Map)) return json === null ? empty : { payload: json, schema: undefined }
  const whole: JsonObject = json
  if (whole.size !== 2 || !whole.has('schema') || !whole.has('payload')) return { payload: json, schema: undefined }
  return { payload: whole.get('payload') ?? null, schema: whole.get('schema') }
}

/** The fields of the row: those of `after` in an envelope, else the struct's own. */
function rowFields(schema: ConnectSchema): ReadonlyMap<string, ConnectSchema> | undefined {
  const row = schema.fields?.find(({ name }) => name === 'after')?.schema ?? schema
  if (row.fields === undefined) return undefined
  return new Map(row.fields.filter(({ name }) => !name.startsWith('__')).map(({ name, schema: one }) => [name, one]))
}

function keyFields(json: JsonValue): readonly string[] {
  const { payload, schema } = partOf(json)
  const fields = readSchema(schema)?.fields
  if (fields !== undefined) return fields.map(({ name }) => name)
  return payload instanceof Map ? [...payload.keys()] : []
}

/** From `source`; without it from the schema's name, `prefix.schema.table.Value`. */
function tableNames(schema: ConnectSchema, source: JsonObject | undefined) {
  const text = (name: string) => {
    const value = source?.get(name)
    return typeof value === 'string' ? value : undefined
  }
  const parts = (schema.name ?? '').split('.')
  return {
    database: text('db') ?? '',
    schema: text('schema') ?? parts.at(-3) ?? '',
    name: text('table') ?? parts.at(-2) ?? '',
  }
}

function notDebezium(why: string) {
  return error('RECORD_NOT_DEBEZIUM', { message: `A record is none of Debezium's: ${why}.` })
}
