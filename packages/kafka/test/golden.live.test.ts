import type { Change, RowChange } from '@cdc/core'
import { debeziumJson } from '@cdc/debezium-json'
import { json } from '@cdc/json'
import { sharedKafka } from '@cdc/servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { comparable } from '../../debezium-json/test/differences.ts'
import { optionsOf } from '../../debezium-json/test/encode-scenario.ts'
import { goldenConfigs, goldenRecords, type TopicRecord } from '../../debezium-json/test/golden-records.ts'
import { parseTree } from '../../debezium-json/test/json-tree.ts'
import { maskedTexts } from '../../debezium-json/test/masks.ts'
import { changesOf, runScenario, type ScenarioRun } from '../../debezium-json/test/scenario.ts'
import { recorded, withDifferences } from '../../json/test/flink-recordings.ts'
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
    const { takes } = sink.capabilities
    const wanted = (change: Change) =>
      change.kind === 'message'
        ? takes.includes('message')
        : (change.kind !== 'begin' && change.kind !== 'commit') || takes.includes('transaction')
    await put(await opened(sink), 'one', ...changesOf(run.changes, undefined).filter(wanted))
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
