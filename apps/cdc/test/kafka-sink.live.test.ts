import { sharedKafka, waitFor } from '@cdc/servers'
import { expect, test } from 'vitest'
import { TopicLog } from '../../../packages/kafka-client/test/topic-log.ts'
import { LivePipeline } from './live.ts'

const schema = `CREATE TABLE items (id int PRIMARY KEY, name text); CREATE TABLE ticks (id serial PRIMARY KEY);
INSERT INTO items VALUES (1, 'one'), (2, 'two');`
const none = { url: undefined, username: undefined, password: undefined }

/** The records of a topic as `key value`, with the value as `of` makes it. */
async function records(topics: TopicLog, topic: string, of: (value: string) => string = (value) => value) {
  return (await topics.read(topic)).map(({ key, value }) => `${key} ${value === null ? '-' : of(String(value))}`)
}

test('PostgreSQL to upsert-kafka with json, exactly once: each command of cdc, through a kill', {
  timeout: 180_000,
}, async () => {
  const { bootstrapServers } = await sharedKafka()
  await using topics = await TopicLog.open(bootstrapServers)
  await using live = await LivePipeline.of(15, schema)
  const topic = `${live.name}.public.items`
  const file = live.file({
    sink: {
      ...none,
      connector: 'upsert-kafka',
      topic: '${database}.${schema}.${table}',
      'properties.bootstrap.servers': bootstrapServers,
      'properties.sasl.jaas.config': 'hidden-by-its-name',
      'key.format': 'json',
      'value.format': 'json',
      'sink.delivery-guarantee': 'exactly-once',
      'sink.transactional-id-prefix': live.name,
      name: 'topics',
    },
  })
  expect((await live.command(['validate', file])).code).toBe(0)
  const plan = await live.command(['plan', file])
  expect(plan.stdout).toContain(`create topic ${topic}`)
  expect(plan.stdout).toContain(`create topic cdc-position.${live.name}.topics`)
  expect(plan.stdout + plan.stderr).not.toContain('hidden-by-its-name')
  expect((await live.command(['doctor', file])).stdout).toContain('broker')
  {
    await using run = live.start(file, { CDC_FAILPOINTS: 'sink.commit:kill:3' })
    await run.says('streaming')
    await live.at("UPDATE items SET name = 'ONE' WHERE id = 1; UPDATE items SET id = 3 WHERE id = 2")
    await live.at('DELETE FROM items WHERE id = 1')
    // until it comes to its third commit, however it puts transactions together
    const killed = async () => {
      await live.at('INSERT INTO ticks DEFAULT VALUES')
      return run.child.signalCode === 'SIGKILL'
    }
    await waitFor(killed, { timeout: 60_000, interval: 100, describe: 'the kill' })
  }
  await using run = live.start(file)
  await live.at("INSERT INTO items VALUES (4, 'four')")
  const expected = [
    '{"id":1} {"id":1,"name":"one"}',
    '{"id":2} {"id":2,"name":"two"}',
    '{"id":1} {"id":1,"name":"ONE"}',
    '{"id":2} -',
    '{"id":3} {"id":3,"name":"two"}',
    '{"id":1} -',
    '{"id":4} {"id":4,"name":"four"}',
  ]
  await waitFor(async () => (await records(topics, topic)).length >= expected.length, { timeout: 60_000 })
  run.signal('SIGTERM')
  expect(await run.exit()).toBe(0)
  expect(await records(topics, topic)).toEqual(expected)
  const reset = await live.command(['reset', file, '--yes'])
  expect(reset.stdout + reset.stderr).toContain(`Forgot the position in topic cdc-position.${live.name}.topics`)
})

test("PostgreSQL to kafka with debezium-json: Debezium's records under Debezium's topic names", {
  timeout: 180_000,
}, async () => {
  const { bootstrapServers } = await sharedKafka()
  await using topics = await TopicLog.open(bootstrapServers)
  await using live = await LivePipeline.of(15, schema)
  const topic = `${live.name}.public.items`
  const file = live.file({
    sink: {
      ...none,
      connector: 'kafka',
      topic: '${prefix}.${schema}.${table}',
      'topic.prefix': live.name,
      'properties.bootstrap.servers': bootstrapServers,
      format: 'debezium-json',
      'debezium-json.topic.prefix': live.name,
    },
  })
  await using run = live.start(file)
  await run.says('streaming')
  await live.at("UPDATE items SET name = 'ONE' WHERE id = 1; DELETE FROM items WHERE id = 2")
  const op = (value: string) => JSON.parse(value).op as string
  const expected = ['{"id":1} r', '{"id":2} r', '{"id":1} u', '{"id":2} d', '{"id":2} -']
  await waitFor(async () => (await records(topics, topic, op)).length >= expected.length, { timeout: 60_000 })
  run.signal('SIGTERM')
  expect(await run.exit()).toBe(0)
  expect(await records(topics, topic, op)).toEqual(expected)
})
