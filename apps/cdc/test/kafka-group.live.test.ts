import { setInterval as every } from 'node:timers/promises'
import { type PostgresConnection, sharedKafka, sharedPostgres, waitFor } from '@cdc/servers'
import kafkajs, { type Admin, type Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CdcProcess } from './cdc-process.ts'
import { pipelineFile } from './pipeline-file.ts'

const { Kafka, logLevel } = kafkajs
const partitions = 4

let bootstrapServers: string
let prefix: string
let postgres: PostgresConnection
let target: string
let producer: Producer
let admin: Admin

beforeAll(async () => {
  const shared = await sharedKafka()
  bootstrapServers = shared.bootstrapServers
  prefix = shared.prefix('group')
  postgres = await sharedPostgres(15)
  target = await postgres.createDatabase('groups')
  const client = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
  producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  admin = client.admin()
  await Promise.all([producer.connect(), admin.connect()])
}, 180_000)

afterAll(() => Promise.all([producer.disconnect(), admin.disconnect()]))

async function makeTopic(name: string): Promise<string> {
  const topic = `${prefix}-${name}`
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: false })
  const there = async () => (await admin.fetchTopicOffsets(topic)).length === partitions
  // waitForLeaders of kafkajs fails where the broker is slow
  await waitFor(() => there().catch(() => false), { timeout: 60_000, describe: `topic ${topic}` })
  return topic
}

/** Writes a little into each partition all the time, until it is stopped; gives how many lie in each. */
function load(topic: string, milliseconds = 50): AsyncDisposable & { stop(): Promise<number> } {
  const ended = new AbortController()
  let written = 0
  const running = (async () => {
    const messages = () =>
      Array.from({ length: partitions * 5 }, (_, i) => ({ partition: i % partitions, value: `{"id":${written}}` }))
    for await (const _ of every(milliseconds, undefined, { signal: ended.signal })) {
      await producer.send({ topic, messages: messages() })
      written += 5
    }
  })().catch((error: Error) => {
    if (error.name !== 'AbortError') throw error
  })
  return {
    async stop() {
      ended.abort()
      await running
      return written
    },
    async [Symbol.asyncDispose]() {
      ended.abort()
      await running
    },
  }
}

const source = (topic: string) => `  connector: kafka
  topic: ${topic}
  format: json
  schema: id BIGINT, part INT METADATA FROM 'partition', at BIGINT METADATA FROM 'offset'
  table-name: public.ledger
  scan.startup.mode: earliest-offset
  properties.bootstrap.servers: ${bootstrapServers}
  properties.group.id: ${topic}
  scan.assignment: group
  properties.session.timeout.ms: 6000
  properties.heartbeat.interval.ms: 500
  properties.fetch.max.wait.ms: 50`

/** `cdc run` as one process of the pipeline, with a state of its own. */
function member(file: string, name: string, env: Record<string, string> = {}): CdcProcess {
  return new CdcProcess(['run', file, '--metrics-port', '0'], {
    env: { SECRET: postgres.password, MEMBER: name, ...env },
  })
}

/** What it said last of its share: how many partitions, 0 while it waits. */
function shareOf({ stderr }: CdcProcess): number {
  const said = [...stderr.matchAll(/(?:Reads (\d) of|(Waits): other members)/g)].at(-1)
  return said === undefined ? -1 : Number(said[1] ?? 0)
}

async function settled(shares: readonly (readonly [CdcProcess, number])[]): Promise<void> {
  await waitFor(() => shares.every(([process, share]) => shareOf(process) === share), {
    timeout: 60_000,
    describe: 'the shares',
  }).catch((failure: unknown) => {
    throw new Error(shares.map(([{ stderr }, share]) => `--- wanted ${share}\n${stderr}`).join('\n'), {
      cause: failure,
    })
  })
}

const count = async (): Promise<number> => {
  const [row] = await postgres.query('SELECT count(*)::int AS n FROM ledger', target).catch(() => [{ n: 0 }])
  return row.n
}

test('members that come, go, are killed and freeze share a topic: each record is in the target once', async () => {
  const topic = await makeTopic('ledger')
  const file = pipelineFile(`name: ledger
source:
${source(topic)}
sink:
  connector: jdbc
  url: jdbc:postgresql://${postgres.host}:${postgres.port}/${target}
  username: ${postgres.user}
  password: \${env:SECRET}
state: ./state-\${env:MEMBER}
`)
  await using writing = load(topic)
  await using second = member(file, 'b')
  await settled([[second, 4]])
  // it stops in front of a COMMIT, with rows that it may not write any more when it wakes up
  await using frozen = member(file, 'a', { CDC_FAILPOINTS: 'sink.commit:freeze:20' })
  await settled([
    [frozen, 2],
    [second, 2],
  ])
  // others get what was the frozen one's, and write over it
  await settled([[second, 4]])
  const before = await count()
  await waitFor(async () => (await count()) > before + 200, { timeout: 60_000, describe: 'rows of who took over' })
  await using third = member(file, 'c')
  await settled([
    [second, 2],
    [third, 2],
  ])
  frozen.signal('SIGCONT')
  await waitFor(() => /PART_TAKEN|KAFKA_REBALANCED/.test(frozen.stderr), { timeout: 60_000, describe: 'the conflict' })
  await waitFor(() => shareOf(frozen) > 0 && shareOf(frozen) < 3, { timeout: 60_000, describe: 'a share again' })
  third.signal('SIGKILL')
  await settled([
    [frozen, 2],
    [second, 2],
  ])
  second.signal('SIGTERM')
  expect(await second.exit()).toBe(0)
  await settled([[frozen, 4]])
  const written = await writing.stop()
  await waitFor(async () => (await count()) >= written * partitions, { timeout: 60_000, describe: 'all rows' })
  frozen.signal('SIGTERM')
  expect(await frozen.exit()).toBe(0)
  const ledger = await postgres.query(
    'SELECT part, count(*)::int AS rows, count(DISTINCT at)::int AS places, max(at)::int + 1 AS end FROM ledger GROUP BY part ORDER BY part',
    target,
  )
  const all = { rows: written, places: written, end: written }
  expect(ledger).toEqual([0, 1, 2, 3].map((part) => ({ part, ...all })))
  const [offsets] = await admin.fetchOffsets({ groupId: topic, topics: [topic] })
  expect(offsets!.partitions.map(({ offset }) => Number(offset))).toEqual([written, written, written, written])
}, 180_000)
