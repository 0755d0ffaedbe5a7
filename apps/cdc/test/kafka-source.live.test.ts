import { setTimeout as delay } from 'node:timers/promises'
import { type PostgresConnection, sharedKafka, sharedPostgres, waitFor } from '@cdc/servers'
import kafkajs, { type Message, type Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CdcProcess } from './cdc-process.ts'
import { pipelineFile } from './pipeline-file.ts'

const { Kafka, logLevel } = kafkajs

let bootstrapServers: string
let prefix: string
let postgres: PostgresConnection
let target: string
let producer: Producer
let client: InstanceType<typeof Kafka>

beforeAll(async () => {
  const shared = await sharedKafka()
  bootstrapServers = shared.bootstrapServers
  prefix = shared.prefix('cli')
  postgres = await sharedPostgres(15)
  target = await postgres.createDatabase('kafka')
  client = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
  producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  await producer.connect()
}, 180_000)

afterAll(() => producer.disconnect())

async function makeTopic(name: string): Promise<string> {
  const topic = `${prefix}-${name}`
  const admin = client.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: false })
  const there = async () => (await admin.fetchTopicOffsets(topic)).length === 3
  // waitForLeaders of kafkajs fails where the broker is slow
  await waitFor(() => there().catch(() => false), { timeout: 60_000, describe: `topic ${topic}` })
  await admin.disconnect()
  return topic
}

const send = (topic: string, messages: Message[]) => producer.send({ topic, messages })

const file = (name: string, topic: string, source: string) =>
  pipelineFile(`name: ${name}
source:
  topic: ${topic}
  properties.bootstrap.servers: ${bootstrapServers}
  properties.group.id: ${topic}
${source}
sink:
  connector: jdbc
  url: jdbc:postgresql://${postgres.host}:${postgres.port}/${target}
  username: ${postgres.user}
  password: \${env:SECRET}
`)

const start = (path: string) => new CdcProcess(['run', path], { env: { SECRET: postgres.password } })
const rowsOf = (sql: string) => postgres.query(sql, target)

/** Runs the pipeline again and again, and kills each run at another moment while `round` writes. */
async function killed(path: string, rounds: number, round: (number: number) => Promise<unknown>): Promise<void> {
  for (let number = 0; number < rounds; number++) {
    await using run = start(path)
    await run.says('pipeline starting')
    await round(number)
    // not a wait for something: the moment of the kill is what varies
    await delay(200 * number)
    run.signal('SIGKILL')
    expect(await run.exit()).toBe('SIGKILL')
  }
}

test('kafka to a table without a key: each record is one row, whenever the process is killed', async () => {
  const topic = await makeTopic('events')
  const path = file(
    'events',
    topic,
    `  connector: kafka
  format: json
  scan.startup.mode: earliest-offset
  table-name: public.events
  schema: id BIGINT, what STRING, part INT METADATA FROM 'partition', at BIGINT METADATA FROM 'offset'`,
  )
  const write = (number: number) =>
    send(
      topic,
      Array.from({ length: 3000 }, (_, i) => ({
        partition: i % 3,
        value: JSON.stringify({ id: number * 3000 + i, what: `event ${i}` }),
      })),
    )
  await killed(path, 3, write)
  await write(3)
  await using run = start(path)
  const count = "SELECT count(*)::int AS rows FROM pg_class WHERE relname = 'events'"
  await waitFor(
    async () =>
      (await rowsOf(count))[0].rows === 1 && (await rowsOf('SELECT count(*)::int AS n FROM events'))[0].n >= 12_000,
    { timeout: 60_000, describe: 'all rows' },
  )
  const [row] = await rowsOf(
    'SELECT count(*)::int AS rows, count(DISTINCT (part, at))::int AS places, count(DISTINCT id)::int AS ids, max(at)::int AS last FROM events',
  )
  expect(row).toEqual({ rows: 12_000, places: 12_000, ids: 12_000, last: 3999 })
  run.signal('SIGTERM')
  expect(await run.exit()).toBe(0)
  const admin = client.admin()
  await admin.connect()
  const [offsets] = await admin.fetchOffsets({ groupId: topic, topics: [topic] })
  await admin.disconnect()
  expect(offsets!.partitions.map(({ offset }) => offset)).toEqual(['4000', '4000', '4000'])
}, 180_000)

test('upsert-kafka to a table: the last row of every key, and none of those that are gone', async () => {
  const topic = await makeTopic('accounts')
  const path = file(
    'accounts',
    topic,
    `  connector: upsert-kafka
  key.format: json
  value.format: json
  value.fields-include: EXCEPT_KEY
  table-name: public.accounts
  schema: id BIGINT, owner STRING, balance DECIMAL(12, 2), PRIMARY KEY (id) NOT ENFORCED`,
  )
  const rows = new Map<number, string>()
  const write = (number: number) => {
    const messages = Array.from({ length: 4000 }, (_, i) => {
      const id = (i * 7 + number) % 1500
      const key = JSON.stringify({ id })
      if (i % 5 === 0) {
        rows.delete(id)
        return { key, value: null }
      }
      rows.set(id, `${number + 1}${i}.25`)
      return { key, value: `{"owner":"owner ${i}","balance":${number + 1}${i}.25}` }
    })
    return send(topic, messages)
  }
  await killed(path, 2, write)
  await write(2)
  await using run = start(path)
  const there = async () =>
    (await rowsOf('SELECT id::int, balance::text FROM accounts ORDER BY id')).map(({ id, balance }) => [
      id,
      Number(balance),
    ])
  const expected = [...rows].sort(([a], [b]) => a - b).map(([id, balance]) => [id, Number(balance)])
  await waitFor(async () => JSON.stringify(await there().catch(() => [])) === JSON.stringify(expected), {
    timeout: 60_000,
    describe: 'the rows',
  })
  run.signal('SIGTERM')
  expect(await run.exit()).toBe(0)
}, 180_000)
