import { avroConfluent } from '@cdc/avro'
import { sharedKafka, sharedRegistry } from '@cdc/servers'
import { expect, test } from 'vitest'
import { fault, insert, opened, put, remove, tableOf } from '../../kafka-client/test/sink-feed.ts'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { upsertKafka } from '../src/index.ts'

const [broker, { url }] = [await sharedKafka(), await sharedRegistry()]

/** The versions of a subject. */
async function versions(subject: string): Promise<number[]> {
  const response = await fetch(`${url}/subjects/${encodeURIComponent(subject)}/versions`)
  return response.ok ? ((await response.json()) as number[]) : []
}

const narrow = tableOf('items', ['id', 't_name'])
const wide = tableOf('items', ['id', 't_name', 't_note'])
const nullable = { ...wide, columns: wide.columns.map((one) => ({ ...one, nullable: one.name === 't_note' })) }
const other = tableOf('items', ['id', 't_name', 'note'])
const changed = {
  ...other,
  columns: other.columns.map((one) => (one.name === 'note' ? { ...one, name: 't_note' } : one)),
}

test('keys and values have the subjects of their topic; a new shape is a new version, and one that is not compatible stops before any record of it', async () => {
  await using topics = await TopicLog.open(broker.bootstrapServers)
  const prefix = broker.prefix('avro')
  const sink = upsertKafka({
    topic: '${prefix}.${database}.${table}',
    'topic.prefix': prefix,
    'properties.bootstrap.servers': broker.bootstrapServers,
    'key.format': avroConfluent({ url }),
    'value.format': avroConfluent({ url }),
  })
  const topic = `${prefix}.shop.items`
  const writer = await opened(sink)
  await put(writer, 'one', insert(narrow, [1, 'a']), remove(narrow, [1, undefined]))
  await put(writer, 'two', insert(nullable, [2, 'b', null]))
  expect([await versions(`${topic}-key`), await versions(`${topic}-value`)]).toEqual([[1], [1, 2]])
  const records = await topics.read(topic)
  expect(records.map(({ key, value }) => [key![0], value === null ? null : value[0]])).toEqual([
    [0, 0],
    [0, null],
    [0, 0],
  ])
  expect(records[0]!.key).toEqual(records[1]!.key)
  expect(await fault(put(await opened(sink), 'three', insert(changed, [3, 'c', 4])))).toMatch(
    /^REGISTRY_INCOMPATIBLE config: /,
  )
  expect((await topics.read(topic)).length).toBe(3)
})
