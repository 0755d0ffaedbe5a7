import { debeziumAvroConfluent } from '@cdc/avro'
import { sharedKafka, sharedRegistry } from '@cdc/servers'
import { expect, test } from 'vitest'
import { fault, insert, opened, put, shape, tableOf, update } from '../../kafka-client/test/sink-feed.ts'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { kafka } from '../src/index.ts'

const [broker, { url }] = [await sharedKafka(), await sharedRegistry()]

/** Those that begin so. */
async function subjects(prefix: string): Promise<string[]> {
  const all = (await (await fetch(`${url}/subjects`)).json()) as string[]
  return all.filter((subject) => subject.startsWith(prefix)).sort()
}

test("debezium-avro-confluent: keys and values have the subjects of the table's topic, and a key that moves its records under both", async () => {
  await using topics = await TopicLog.open(broker.bootstrapServers)
  const prefix = broker.prefix('avro')
  const sink = kafka({
    topic: '${prefix}.${schema}.${table}',
    'topic.prefix': prefix,
    'properties.bootstrap.servers': broker.bootstrapServers,
    format: debeziumAvroConfluent({ url, 'topic.prefix': prefix }),
  })
  const items = tableOf('items', ['id', 't_name'])
  await put(await opened(sink), 'one', insert(items, [1, 'a']), update(items, [1, 'a'], [2, 'a']))
  const topic = `${prefix}.public.items`
  expect(await subjects(prefix)).toEqual([`${topic}-key`, `${topic}-value`])
  const [made, gone, tombstone, moved] = await topics.read(topic)
  expect(gone!.key).toEqual(made!.key)
  expect(tombstone!.key).toEqual(made!.key)
  expect(tombstone!.value).toBeNull()
  expect(moved!.key).not.toEqual(made!.key)
})

test('schemas of logical messages are registered with the first message, and an incompatible shape stops before any record of it', async () => {
  await using topics = await TopicLog.open(broker.bootstrapServers)
  const prefix = broker.prefix('avro')
  const sink = kafka({
    topic: '${prefix}.${table}',
    'topic.prefix': prefix,
    'properties.bootstrap.servers': broker.bootstrapServers,
    'sink.delivery-guarantee': 'exactly-once',
    'sink.transactional-id-prefix': prefix,
    'sink.position-topic': `${prefix}.position`,
    format: debeziumAvroConfluent({ url, 'topic.prefix': prefix }),
  })
  const items = tableOf('items', ['id', 't_name'])
  const row = insert(items, [1, 'a'])
  const writer = await opened(sink)
  await put(writer, 'one', row)
  expect(await subjects(prefix)).toEqual([`${prefix}.items-key`, `${prefix}.items-value`])
  const message = { prefix: 'p', content: Buffer.from('x'), transactional: true, origin: row.origin } as const
  await put(writer, 'two', { kind: 'message', ...message }, { kind: 'message', ...message })
  expect(await subjects(`${prefix}.message`)).toEqual([`${prefix}.message-key`, `${prefix}.message-value`])
  expect(await topics.read(`${prefix}.message`)).toHaveLength(2)
  const other = tableOf('items', ['id', 'name'])
  const changed = { ...other, columns: [other.columns[0]!, { ...other.columns[1]!, name: 't_name', nullable: false }] }
  expect(await fault(put(writer, 'three', row, shape(changed), insert(changed, [2, 7])))).toMatch(
    /^REGISTRY_INCOMPATIBLE config: The schema registry refused the new schema of subject \S+\.items-value: .+ \| Change the table back/,
  )
  const next = await opened(sink)
  expect([await next.position!(), (await topics.read(`${prefix}.items`)).length]).toEqual(['two', 1])
})
