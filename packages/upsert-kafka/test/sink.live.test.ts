import type { CdcError, Change, OptionInput } from '@cdc/core'
import { json } from '@cdc/json'
import { sharedKafka } from '@cdc/servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  contextOf,
  fault,
  insert,
  opened,
  put,
  remove,
  shown,
  tableOf,
  truncate,
  update,
} from '../../kafka-client/test/sink-feed.ts'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { upsertKafka } from '../src/index.ts'
import type { sinkOptions } from '../src/sink-options.ts'

type Options = Partial<OptionInput<(typeof sinkOptions)['fields']>>

const items = tableOf('items', ['id', 't_name'])
let bootstrapServers: string
let topics: TopicLog
let newPrefix: () => string

beforeAll(async () => {
  const broker = await sharedKafka()
  bootstrapServers = broker.bootstrapServers
  newPrefix = () => broker.prefix('upsert')
  topics = await TopicLog.open(bootstrapServers)
})
afterAll(() => topics.close())

const sinkTo = (topic: string, options: Options = {}) =>
  upsertKafka({
    topic,
    'properties.bootstrap.servers': bootstrapServers,
    'key.format': json({}),
    'value.format': json({}),
    ...options,
  })

/** Writes changes to a new topic and gives its records. */
async function written(options: Options, ...changes: Change[]): Promise<string[]> {
  const topic = newPrefix()
  await put(await opened(sinkTo(topic, options)), 'one', ...changes)
  return shown(await topics.read(topic))
}

test('a row is a record by its key, a delete a tombstone, and a new key a tombstone and then the row', async () => {
  expect(
    await written(
      {},
      insert(items, [1, 'a']),
      update(items, undefined, [1, 'b']),
      update(items, [1, 'b'], [1, 'c']),
      update(items, [1, undefined], [2, 'c']),
      remove(items, [2, undefined]),
    ),
  ).toEqual([
    '{"id":1} {"id":1,"t_name":"a"}',
    '{"id":1} {"id":1,"t_name":"b"}',
    '{"id":1} {"id":1,"t_name":"c"}',
    '{"id":1} -',
    '{"id":2} {"id":2,"t_name":"c"}',
    '{"id":2} -',
  ])
})

test('a tombstone has no value at all, and a key is the same bytes from every change of its row', async () => {
  const topic = newPrefix()
  const wide = tableOf('wide', ['t_a', 'id', 't_b'], ['t_b', 'id'])
  const sink = await opened(sinkTo(topic))
  await put(sink, 'one', insert(wide, ['a', 1, 'é"']), remove(wide, [undefined, 1, 'é"']))
  const [row, gone] = await topics.read(topic)
  expect(gone!.value).toBeNull()
  expect(gone!.key).toEqual(row!.key)
  expect(row!.key!.toString()).toBe('{"t_b":"é\\"","id":1}')
})

test("the key's columns may have a prefix that the key format does not see, and be left out of the value", async () => {
  const table = tableOf('items', ['k_id', 't_name', 'k_region'], ['k_region', 'k_id'])
  const options = { 'key.fields-prefix': 'k_', 'value.fields-include': 'EXCEPT_KEY' } as const
  expect(await written(options, insert(table, [1, 'a', 7]), remove(table, [1, undefined, 7]))).toEqual([
    '{"region":7,"id":1} {"t_name":"a"}',
    '{"region":7,"id":1} -',
  ])
  expect(await fault(written(options, insert(items, [1, 'a'])))).toMatch(
    /^UPSERT_KEY_PREFIX config: All fields in 'key.fields' must be prefixed with 'k_' when option 'key.fields-prefix' is set but field 'id' of public\.items is not prefixed\./,
  )
})

test('what is held is reduced to the last record of each key, in the order of these', async () => {
  const options = { 'sink.buffer-flush.max-rows': 100, 'sink.buffer-flush.interval': '1 h' }
  const changes = [
    insert(items, [1, 'a']),
    insert(items, [2, 'b']),
    update(items, undefined, [1, 'c']),
    update(items, [1, 'c'], [3, 'c']),
    insert(items, [1, 'd']),
  ]
  expect(await written(options, ...changes)).toEqual([
    '{"id":2} {"id":2,"t_name":"b"}',
    '{"id":3} {"id":3,"t_name":"c"}',
    '{"id":1} {"id":1,"t_name":"d"}',
  ])
  const full = { ...options, 'sink.buffer-flush.max-rows': 2 }
  expect((await written(full, ...changes)).length).toBe(5)
})

test('keys go to the partitions of the Java client, and the records of one keep their order', async () => {
  const topic = newPrefix()
  const sink = await opened(sinkTo(topic, { 'topic.creation.default.partitions': '4', client: 'kafkajs' }))
  const other = newPrefix()
  const same = await opened(sinkTo(other, { 'topic.creation.default.partitions': '4' }))
  const changes = Array.from({ length: 200 }, (_, i) => update(items, undefined, [i % 20, `${i}`]))
  for (const one of [sink, same]) await put(one, 'one', ...changes)
  const records = await topics.read(topic)
  const spread = (list: typeof records) => new Map(list.map(({ key, partition }) => [String(key), partition]))
  expect(spread(await topics.read(other))).toEqual(spread(records))
  expect(new Set(spread(records).values()).size).toBe(4)
  // `Utils.murmur2` of the Java client: {"id":0} of 4 partitions
  for (let id = 0; id < 20; id++) {
    const names = records.filter(({ key }) => String(key) === `{"id":${id}}`).map(({ value }) => String(value))
    expect(names).toEqual(Array.from({ length: 10 }, (_, i) => `{"id":${id},"t_name":"${id + 20 * i}"}`))
  }
})

test('topics are made compacted, with what the user says of them, and one that is there is left as it is', async () => {
  const topic = newPrefix()
  const options = { 'topic.creation.default.partitions': '2', 'topic.creation.default.retention.ms': '60000' }
  await opened(sinkTo(topic, options))
  const { partitions, config } = await topics.describe(topic)
  expect([partitions, config.get('cleanup.policy'), config.get('retention.ms')]).toEqual([2, 'compact', '60000'])
  await opened(sinkTo(topic, { 'topic.creation.default.cleanup.policy': 'delete' }))
  expect((await topics.describe(topic)).config.get('cleanup.policy')).toBe('compact')
})

test('two tables do not share a topic of keys, but a table that is renamed or whose parts have one name do', async () => {
  const topic = newPrefix()
  const sink = await opened(sinkTo(topic))
  const table = { ...items, id: 7 }
  await put(sink, 'one', insert(table, [1, 'a']))
  await put(sink, 'two', insert({ ...table, name: 'renamed' }, [1, 'b']))
  await put(sink, 'three', insert({ ...table, name: 'renamed', id: 8 }, [2, 'c']))
  expect(await fault(put(sink, 'four', insert(tableOf('others', ['id']), [1])))).toMatch(
    /^KAFKA_TOPIC_CLASH config: Tables public\.renamed and public\.others would both go to topic/,
  )
})

test('what a topic of keys cannot say is an error, or is set aside where that is wanted', async () => {
  const topic = newPrefix()
  const large = insert(items, [2, `secret ${'x'.repeat(2_000_000)}`])
  const sink = await opened(sinkTo(topic))
  const said = await fault(put(sink, 'one', large))
  expect(said).toMatch(
    /^KAFKA_RECORD_TOO_LARGE data: A record of public\.items, whose key is id, for topic '\S+' takes 2000\d\d\d bytes; properties\.max\.request\.size allows 1048576\. \| /,
  )
  expect(said).not.toContain('secret')
  expect(await fault(put(await opened(sinkTo(topic)), 'one', truncate(items)))).toMatch(
    /^UPSERT_TRUNCATE data: Table public\.items was truncated, which topic '\S+' cannot say\. \| .*skipped\.operations: t/,
  )
  const aside: string[] = []
  const reject = async (change: Change, error: CdcError) => {
    aside.push(`${change.kind} ${error.code}`)
  }
  const tolerant = await opened(sinkTo(topic), { reject })
  await put(tolerant, 'one', insert(items, [1, 'a']), large, truncate(items), insert(items, [3, 'c']))
  expect(aside).toEqual(['insert KAFKA_RECORD_TOO_LARGE', 'truncate UPSERT_TRUNCATE'])
  expect(shown(await topics.read(topic))).toEqual(['{"id":1} {"id":1,"t_name":"a"}', '{"id":3} {"id":3,"t_name":"c"}'])
})

test('a record may be as large as its topic takes, to the byte, compressed where it is sent compressed', async () => {
  const limited = { 'topic.creation.default.max.message.bytes': '5000' }
  const topic = newPrefix()
  const sink = await opened(sinkTo(topic, limited))
  // the header of a batch, and what a record has beside key and value
  const most = 5_000 - 61 - 9 - '{"id":1}{"id":1,"t_name":""}'.length
  await put(sink, 'one', insert(items, [1, 'x'.repeat(most)]))
  expect((await topics.read(topic)).length).toBe(1)
  expect(await fault(put(sink, 'two', insert(items, [1, 'x'.repeat(most + 1)])))).toMatch(
    /^KAFKA_RECORD_TOO_LARGE data: .* takes 5001 bytes; max\.message\.bytes of the topic allows 5000\./,
  )
  const packed = await opened(sinkTo(topic, { 'properties.compression.type': 'gzip' }))
  await put(packed, 'one', insert(items, [1, 'x'.repeat(100_000)]))
  expect((await topics.read(topic)).length).toBe(2)
})

test.each([
  [
    { 'topic.creation.enable': false },
    /^KAFKA_TOPIC_NOT_THERE config: Topic '\S+' does not exist, and topic\.creation/,
  ],
  [
    { 'topic.creation.default.replication.factor': '3' },
    /^KAFKA_TOPIC_REFUSED config: Kafka refused to create topic '\S+': INVALID_REPLICATION_FACTOR/,
  ],
  [
    { 'topic.creation.default.retention.ms': 'soon' },
    /^KAFKA_TOPIC_REFUSED config: Kafka refused to create topic '\S+': INVALID_CONFIG/,
  ],
  [
    { 'properties.bootstrap.servers': '127.0.0.1:1', 'properties.default.api.timeout.ms': '300' },
    /^KAFKA_UNREACHABLE connection: /,
  ],
  [
    { 'properties.security.protocol': 'SSL', 'properties.default.api.timeout.ms': '3000' },
    /^KAFKA_(PROTOCOL config|UNREACHABLE connection): /,
  ],
] as const)('before anything is read: %o', async (options, message) => {
  expect(await fault(opened(sinkTo(newPrefix(), options)))).toMatch(message)
})

test('names that no topic can have are told, and characters that none can have become _', async () => {
  const prefix = newPrefix()
  const sink = await opened(sinkTo('${prefix}.${table}', { 'topic.prefix': prefix }))
  await put(sink, 'one', insert({ ...items, name: 'größe & more' }, [1, 'a']))
  expect(await topics.topics(prefix)).toEqual([`${prefix}.gr__e___more`])
  expect(await fault(put(sink, 'two', insert({ ...items, name: 'x'.repeat(300) }, [1, 'a'])))).toMatch(
    /^KAFKA_TOPIC_NAME config: The topic for public\.x+ would be called '\S+', which Kafka does not take\./,
  )
  const again = await opened(sinkTo('${prefix}.${table}', { 'topic.prefix': prefix }))
  await put(again, 'one', insert({ ...items, name: 'größe & more' }, [1, 'a']))
  expect(await fault(put(again, 'two', insert({ ...items, name: 'größe + more' }, [1, 'a'])))).toMatch(
    /^KAFKA_TOPIC_CLASH config/,
  )
})

test('the admin plans, checks and says what a reset does', async () => {
  const topic = newPrefix()
  const admin = sinkTo(topic, {}).admin!(contextOf())
  const [planned] = await admin.plan([items])
  expect(planned).toMatchObject({ sql: `-- create topic ${topic}`, reason: expect.stringContaining('public.items') })
  expect((await admin.check([items])).map(({ name, status }) => `${name} ${status}`)).toEqual([
    'broker ok',
    'topics ok',
  ])
  await opened(sinkTo(topic))
  expect(await admin.plan([items])).toEqual([])
  expect(await admin.reset([items], { rows: true })).toEqual([expect.stringContaining('left as they are')])
})
