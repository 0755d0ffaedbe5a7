import type { CdcError, Change, OptionInput } from '@cdc/core'
import { debeziumJson } from '@cdc/debezium-json'
import { json } from '@cdc/json'
import { sharedKafka } from '@cdc/servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  batchOf,
  fault,
  insert,
  opened,
  put,
  remove,
  shown,
  signal,
  tableOf,
  truncate,
  update,
} from '../../kafka-client/test/sink-feed.ts'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { kafka } from '../src/index.ts'
import type { sinkOptions } from '../src/sink-options.ts'

type Options = Partial<OptionInput<(typeof sinkOptions)['fields']>>

const items = tableOf('items', ['id', 't_name', 'region'])
const changelog = json({ changelog: 'debezium' })
let bootstrapServers: string
let topics: TopicLog
let newPrefix: () => string

beforeAll(async () => {
  const broker = await sharedKafka()
  bootstrapServers = broker.bootstrapServers
  newPrefix = () => broker.prefix('kafka')
  topics = await TopicLog.open(bootstrapServers)
})
afterAll(() => topics.close())

const sinkTo = (topic: string, options: Options) =>
  kafka({ topic, 'properties.bootstrap.servers': bootstrapServers, ...options } as never)

async function records(options: Options, ...changes: Change[]) {
  const topic = newPrefix()
  await put(await opened(sinkTo(topic, options)), 'one', ...changes)
  return topics.read(topic)
}

const keyed = { 'key.format': json({}), 'key.fields': 'region;id' }

test('the key is that of the primary key, or none, or what key.format makes of the columns of key.fields in their order', async () => {
  const rows = { 'value.format': json({}) }
  const row = '{"id":1,"t_name":"a","region":7}'
  expect(shown(await records(rows, insert(items, [1, 'a', 7])))).toEqual([`{"id":1} ${row}`])
  expect(shown(await records({ ...rows, 'sink.key': 'none' }, insert(items, [1, 'a', 7])))).toEqual([`- ${row}`])
  expect(shown(await records({ 'value.format': json({}), ...keyed }, insert(items, [1, 'a', 7])))).toEqual([
    '{"region":7,"id":1} {"id":1,"t_name":"a","region":7}',
  ])
})

test('EXCEPT_KEY leaves the key out of the value, and key.fields-prefix its names out of the key', async () => {
  const table = tableOf('items', ['k_id', 't_name'], ['k_id'])
  const options = {
    'value.format': json({}),
    'key.format': json({}),
    'key.fields': 'k_id',
    'key.fields-prefix': 'k_',
    'value.fields-include': 'EXCEPT_KEY',
  } as const
  expect(shown(await records(options, insert(table, [1, 'a'])))).toEqual(['{"id":1} {"t_name":"a"}'])
})

test('when a column of key.fields changes, whoever reads by the old key sees the row go', async () => {
  const found = shown(
    await records(
      { 'value.format': changelog, ...keyed },
      update(items, [1, 'a', 7], [1, 'b', 7]),
      update(items, [1, 'b', 7], [1, 'b', 8]),
      remove(items, [1, 'b', 8]),
    ),
  )
  expect(found.map((text) => text.replace(/ .*"op":/, ' '))).toEqual([
    '{"region":7,"id":1} "u"}',
    '{"region":7,"id":1} "d"}',
    '{"region":8,"id":1} "c"}',
    '{"region":8,"id":1} "d"}',
  ])
})

test('a column of key.fields that is not there, or that an old row does not show, is told', async () => {
  const options = { 'value.format': changelog, ...keyed }
  expect(await fault(records(options, insert(tableOf('others', ['id']), [1])))).toMatch(
    /^KAFKA_KEY_FIELD config: Could not find the field 'region' in the table schema for usage in the key format\. .*\[id\] \(table public\.others\)\./,
  )
  const hidden = remove(items, [1, undefined, undefined])
  expect(await fault(records(options, hidden))).toMatch(
    /^KAFKA_KEY_NOT_SENT data: The source has not sent column 'region' of public\.items with a delete, .* \| ALTER TABLE public\.items REPLICA IDENTITY FULL;/,
  )
  const aside: string[] = []
  const reject = async ({ kind }: Change, { code }: CdcError) => {
    aside.push(`${kind} ${code}`)
  }
  const topic = newPrefix()
  await put(await opened(sinkTo(topic, options), { reject }), 'one', hidden, insert(items, [1, 'a', 7]))
  expect(aside).toEqual(['delete KAFKA_KEY_NOT_SENT'])
  expect((await topics.read(topic)).length).toBe(1)
})

test('sink.partitioner: fixed is the first, round-robin is in turn, and a key decides all the same', async () => {
  const many = Array.from({ length: 40 }, (_, id) => insert(items, [id, 'a', 7]))
  const spread = async (options: Options) => {
    const found = await records({ 'topic.creation.default.partitions': '4', ...options }, ...many)
    const counts = [0, 0, 0, 0]
    for (const { partition } of found) counts[partition]!++
    return counts
  }
  const rows = { 'value.format': json({}), 'sink.key': 'none' } as const
  expect(await spread({ ...rows, 'sink.partitioner': 'fixed' })).toEqual([40, 0, 0, 0])
  expect(await spread({ ...rows, 'sink.partitioner': 'round-robin' })).toEqual([10, 10, 10, 10])
  const own = { format: debeziumJson({ 'topic.prefix': 'shop' }) }
  expect(await spread({ ...own, 'sink.partitioner': 'round-robin' })).toEqual(await spread(own))
})

test("Debezium's records have its keys and tombstones, and a truncation none", async () => {
  const options = { format: debeziumJson({ 'topic.prefix': 'shop', 'skipped.operations': 'none' }) }
  const found = await records(
    options,
    insert(items, [1, 'a', 7]),
    update(items, [1, 'a', 7], [2, 'a', 7]),
    remove(items, [2, 'a', 7]),
    truncate(items),
  )
  const op = (value: Buffer | null) => (value === null ? '-' : JSON.parse(String(value)).op)
  expect(found.map(({ key, value }) => `${key ?? '-'} ${op(value)}`)).toEqual([
    '{"id":1} c',
    '{"id":1} d',
    '{"id":1} -',
    '{"id":2} c',
    '{"id":2} d',
    '{"id":2} -',
    '- t',
  ])
  const names = found.flatMap((record) => record.headers.map(([name]) => name))
  expect(new Set(names.filter((name) => name.endsWith('key')))).toEqual(
    new Set(['__debezium.newkey', '__debezium.oldkey']),
  )
})

test("transactions, messages and heartbeats go to Debezium's topics, between the prefix's delimiter", async () => {
  const prefix = newPrefix()
  const options = {
    'topic.prefix': prefix,
    'topic.delimiter': '_',
    'topic.transaction': 'tx',
    'topic.heartbeat.prefix': `${prefix}_beat`,
    format: debeziumJson({
      'topic.prefix': 'shop',
      'provide.transaction.metadata': true,
      'heartbeat.interval.ms': 1,
    }),
  }
  const sink = await opened(sinkTo('${prefix}.${database}.${schema}.${table}', options))
  const { origin } = insert(items, [1, 'a', 7])
  await sink.write(
    batchOf(
      [
        { kind: 'begin', origin },
        insert(items, [1, 'a', 7]),
        { kind: 'message', prefix: 'p', content: Buffer.from('x'), transactional: true, origin },
        { kind: 'commit', origin },
      ],
      'one',
    ),
    signal,
  )
  await sink.flush('one', signal)
  expect(await topics.topics(prefix)).toEqual(
    [`${prefix}.shop.public.items`, `${prefix}_message`, `${prefix}_tx`, `${prefix}_beat_${prefix}`].sort(),
  )
})

test('a record that is too large is told before anything of its change is sent', async () => {
  const said = await fault(
    records({ format: debeziumJson({ 'topic.prefix': 'shop' }) }, insert(items, [1, 'x'.repeat(2_000_000), 7])),
  )
  expect(said).toMatch(/^KAFKA_RECORD_TOO_LARGE data: A record of public\.items, whose key is id, .* allows 1048576\./)
  expect(said).not.toContain('xxx')
})

test('a compacted topic takes no record without a key, which is told', async () => {
  const topic = newPrefix()
  const options = { format: json({}), 'sink.key': 'none', 'topic.creation.default.cleanup.policy': 'compact' } as const
  expect(await fault(put(await opened(sinkTo(topic, options)), 'one', insert(items, [1, 'a', 7])))).toMatch(
    /^KAFKA_RECORD_REFUSED data: /,
  )
})
