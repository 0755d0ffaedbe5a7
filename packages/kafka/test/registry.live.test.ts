import { debeziumAvroConfluent } from '@cdc/avro'
import { sharedKafka, sharedRegistry } from '@cdc/servers'
import { expect, test } from 'vitest'
import { insert, opened, put, tableOf, update } from '../../kafka-client/test/sink-feed.ts'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { kafka } from '../src/index.ts'

const [broker, { url }] = [await sharedKafka(), await sharedRegistry()]

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
  const subjects = (await (await fetch(`${url}/subjects`)).json()) as string[]
  expect(subjects.filter((subject) => subject.startsWith(topic)).sort()).toEqual([`${topic}-key`, `${topic}-value`])
  const [made, gone, tombstone, moved] = await topics.read(topic)
  expect(gone!.key).toEqual(made!.key)
  expect(tombstone!.key).toEqual(made!.key)
  expect(tombstone!.value).toBeNull()
  expect(moved!.key).not.toEqual(made!.key)
})
