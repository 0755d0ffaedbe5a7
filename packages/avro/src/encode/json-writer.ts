import {
  type ConnectSchema,
  inHashOrder,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  parseJson,
} from '@cdc/debezium-json/envelope'
import { isAvroMap } from '../schema/connect-avro.ts'
import type { AvroWriter } from '../wire/avro-writer.ts'

/** Writes a value that Kafka's JsonConverter would have written, in Avro's bytes. */
export type JsonToAvro = (writer: AvroWriter, json: JsonValue) => void

/** Compiled once a schema. With the branch of the union where it is optional. */
export function jsonToAvro(schema: ConnectSchema): JsonToAvro {
  const plain = plainWriter(schema)
  if (!schema.optional) return plain
  const present = schema.default === undefined ? 1 : 0
  return (writer, json) => {
    if (json === null) writer.long(1 - present)
    else {
      writer.long(present)
      plain(writer, json)
    }
  }
}

/** The same for a value's text. */
export function textToAvro(schema: ConnectSchema): (writer: AvroWriter, text: string) => void {
  const write = jsonToAvro(schema)
  return (writer, text) => write(writer, parseJson(text, 'value'))
}

const special: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, '-Infinity': -Infinity }

const numberOf = (json: JsonValue) => (json instanceof JsonNumber ? Number(json.text) : special[json as string]!)

function plainWriter(schema: ConnectSchema): JsonToAvro {
  switch (schema.type) {
    case 'boolean':
      return (writer, json) => writer.boolean(json as boolean)
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return (writer, json) => writer.bigLong(BigInt((json as JsonNumber).text))
    case 'float':
      return (writer, json) => writer.float(numberOf(json))
    case 'double':
      return (writer, json) => writer.double(numberOf(json))
    case 'string':
      return (writer, json) => writer.string(json as string)
    case 'bytes':
      return (writer, json) => writer.bytes(Buffer.from(json as string, 'base64'))
    case 'array':
      return blocks(jsonToAvro(schema.items!), (json) => json as readonly JsonValue[])
    case 'map':
      return mapWriter(schema)
    case 'struct':
      return structWriter(schema)
  }
}

function structWriter({ fields }: ConnectSchema): JsonToAvro {
  const writers = fields!.map(({ name, schema }) => ({ name, write: jsonToAvro(schema) }))
  return (writer, json) => {
    for (const { name, write } of writers) write(writer, (json as JsonObject).get(name) ?? null)
  }
}

function mapWriter(schema: ConnectSchema): JsonToAvro {
  const [key, value] = [jsonToAvro(schema.keys!), jsonToAvro(schema.values!)]
  const pair = (writer: AvroWriter, entry: readonly [JsonValue, JsonValue]) => {
    key(writer, entry[0])
    value(writer, entry[1])
  }
  // a map with other keys than texts is an array of pairs in JSON too
  if (!isAvroMap(schema)) return blocks(pair, (json) => json as unknown as readonly (readonly [JsonValue, JsonValue])[])
  // the converter puts them into a map of Java's first
  return blocks(pair, (json) => inHashOrder([...(json as JsonObject)]))
}

/** One block of items as Java writes it, and the empty one that ends an array or map. */
function blocks<T>(item: (writer: AvroWriter, one: T) => void, itemsOf: (json: JsonValue) => readonly T[]): JsonToAvro {
  return (writer, json) => {
    const items = itemsOf(json)
    if (items.length > 0) writer.long(items.length)
    for (const one of items) item(writer, one)
    writer.long(0)
  }
}
