import { type Change, type EncodedRecord, type Encoder, silentLogger, tableName } from '@cdc/core'
import { topicName } from '@cdc/debezium-json'
import { beforeAll, describe, expect, test } from 'vitest'
import { comparable } from '../../debezium-json/test/differences.ts'
import type { TopicRecord } from '../../debezium-json/test/golden-records.ts'
import { parseTree } from '../../debezium-json/test/json-tree.ts'
import { maskedTexts } from '../../debezium-json/test/masks.ts'
import { runScenario, type ScenarioRun } from '../../debezium-json/test/scenario.ts'
import { DebeziumAvroFormat } from '../src/debezium/debezium-avro-format.ts'
import { debeziumAvroOptions } from '../src/debezium/debezium-avro-options.ts'
import type { Registered, SchemaRegistry } from '../src/registry/registry-client.ts'
import { connectTree } from './connect-tree.ts'
import { goldenTrees } from './golden-avro.ts'

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
    else {
      await boundaries.prepare?.(change)
      for (const record of boundaries.encode(change)) wired.push({ topic: `srv1.${record.destination}`, record })
    }
  }
  return wired.sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0))
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
          key: connectTree(record.key as Uint8Array | null, registered),
          value: connectTree(record.value as Uint8Array | null, registered),
          headers: headers.map(([name, value]) => [name, parseTree(value as string)]),
        })
      }
      const golden = goldenTrees(scenario)
      const expected = comparable({ scenario, config, database: run.database, died: false, own, golden })
      const [ours, theirs] = [maskedTexts(expected.own), maskedTexts(expected.golden)]
      for (const [at, text] of theirs.entries()) expect(ours[at], `record ${at}`).toBe(text)
      expect(ours.length).toBe(theirs.length)
    })
  })
}
