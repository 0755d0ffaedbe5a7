import type { ConnectField, ConnectSchema } from '@cdc/debezium-json/envelope'
import { error } from '../errors.ts'

/**
 * A schema of Kafka Connect as Confluent's AvroConverter writes it (`AvroData.fromConnectSchema`, with
 * `enhanced.avro.schema.support` and `scrub.invalid.names` off). Text, since the order of keys is part of what a registry
 * stores, and since defaults of 64 bits do not fit a double.
 */
export function avroSchemaText(schema: ConnectSchema): string {
  return new SchemaPrinter().whole(schema)
}

const primitives = {
  boolean: 'boolean',
  int8: 'int',
  int16: 'int',
  int32: 'int',
  int64: 'long',
  float: 'float',
  double: 'double',
  string: 'string',
  bytes: 'bytes',
} as const

/** Kafka Connect's own names, with what Avro calls them. */
const logical: Readonly<Record<string, string>> = {
  'org.apache.kafka.connect.data.Date': 'date',
  'org.apache.kafka.connect.data.Time': 'time-millis',
  'org.apache.kafka.connect.data.Timestamp': 'timestamp-millis',
  'org.apache.kafka.connect.data.Decimal': 'decimal',
}

/** Where AvroData has no precision. */
const PRECISION = '64'

/** Is it a decimal whose JSON text is base64? */
export const isDecimal = ({ name }: ConnectSchema) => name === 'org.apache.kafka.connect.data.Decimal'

/** May it be a map of Avro's, or must it be an array of pairs? */
export const isAvroMap = ({ keys }: ConnectSchema) => keys?.type === 'string' && !keys.optional

/** A name as Avro has it: what is before the last dot is the name space. */
export function nameParts(full: string): { readonly name: string; readonly space: string | undefined } {
  const dot = full.lastIndexOf('.')
  return dot < 0 ? { name: full, space: undefined } : { name: full.slice(dot + 1), space: full.slice(0, dot) }
}

const validName = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Prints one schema; a record's second mention is its name. */
class SchemaPrinter {
  readonly #printed = new Set<string>()

  whole(schema: ConnectSchema, space?: string): string {
    const type = this.#type(schema, space)
    if (!schema.optional) return type
    return schema.default === undefined ? `["null",${type}]` : `[${type},"null"]`
  }

  #type(schema: ConnectSchema, space: string | undefined): string {
    switch (schema.type) {
      case 'struct':
        return this.#record(schema, space)
      case 'array':
        return `{"type":"array","items":${this.whole(schema.items!, space)}${properties(schema)}}`
      case 'map':
        return this.#map(schema, space)
      default:
        return primitive(schema)
    }
  }

  #map(schema: ConnectSchema, space: string | undefined): string {
    const { keys, values } = schema
    if (isAvroMap(schema)) return `{"type":"map","values":${this.whole(values!, space)}${properties(schema)}}`
    const fields: ConnectField[] = [
      { name: 'key', schema: keys! },
      { name: 'value', schema: values! },
    ]
    const entry = { type: 'struct', optional: false, fields, name: 'io.confluent.connect.avro.MapEntry' } as const
    return `{"type":"array","items":${this.#record(entry, space, false)}${properties(schema)}}`
  }

  #record(schema: ConnectSchema, enclosing: string | undefined, named = true): string {
    const full = schema.name ?? 'ConnectDefault'
    const { name, space } = nameParts(full)
    if (this.#printed.has(full)) return JSON.stringify(space === enclosing ? name : full)
    for (const part of full.split('.')) assertName(part, full, 'schema.name.adjustment.mode')
    this.#printed.add(full)
    const place = space === enclosing ? '' : `,"namespace":${JSON.stringify(space ?? '')}`
    const fields = schema.fields!.map((one) => this.#field(one, space))
    const rest = named ? properties(schema) : ''
    return `{"type":"record","name":${JSON.stringify(name)}${place},"fields":[${fields.join(',')}]${rest}}`
  }

  #field({ name, schema }: ConnectField, space: string | undefined): string {
    assertName(name, name, 'field.name.adjustment.mode')
    const fallback = schema.default === undefined ? (schema.optional ? 'null' : undefined) : defaultText(schema)
    const tail = fallback === undefined ? '' : `,"default":${fallback}`
    return `{"name":${JSON.stringify(name)},"type":${this.whole(schema, space)}${tail}}`
  }
}

function assertName(part: string, whole: string, option: string): void {
  if (validName.test(part)) return
  throw error('AVRO_NAME', {
    message: `Avro allows no name such as '${whole}': letters, digits and underscores only, and no digit first.`,
    hint: `Set ${option}: avro, which puts underscores in the place of other characters.`,
    where: { option },
  })
}

function primitive(schema: ConnectSchema): string {
  const type = primitives[schema.type as keyof typeof primitives]
  const narrow = schema.type === 'int8' || schema.type === 'int16' ? `,"connect.type":"${schema.type}"` : ''
  const kind = schema.name === undefined ? undefined : logical[schema.name]
  const digits =
    kind === 'decimal'
      ? `,"scale":${schema.parameters?.scale ?? 0},"precision":${schema.parameters?.['connect.decimal.precision'] ?? PRECISION}`
      : ''
  const rest = `${digits}${properties(schema)}${narrow}${kind === undefined ? '' : `,"logicalType":"${kind}"`}`
  return rest === '' ? `"${type}"` : `{"type":"${type}"${rest}}`
}

function properties(schema: ConnectSchema): string {
  const { doc, version, parameters, name } = schema
  let text = ''
  if (doc !== undefined) text += `,"connect.doc":${JSON.stringify(doc)}`
  if (version !== undefined) text += `,"connect.version":${version}`
  if (parameters !== undefined) text += `,"connect.parameters":${JSON.stringify(parameters)}`
  if (schema.default !== undefined) text += `,"connect.default":${defaultText(schema)}`
  if (name !== undefined) text += `,"connect.name":${JSON.stringify(name)}`
  return text
}

/** A default as Avro has it in JSON: bytes are text, one character a byte. */
function defaultText({ type, default: json }: ConnectSchema): string {
  if (type !== 'bytes') return json!
  return JSON.stringify(Buffer.from(JSON.parse(json!) as string, 'base64').toString('latin1'))
}
