import { type Change, type EncodedRecord, type Encoder, silentLogger, tableName } from '@cdc/core'
import { topicName } from '@cdc/debezium-json'
import { schemaText } from '@cdc/debezium-json/envelope'
import { beforeAll, describe, expect, test } from 'vitest'
import { comparable } from '../../debezium-json/test/differences.ts'
import type { TopicRecord } from '../../debezium-json/test/golden-records.ts'
import { parseTree, type Tree } from '../../debezium-json/test/json-tree.ts'
import { maskedTexts } from '../../debezium-json/test/masks.ts'
import { runScenario, type ScenarioRun } from '../../debezium-json/test/scenario.ts'
import { DebeziumAvroFormat } from '../src/debezium/debezium-avro-format.ts'
import { debeziumAvroOptions } from '../src/debezium/debezium-avro-options.ts'
import { connectReader, jsonText } from '../src/decode/connect-reader.ts'
import { jsonToAvro } from '../src/encode/json-writer.ts'
import type { Registered, SchemaRegistry } from '../src/registry/registry-client.ts'
import { avroSchemaText } from '../src/schema/connect-avro.ts'
import { parseAvroSchema } from '../src/schema/parsed-schema.ts'
import { AvroWriter } from '../src/wire/avro-writer.ts'
import { FRAME, schemaIdOf } from '../src/wire/frame.ts'
import { goldenAvro, goldenSchemas } from './golden-avro.ts'

/** Every schema under an id of its own. (Apicurio 3.3.3 refuses a field whose default is the text `{}`.) */
class Schemas implements SchemaRegistry {
  readonly texts: string[] = []

  async schemaFor(_subject: string, schema: string): Promise<Registered> {
    return { id: this.texts.push(schema) - 1, schema }
  }

  async schemaOf(id: number): Promise<string> {
    return this.texts[id]!
  }

  async close(): Promise<void> {}
}

interface Wired {
  readonly topic: string
  readonly record: EncodedRecord
}

/** Encodes changes as a sink would: a new encoder at each shape. Topics in alphabetical order. */
async function encodeAll(changes: readonly Change[], registry: SchemaRegistry): Promise<Wired[]> {
  const { values } = debeziumAvroOptions.parse({
    url: 'http://localhost',
    'topic.prefix': 'srv1',
    'event.converting.failure.handling.mode': 'warn',
  })
  const context = { pipeline: 'golden', logger: silentLogger, report() {}, role: 'value' as const }
  const format = new DebeziumAvroFormat(values, context, { registry })
  const boundaries = await format.boundaries()
  const encoders = new Map<string, Encoder>()
  const wired: Wired[] = []
  for (const change of changes) {
    if (change.kind === 'schema') encoders.set(tableName(change.table), await format.encoder(change.table))
    else if ('table' in change)
      for (const record of encoders.get(tableName(change.table))!.encode(change))
        wired.push({ topic: topicName('srv1', change.table), record })
    else for (const record of boundaries.encode(change)) wired.push({ topic: `srv1.${record.destination}`, record })
  }
  return wired.sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0))
}

/** A part of a record as the JsonConverter would print it: differences are told in that. */
function tree(bytes: Uint8Array | null, schemaOf: (id: number) => string): Tree | undefined {
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

const config = { 'key.converter.schemas.enable': 'true', 'value.converter.schemas.enable': 'true' }

for (const scenario of ['tables', 'types', 'identity']) {
  describe(scenario, () => {
    let run: ScenarioRun

    beforeAll(async () => {
      run = await runScenario(scenario)
    }, 60_000)

    test('every schema and every record is what Debezium wrote, byte for byte', async () => {
      const registry = new Schemas()
      const own: TopicRecord[] = []
      const registered = (id: number) => registry.texts[id]!
      for (const { topic, record } of await encodeAll(run.changes, registry)) {
        const headers = Object.entries(record.headers ?? {})
        own.push({
          topic,
          key: tree(record.key as Uint8Array | null, registered),
          value: tree(record.value as Uint8Array | null, registered),
          headers: headers.map(([name, value]) => [name, parseTree(value as string)]),
        })
      }
      const schemas = goldenSchemas(scenario)
      // a label that was added since is in the schema from the table's next shape on
      const textOf = (id: number) => schemas.get(id)!.text.replaceAll('happy, really,new"', 'happy, really"')
      const golden: TopicRecord[] = []
      for (const { topic, key, value, headers } of goldenAvro(scenario))
        golden.push({
          topic,
          key: tree(key, textOf),
          value: tree(value, textOf),
          headers: headers.map((one) => [one.key, parseTree(JSON.stringify(one.value))]),
        })
      const expected = comparable({ scenario, config, database: run.database, died: false, own, golden })
      const [ours, theirs] = [maskedTexts(expected.own), maskedTexts(expected.golden)]
      for (const [at, text] of theirs.entries()) expect(ours[at], `record ${at}`).toBe(text)
      expect(ours.length).toBe(theirs.length)
    })
  })
}
