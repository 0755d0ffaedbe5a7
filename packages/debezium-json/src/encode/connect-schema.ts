import { quoted } from '../text/json-text.ts'

/** Kafka Connect's types, as its JsonConverter names them. */
export type ConnectType =
  | 'boolean'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float'
  | 'double'
  | 'string'
  | 'bytes'
  | 'array'
  | 'map'
  | 'struct'

/** A schema of Kafka Connect. */
export interface ConnectSchema {
  readonly type: ConnectType
  readonly optional: boolean
  readonly fields?: readonly ConnectField[]
  readonly items?: ConnectSchema
  readonly keys?: ConnectSchema
  readonly values?: ConnectSchema
  readonly name?: string
  readonly version?: number
  readonly doc?: string
  readonly parameters?: Readonly<Record<string, string>>
  /** JSON text, as the converter prints the value. */
  readonly default?: string
}

export interface ConnectField {
  readonly name: string
  readonly schema: ConnectSchema
}

export const field = (name: string, schema: ConnectSchema): ConnectField => ({ name, schema })
export const required = (type: ConnectType): ConnectSchema => ({ type, optional: false })
export const optional = (type: ConnectType): ConnectSchema => ({ type, optional: true })

/** The schema as Kafka's JsonConverter prints it; the order of keys is part of the format (`asJsonSchema`). */
export function schemaText(schema: ConnectSchema, fieldName?: string): string {
  const { fields, items, keys, values, name, version, doc, parameters } = schema
  let text = `{"type":"${schema.type}"`
  if (fields !== undefined) text += `,"fields":[${fields.map((one) => schemaText(one.schema, one.name)).join(',')}]`
  if (items !== undefined) text += `,"items":${schemaText(items)}`
  if (keys !== undefined && values !== undefined) text += `,"keys":${schemaText(keys)},"values":${schemaText(values)}`
  text += `,"optional":${schema.optional}`
  if (name !== undefined) text += `,"name":${quoted(name)}`
  if (version !== undefined) text += `,"version":${version}`
  if (doc !== undefined) text += `,"doc":${quoted(doc)}`
  if (parameters !== undefined) {
    const pairs = Object.entries(parameters).map(([key, value]) => `${quoted(key)}:${quoted(value)}`)
    text += `,"parameters":{${pairs.join(',')}}`
  }
  if (schema.default !== undefined) text += `,"default":${schema.default}`
  if (fieldName !== undefined) text += `,"field":${quoted(fieldName)}`
  return `${text}}`
}
