import { type ConnectField, type ConnectSchema, JsonNumber, type JsonValue } from '@cdc/debezium-json/envelope'
import type { AvroType } from '../schema/avro-type.ts'

/**
 * An Avro schema as Kafka Connect's (`AvroData.toConnectSchema`), and its values as what Kafka's JsonConverter would
 * have made of them. Null where a schema holds what Connect has no name for.
 */
export interface ConnectReader {
  readonly schema: ConnectSchema
  /** From a value as avsc gives it. */
  readonly json: (value: unknown) => JsonValue
}

/** Compiled once a schema. Throws where it names itself. */
export function connectReader(type: AvroType): ConnectReader {
  return new Compiler().reader(type)
}

const logical: Readonly<Record<string, string>> = {
  decimal: 'Decimal',
  date: 'Date',
  'time-millis': 'Time',
  'timestamp-millis': 'Timestamp',
}

class Compiler {
  readonly #open = new Set<AvroType>()

  reader(type: AvroType): ConnectReader {
    if (type.kind !== 'union') return this.#plain(type)
    const present = type.branches!.filter(({ kind }) => kind !== 'null')
    if (present.length !== 1) throw new Error('a union of several types')
    const { schema, json } = this.#plain(present[0]!)
    const optional = present.length < type.branches!.length
    return { schema: { ...schema, optional }, json: (value) => (value === null ? null : json(value)) }
  }

  #plain(type: AvroType): ConnectReader {
    if (this.#open.has(type)) throw new Error('a record within itself')
    this.#open.add(type)
    try {
      const { base, json } = this.#base(type)
      return { schema: { ...base, ...propertiesOf(type) }, json }
    } finally {
      this.#open.delete(type)
    }
  }

  #base(type: AvroType): { readonly base: ConnectSchema; readonly json: (value: unknown) => JsonValue } {
    switch (type.kind) {
      case 'record':
        return this.#record(type)
      case 'array':
        return this.#array(type)
      case 'map': {
        const values = this.reader(type.values!)
        const keys: ConnectSchema = { type: 'string', optional: false }
        const json = (value: unknown) =>
          new Map(Object.entries(value as object).map(([name, one]) => [name, values.json(one)]))
        return { base: { type: 'map', optional: false, keys, values: values.schema }, json }
      }
      default:
        return scalar(type)
    }
  }

  #record(type: AvroType) {
    const fields = type.fields!.map(({ name, type: one }) => ({ name, ...this.reader(one) }))
    const base: ConnectSchema = {
      type: 'struct',
      optional: false,
      fields: fields.map(({ name, schema }): ConnectField => ({ name, schema })),
      ...(type.name === undefined ? {} : { name: type.name }),
    }
    const json = (value: unknown): JsonValue => {
      const struct = new Map<string, JsonValue>()
      for (const { name, json: one } of fields) struct.set(name, one((value as Record<string, unknown>)[name]))
      return struct
    }
    return { base, json }
  }

  #array(type: AvroType) {
    const entry = type.items!
    if (entry.name === 'io.confluent.connect.avro.MapEntry') return this.#pairs(entry)
    const items = this.reader(entry)
    const base: ConnectSchema = { type: 'array', optional: false, items: items.schema }
    return { base, json: (value: unknown): JsonValue => (value as unknown[]).map((one) => items.json(one)) }
  }

  /** A map with other keys than texts. */
  #pairs(entry: AvroType) {
    const [keys, values] = entry.fields!.map(({ type }) => this.reader(type)) as [ConnectReader, ConnectReader]
    const base: ConnectSchema = { type: 'map', optional: false, keys: keys.schema, values: values.schema }
    const json = (value: unknown): JsonValue =>
      (value as { readonly key: unknown; readonly value: unknown }[]).map((pair) => [
        keys.json(pair.key),
        values.json(pair.value),
      ])
    return { base, json }
  }
}

const number = (value: unknown): JsonValue => new JsonNumber(String(value))

/** As the converter prints them: what JSON has no number for is a text. */
const double = (value: unknown): JsonValue =>
  Number.isFinite(value) ? new JsonNumber(Object.is(value, -0) ? '-0.0' : String(value)) : String(value)

function scalar({ kind, properties }: AvroType) {
  const base = (type: ConnectSchema['type']): ConnectSchema => ({ type, optional: false })
  switch (kind) {
    case 'boolean':
      return { base: base('boolean'), json: (value: unknown) => value as boolean }
    case 'int': {
      const narrow = properties['connect.type']
      return { base: base(narrow === 'int8' || narrow === 'int16' ? narrow : 'int32'), json: number }
    }
    case 'long':
      return { base: base('int64'), json: number }
    case 'float':
      return { base: base('float'), json: double }
    case 'double':
      return { base: base('double'), json: double }
    case 'bytes':
    case 'fixed':
      return { base: base('bytes'), json: (value: unknown) => Buffer.from(value as Uint8Array).toString('base64') }
    case 'string':
    case 'enum':
      return { base: base('string'), json: (value: unknown) => value as string }
    default:
      throw new Error(`the type ${kind}`)
  }
}

/** What Connect keeps beside the type. */
function propertiesOf({ properties, kind }: AvroType): Partial<ConnectSchema> {
  const name = properties['connect.name'] ?? connectName(properties.logicalType)
  const version = properties['connect.version']
  const doc = properties['connect.doc']
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof version === 'number' ? { version } : {}),
    ...(typeof doc === 'string' ? { doc } : {}),
    ...parametersOf(properties),
    ...(properties['connect.default'] === undefined
      ? {}
      : { default: defaultText(properties['connect.default'], kind) }),
  }
}

const connectName = (name: unknown) =>
  typeof name === 'string' && Object.hasOwn(logical, name)
    ? `org.apache.kafka.connect.data.${logical[name]}`
    : undefined

function parametersOf(properties: AvroType['properties']): Partial<ConnectSchema> {
  const given = properties['connect.parameters']
  if (typeof given === 'object' && given !== null) return { parameters: given as Record<string, string> }
  if (properties.logicalType !== 'decimal') return {}
  const precision = { 'connect.decimal.precision': String(properties.precision) }
  return { parameters: { scale: String(properties.scale ?? 0), ...precision } }
}

/** As the JsonConverter prints a default. */
function defaultText(value: unknown, kind: AvroType['kind']): string {
  return kind === 'bytes' && typeof value === 'string'
    ? JSON.stringify(Buffer.from(value, 'latin1').toString('base64'))
    : JSON.stringify(value)
}

/** A value's JSON. */
export function jsonText(json: JsonValue): string {
  if (json instanceof JsonNumber) return json.text
  if (Array.isArray(json)) return `[${json.map(jsonText).join(',')}]`
  if (json instanceof Map)
    return `{${[...json].map(([name, one]) => `${JSON.stringify(name)}:${jsonText(one)}`).join(',')}}`
  return JSON.stringify(json)
}
