import { debeziumAvroConfluent } from '@cdc/avro'
import { type Change, type ConfiguredSink, type RowChange, tableName } from '@cdc/core'
import { debeziumJson } from '@cdc/debezium-json'
import { json } from '@cdc/json'
import { sharedKafka, sharedRegistry } from '@cdc/servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectTree } from '../../avro/test/connect-tree.ts'
import { goldenTrees } from '../../avro/test/golden-avro.ts'
import { comparable } from '../../debezium-json/test/differences.ts'
import { optionsOf } from '../../debezium-json/test/encode-scenario.ts'
import { goldenConfigs, goldenRecords, type TopicRecord } from '../../debezium-json/test/golden-records.ts'
import { parseTree } from '../../debezium-json/test/json-tree.ts'
import { maskedTexts } from '../../debezium-json/test/masks.ts'
import { changesOf, runScenario, type ScenarioRun } from '../../debezium-json/test/scenario.ts'
import { recorded, withDifferences } from '../../json/test/flink-recordings.ts'
import { readWithOther } from '../../kafka-client/test/other-client.ts'
import { opened, put } from '../../kafka-client/test/sink-feed.ts'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { flinkChanges, stored } from '../../upsert-kafka/test/flink-scenario.ts'
import { kafka } from '../src/index.ts'

const broker = await sharedKafka()
let topics: TopicLog

beforeAll(async () => {
  topics = await TopicLog.open(broker.bootstrapServers)
})
afterAll(() => topics.close())

/** What the runtime would hand to a sink. */
function wanted({ capabilities: { takes } }: ConfiguredSink, { kind }: Change): boolean {
  if (kind === 'message') return takes.includes('message')
  return (kind !== 'begin' && kind !== 'commit') || takes.includes('transaction')
}

describe('records of Debezium on Kafka Connect, as they lie in Kafka: topic, key, value and headers', () => {
  let run: ScenarioRun
  beforeAll(async () => {
    run = await runScenario('tables')
  }, 120_000)

  test.each(['default', 'unwrap_rewrite', 'no_tombstone', 'decimal_string'])('%s', async (name) => {
    const { config } = goldenConfigs('tables')[name]!
    const prefix = broker.prefix('golden')
    const { configured, problems } = debeziumJson.configure(optionsOf(config))
    if (configured === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
    const sink = kafka({
      topic: '${prefix}.${schema}.${table}',
      'topic.prefix': prefix,
      'properties.bootstrap.servers': broker.bootstrapServers,
      format: configured,
    })
    const changes = changesOf(run.changes, undefined).filter((change) => wanted(sink, change))
    await put(await opened(sink), 'one', ...changes)
    const own: TopicRecord[] = []
    for (const topic of await topics.topics(prefix)) {
      for (const record of await topics.read(topic)) own.push(treesOf(topic.replace(prefix, 'srv1'), record))
    }
    const compared = comparable({
      scenario: 'tables',
      config,
      database: run.database,
      died: false,
      own,
      golden: goldenRecords('tables', name),
    })
    expect(maskedTexts(compared.own)).toEqual(maskedTexts(compared.golden))
  })
})

describe('records of Debezium with Avro and a schema registry', () => {
  const config = { 'key.converter.schemas.enable': 'true', 'value.converter.schemas.enable': 'true' }

  test.each([
    // Apicurio 3.3.3 takes a field whose default is the text {} for no schema at all
    ['tables', 'srv1.public.documents'],
    ['identity', undefined],
  ])(
    '%s: schemas in the registry and bytes in the topics',
    async (scenario, leftOut) => {
      const { url } = await sharedRegistry()
      const { changes, database } = await runScenario(scenario)
      const prefix = broker.prefix('golden')
      const sink = kafka({
        topic: '${prefix}.${schema}.${table}',
        'topic.prefix': prefix,
        'properties.bootstrap.servers': broker.bootstrapServers,
        format: debeziumAvroConfluent({
          url,
          'topic.prefix': 'srv1',
          'event.converting.failure.handling.mode': 'warn',
        }),
      })
      // its key is dropped and renamed, and its row, which the subjects' level would refuse
      for (const part of ['key', 'value']) await setCompatibility(`${url}/config/${prefix}.public.ddl-${part}`, 'NONE')
      const topicOf = (change: Change) => ('table' in change ? `srv1.${tableName(change.table)}` : '')
      const kept = changes.filter((change) => wanted(sink, change) && topicOf(change) !== leftOut)
      await put(await opened(sink), 'one', ...kept)
      const own: TopicRecord[] = []
      const schemas = new RegistryTexts(url)
      const names = await topics.topics(prefix)
      const counts = await Promise.all(names.map(async (topic) => (await topics.read(topic)).length))
      const total = counts.reduce((sum, count) => sum + count, 0)
      const records = await readWithOther(broker.bootstrapServers, names, total)
      for (const { topic, key, value, headers } of records.sort((a, b) =>
        a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0,
      )) {
        const textOf = await schemas.of(key, value)
        own.push({
          topic: topic.replace(prefix, 'srv1'),
          key: connectTree(key, textOf),
          value: connectTree(value, textOf),
          headers: Object.entries(headers ?? {}).map(([name, content]) => [name, parseTree(String(content))]),
        })
      }
      const golden = goldenTrees(scenario).filter(({ topic }) => topic !== leftOut)
      const compared = comparable({ scenario, config, database, died: false, own, golden })
      const [ours, theirs] = [maskedTexts(compared.own), maskedTexts(compared.golden)]
      for (const [at, text] of theirs.entries()) expect(ours[at], `record ${at}`).toBe(text)
      expect(ours.length).toBe(theirs.length)
    },
    120_000,
  )
})

/** The texts that a registry has for the ids in records. */
class RegistryTexts {
  readonly #url: string
  readonly #texts = new Map<number, string>()

  constructor(url: string) {
    this.#url = url
  }

  async of(...parts: readonly (Buffer | null)[]): Promise<(id: number) => string> {
    for (const part of parts) {
      const id = part?.readUInt32BE(1)
      if (id === undefined || this.#texts.has(id)) continue
      const response = await fetch(`${this.#url}/schemas/ids/${id}`)
      this.#texts.set(id, ((await response.json()) as { schema: string }).schema)
    }
    return (id) => this.#texts.get(id)!
  }
}

async function setCompatibility(place: string, compatibility: string): Promise<void> {
  const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
  const response = await fetch(place, { method: 'PUT', headers, body: JSON.stringify({ compatibility }) })
  expect(response.status).toBe(200)
}

function treesOf(topic: string, record: Awaited<ReturnType<TopicLog['read']>>[number]): TopicRecord {
  const tree = (bytes: Buffer | null) => (bytes === null ? undefined : parseTree(bytes.toString()))
  return {
    topic,
    key: tree(record.key),
    value: tree(record.value),
    headers: record.headers.map(([name, value]) => [name, parseTree(String(value))]),
  }
}

describe("records of Flink's kafka with debezium-json", () => {
  let changes: RowChange[]
  const format = json({
    changelog: 'debezium',
    'encode.split-updates': true,
    'encode.decimal-as-plain-number': false,
  })
  beforeAll(async () => {
    changes = await flinkChanges()
  }, 120_000)

  test.each([
    ['d_debezium', { format, 'sink.key': 'none' }],
    ['d_debezium_keyed', { 'value.format': format, 'key.format': json({}), 'key.fields': 'id' }],
  ] as const)('%s', async (name, options) => {
    const topic = broker.prefix('golden')
    const sink = kafka({ topic, 'properties.bootstrap.servers': broker.bootstrapServers, ...options })
    expect(await stored(sink, topics, topic, changes)).toEqual(withDifferences(recorded(name)))
  })
})
