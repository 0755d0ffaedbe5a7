import type { ConnectField, ConnectSchema, ConnectType } from '../encode/connect-schema.ts'
import { JsonNumber, type JsonObject, type JsonValue } from './json-value.ts'

const types: ReadonlySet<string> = new Set<ConnectType>([
  ...(['boolean', 'int8', 'int16', 'int32', 'int64', 'float', 'double'] as const),
  ...(['string', 'bytes', 'array', 'map', 'struct'] as const),
])

/** A schema as the converter prints it; undefined: it is none. */
export function readSchema(json: JsonValue | undefined): ConnectSchema | undefined {
  if (!(json instanceof Map)) return undefined
  const object: JsonObject = json
  const type = object.get('type')
  if (typeof type !== 'string' || !types.has(type)) return undefined
  const [items, keys, values] = ['items', 'keys', 'values'].map((name) => readSchema(object.get(name)))
  const fields = type === 'struct' ? readFields(object.get('fields')) : undefined
  if ((type === 'struct' && fields === undefined) || (type === 'array' && items === undefined)) return undefined
  const name = object.get('name')
  const parameters = object.get('parameters')
  return {
    type: type as ConnectType,
    optional: object.get('optional') !== false,
    ...(fields === undefined ? {} : { fields }),
    ...(items === undefined ? {} : { items }),
    ...(keys === undefined ? {} : { keys }),
    ...(values === undefined ? {} : { values }),
    ...(typeof name === 'string' ? { name } : {}),
    ...(parameters instanceof Map ? { parameters: texts(parameters) } : {}),
  }
}

function readFields(json: JsonValue | undefined): ConnectField[] | undefined {
  if (!Array.isArray(json)) return undefined
  const fields: ConnectField[] = []
  for (const one of json as readonly JsonValue[]) {
    const name = one instanceof Map ? one.get('field') : undefined
    const schema = readSchema(one)
    if (typeof name !== 'string' || schema === undefined) return undefined
    fields.push({ name, schema })
  }
  return fields
}

function texts(json: JsonObject): Record<string, string> {
  const all: Record<string, string> = Object.create(null)
  for (const [name, value] of json) all[name] = value instanceof JsonNumber ? value.text : String(value)
  return all
}
