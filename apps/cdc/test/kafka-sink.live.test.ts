import { sharedKafka, sharedRegistry, waitFor } from '@cdc/servers'
import { expect, test } from 'vitest'
import { Front } from '../../../packages/avro/test/front.ts'
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

test('a registry that is away is waited for, and a value that its Avro type cannot hold stops the run: nothing is lost', {
  timeout: 180_000,
}, async () => {
  const { bootstrapServers } = await sharedKafka()
  const { url } = await sharedRegistry()
  await using topics = await TopicLog.open(bootstrapServers)
  await using live = await LivePipeline.of(
    15,
    "CREATE TABLE items (id int PRIMARY KEY, due date, price numeric(10,2)); INSERT INTO items VALUES (1, '2026-01-02', 1)",
  )
  const topic = `${live.name}.public.items`
  // a port that nobody listens at, until the registry is back
  const away = await Front.open(url)
  await away[Symbol.asyncDispose]()
  const format = (part: string) => ({
    [`${part}.format`]: 'avro-confluent',
    [`${part}.avro-confluent.url`]: away.url,
    [`${part}.avro-confluent.max.retries`]: 0,
  })
  const sink = {
    ...none,
    connector: 'upsert-kafka',
    topic: '${database}.${schema}.${table}',
    'properties.bootstrap.servers': bootstrapServers,
    ...format('key'),
    ...format('value'),
  }
  await using run = live.start(live.file({ sink, more: 'metrics: {port: 0}\n' }))
  await run.says('REGISTRY_DOWN')
  expect(run.logs.find(({ code }) => code === 'REGISTRY_DOWN')).toMatchObject({
    level: 'warn',
    sink: 'upsert-kafka',
    msg: expect.stringContaining(`${away.url} cannot be reached (ECONNREFUSED). Reading again in`),
    hint: expect.stringContaining('Check the URL'),
  })
  const { urls } = run.logs.find(({ msg }) => String(msg).startsWith('metrics at')) as { urls: string[] }
  const [base] = urls
  const ready = await fetch(`${base}/readyz`)
  expect([ready.status, await ready.text()]).toEqual([503, 'not ready: REGISTRY_DOWN, reading again\n'])
  expect(await (await fetch(`${base}/metrics`)).text()).toMatch(/^cdc_errors_total\{.*code="REGISTRY_DOWN".*\} [1-9]/m)

  await using _ = await Front.open(url, undefined, Number(new URL(away.url).port))
  await waitFor(async () => (await topics.read(topic)).length === 1, { timeout: 60_000, describe: 'the first row' })
  await live.at("INSERT INTO items VALUES (2, '2026-01-02', 5), (3, 'infinity', 4711), (4, '2026-01-02', 5)")
  expect(await run.exit()).toBe(5)
  const where = { sink: 'upsert-kafka', table: 'public.items', column: 'due' }
  expect(run.logs.at(-1)).toMatchObject({ level: 'error', code: 'AVRO_VALUE_NOT_HELD', ...where })
  expect(run.logs.at(-1)!.hint).toContain('debezium.column.exclude.list')
  expect(run.stderr).not.toMatch(/infinity|4711/)

  // what the hint says
  const without = live.file({ sink, source: { 'debezium.column.exclude.list': 'public.items.due' } })
  await using again = live.start(without)
  await waitFor(async () => (await topics.read(topic)).length >= 4, { timeout: 60_000, describe: 'the other rows' })
  again.signal('SIGTERM')
  expect(await again.exit()).toBe(0)
  const keys = (await topics.read(topic)).map(({ key }) => key!.readInt8(key!.length - 1) / 2)
  expect([...new Set(keys)]).toEqual([1, 2, 3, 4])
})
