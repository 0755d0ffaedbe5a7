import { schemaText } from '@cdc/debezium-json/envelope'
import { expect } from 'vitest'
import { parseTree, type Tree } from '../../debezium-json/test/json-tree.ts'
import { connectReader, jsonText } from '../src/decode/connect-reader.ts'
import { jsonToAvro } from '../src/encode/json-writer.ts'
import { avroSchemaText } from '../src/schema/connect-avro.ts'
import { parseAvroSchema } from '../src/schema/parsed-schema.ts'
import { AvroWriter } from '../src/wire/avro-writer.ts'
import { FRAME, schemaIdOf } from '../src/wire/frame.ts'

/** A part of a record as the JsonConverter would print it: differences are told in that. */
export function connectTree(bytes: Uint8Array | null, schemaOf: (id: number) => string): Tree | undefined {
  if (bytes === null) return undefined
  const text = schemaOf(schemaIdOf(bytes, 'value'))
  const schema = parseAvroSchema(text, 'a schema')
  const reader = connectReader(schema.type)
  const json = reader.json(schema.read(bytes.subarray(FRAME), 'value'))
  // so that equal trees are equal bytes
  const writer = new AvroWriter()
  writer.begin()
  jsonToAvro(reader.schema)(writer, json)
  expect(writer.end().equals(bytes.subarray(FRAME))).toBe(true)
  // a default of 0.0 is read as 0
  expect(avroSchemaText(reader.schema)).toBe(JSON.stringify(JSON.parse(text)))
  return parseTree(`{"schema":${schemaText(reader.schema)},"payload":${jsonText(json)}}`)
}
