import { isRowChange, silentLogger } from '@cdc/core'
import { json } from '@cdc/json'
import { sharedKafka, waitFor } from '@cdc/servers'
import { sourceConformance } from '@cdc/testkit'
import kafkajs, { type Message } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { upsertKafkaSource } from '../src/index.ts'
import { sourceOptions } from '../src/source-options.ts'

const { Kafka, logLevel } = kafkajs

/** A topic that kafkajs itself has written. */
async function written(partitions: number, messages: readonly Message[]) {
  const shared = await sharedKafka()
  const topic = shared.prefix('upserts')
  const client = new Kafka({ brokers: [shared.bootstrapServers], logLevel: logLevel.NOTHING })
  const admin = client.admin()
  const producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  await Promise.all([admin.connect(), producer.connect()])
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: false })
  const there = async () => (await admin.fetchTopicOffsets(topic)).length === partitions
  // waitForLeaders of kafkajs fails where the broker is slow
  await waitFor(() => there().catch(() => false), { timeout: 60_000, describe: `topic ${topic}` })
  await producer.send({ topic, messages: [...messages] })
  await producer.disconnect()
  return {
    topic,
    options: {
      topic,
      'properties.bootstrap.servers': shared.bootstrapServers,
      'key.format': json({}),
      'value.format': json({}),
      'scan.bounded.mode': 'latest-offset',
    } as const,
    async dispose() {
      await admin.deleteTopics({ topics: [topic] })
      await admin.disconnect()
    },
  }
}

async function rowsOf(source: ReturnType<typeof upsertKafkaSource>): Promise<unknown[][]> {
  const reading = source.create({
    pipeline: 'test',
    logger: silentLogger,
    report() {},
    wants: { message: false, transaction: false },
    limits: { rows: 1000, bytes: 1_000_000 },
    shapes: new Map(),
  })
  const rows: unknown[][] = []
  try {
    await reading.open()
    for await (const { changes } of reading.read(undefined, AbortSignal.timeout(60_000)))
      for (const change of changes.filter(isRowChange))
        rows.push([change.kind, ...('after' in change ? change.after : change.before)])
  } finally {
    await reading.close()
  }
  return rows
}

describe('three partitions of rows and tombstones, read once', () => {
  sourceConformance({
    runner: { describe, test },
    emits: 'upsert',
    can: { write: false, snapshot: false, transactions: false, resume: false, bounded: true },
    async fixture() {
      const messages = Array.from({ length: 120 }, (_, i) => ({
        key: JSON.stringify({ id: i % 30 }),
        value: i % 4 === 3 ? null : JSON.stringify({ id: i % 30, name: `name ${i}` }),
      }))
      const { options, dispose } = await written(3, messages)
      return {
        source: upsertKafkaSource({ ...options, schema: 'id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED' }),
        dispose,
      }
    },
  })
})

test('a value is the row of its key, and no value says that the row is gone', async () => {
  const { options, dispose } = await written(1, [
    { key: '{"id":1}', value: '{"id":1,"name":"a"}' },
    { key: '{"id":1}', value: '{"id":1,"name":null}' },
    { key: '{"id":2}', value: null },
  ])
  const schema = "id INT, name STRING, at BIGINT METADATA FROM 'offset', PRIMARY KEY (id) NOT ENFORCED"
  expect(await rowsOf(upsertKafkaSource({ ...options, schema }))).toEqual([
    ['update', 1, 'a', 0n],
    ['update', 1, null, 1n],
    ['delete', 2, undefined, 2n],
  ])
  await dispose()
})

test('with EXCEPT_KEY and a prefix, the columns of the key are read from the key alone', async () => {
  const { options, dispose } = await written(1, [
    { key: '{"b":"x","a":7}', value: '{"name":"n"}' },
    { key: '{"a":7,"b":"x"}', value: null },
  ])
  const source = upsertKafkaSource({
    ...options,
    'value.fields-include': 'EXCEPT_KEY',
    'key.fields-prefix': 'k_',
    schema: 'k_a INT, name STRING, k_b STRING, PRIMARY KEY (k_b, k_a) NOT ENFORCED',
  })
  expect(await rowsOf(source)).toEqual([
    ['update', 7, 'n', 'x'],
    ['delete', 7, undefined, 'x'],
  ])
  await dispose()
})

test('a tombstone without a key is an error with its place', async () => {
  const { topic, options, dispose } = await written(1, [{ key: null, value: null }])
  const source = upsertKafkaSource({ ...options, schema: 'id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED' })
  await expect(rowsOf(source)).rejects.toMatchObject({
    code: 'KAFKA_RECORD_MALFORMED',
    message: expect.stringContaining(`offset 0 of topic '${topic}', partition 0`),
  })
  await dispose()
})

describe("Flink's words for what does not go together", () => {
  const base = {
    topic: 'orders',
    'properties.bootstrap.servers': 'localhost:9092',
    'key.format': json({}),
    'value.format': json({}),
    schema: 'id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED',
  }
  const told = (options: object) => sourceOptions.parse(options as never).problems.map(({ message }) => message)
  test.each<[object, string]>([
    [
      { schema: 'id INT, name STRING' },
      "'upsert-kafka' tables require to define a PRIMARY KEY constraint. The PRIMARY KEY specifies which columns should be read from or write to the Kafka message key. The PRIMARY KEY also defines records in the 'upsert-kafka' table should update or delete on which keys.",
    ],
    [
      { 'value.format': json({ changelog: 'debezium' }) },
      "'upsert-kafka' connector doesn't support 'json' as value format, because 'json' is not in insert-only mode.",
    ],
    [
      { 'key.format': json({ changelog: 'debezium' }) },
      "'upsert-kafka' connector doesn't support 'json' as key format, because 'json' is not in insert-only mode.",
    ],
    [
      { 'key.fields-prefix': 'k_', 'value.fields-include': 'EXCEPT_KEY' },
      "All fields in 'key.fields' must be prefixed with 'k_' when option 'key.fields-prefix' is set but field 'id' is not prefixed.",
    ],
    [
      { 'key.fields-prefix': 'k_' },
      "A key prefix is not allowed when option 'value.fields-include' is set to 'ALL'. Set it to 'EXCEPT_KEY' instead to avoid field overlaps.",
    ],
    [{ 'topic-pattern': 'x' }, "Option 'topic' and 'topic-pattern' shouldn't be set together."],
    [{ 'scan.startup.mode': 'latest-offset' }, "Option 'scan.startup.mode' is unknown."],
  ])('%#', (more, message) => expect(told({ ...base, ...more })).toContain(message))

  test('nothing is told of what goes together', () => expect(told(base)).toEqual([]))
})
