import { JsonNumber, type JsonObject, type JsonValue, parseJson } from '@cdc/debezium-json/envelope'
import { error } from '../errors.ts'
import type { AvroType } from '../schema/avro-type.ts'
import type { ParsedSchema } from '../schema/parsed-schema.ts'

/** Avro's JSON encoding (Avro 1.12, "JSON Encoding") of a record in the binary one. */
export function jsonEncoded(schema: ParsedSchema, bytes: Uint8Array): Uint8Array {
  return Buffer.from(print(schema.type, schema.read(bytes, 'value')))
}

/** The value of a record in Avro's JSON encoding, in the form that `ParsedSchema.read` gives. */
export function readJsonEncoded(schema: ParsedSchema, bytes: Uint8Array, part: 'key' | 'value'): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
    return parse(schema.type, parseJson(text, part))
  } catch (cause) {
    throw error('AVRO_RECORD', { message: `The ${part} of a record is no JSON of its Avro schema.`, cause })
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The name of a union's branch. */
const branchName = ({ kind, name }: AvroType) => name ?? kind

function print(type: AvroType, value: unknown): string {
  switch (type.kind) {
    case 'union': {
      if (value === null) return 'null'
      const branch = type.branches!.find(({ kind }) => kind !== 'null')!
      return `{${JSON.stringify(branchName(branch))}:${print(branch, value)}}`
    }
    case 'record': {
      const row = value as Readonly<Record<string, unknown>>
      return `{${type.fields!.map((one) => `${JSON.stringify(one.name)}:${print(one.type, row[one.name])}`).join(',')}}`
    }
    case 'array':
      return `[${(value as unknown[]).map((one) => print(type.items!, one)).join(',')}]`
    case 'bytes':
      return JSON.stringify(Buffer.from(value as Uint8Array).toString('latin1'))
    case 'float':
    case 'double':
      return Number.isFinite(value) ? numberText(value as number) : `"${String(value)}"`
    case 'string':
      return JSON.stringify(value)
    default:
      return String(value)
  }
}

const numberText = (value: number) => (Object.is(value, -0) ? '-0.0' : String(value))

function parse(type: AvroType, json: JsonValue): unknown {
  switch (type.kind) {
    case 'union': {
      if (json === null) return null
      const [[name, inner] = ['', null]] = [...(json as JsonObject)]
      const branch = type.branches!.find((one) => branchName(one) === name)
      if (branch === undefined) throw new Error('no branch of its union')
      return parse(branch, inner)
    }
    case 'record': {
      const row: Record<string, unknown> = Object.create(null)
      for (const one of type.fields!) {
        const value = (json as JsonObject).get(one.name)
        if (value === undefined) throw new Error('a field is not there')
        row[one.name] = parse(one.type, value)
      }
      return row
    }
    case 'array':
      return (json as readonly JsonValue[]).map((one) => parse(type.items!, one))
    case 'bytes':
      return Buffer.from(json as string, 'latin1')
    case 'int':
    case 'long':
      return BigInt((json as JsonNumber).text)
    case 'float':
    case 'double':
      return json instanceof JsonNumber ? Number(json.text) : Number(json)
    default:
      return json
  }
}
