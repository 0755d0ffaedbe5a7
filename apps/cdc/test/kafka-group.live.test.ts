import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setInterval as every } from 'node:timers/promises'
import { type PostgresConnection, sharedKafka, sharedPostgres, waitFor } from '@cdc/servers'
import kafkajs, { type Admin, type Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readCommitted } from '../../../packages/kafka-client/test/committed.ts'
import { CdcProcess } from './cdc-process.ts'
import { pipelineFile } from './pipeline-file.ts'

const { Kafka, logLevel } = kafkajs
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

async function makeTopic(name: string, partitions: number): Promise<string> {
  const topic = `${prefix}-${name}`
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: false })
  const there = async () => (await admin.fetchTopicOffsets(topic)).length === partitions
  // waitForLeaders of kafkajs fails where the broker is slow
  await waitFor(() => there().catch(() => false), { timeout: 60_000, describe: `topic ${topic}` })
  return topic
}

/** Writes a little into each partition all the time, until it is stopped; gives how many lie in each. */
function load(topic: string, partitions: number): AsyncDisposable & { stop(): Promise<number> } {
  const ended = new AbortController()
  let written = 0
  const running = (async () => {
    const messages = () =>
      Array.from({ length: partitions * 5 }, (_, i) => ({ partition: i % partitions, value: `{"id":${written}}` }))
    for await (const _ of every(50, undefined, { signal: ended.signal })) {
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

test.concurrent('members that come, go, are killed and freeze share a topic: each record is in the target once', async () => {
  const topic = await makeTopic('ledger', 4)
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
  await using writing = load(topic, 4)
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
  await waitFor(async () => (await count()) >= written * 4, { timeout: 60_000, describe: 'all rows' })
  frozen.signal('SIGTERM')
  expect(await frozen.exit()).toBe(0)
  const ledger = await postgres.query(
    'SELECT part, count(*)::int AS rows, count(DISTINCT at)::int AS places, max(at)::int + 1 AS end FROM ledger GROUP BY part ORDER BY part',
    target,
  )
  const all = { rows: written, places: written, end: written }
  expect(ledger).toEqual([0, 1, 2, 3].map((part) => ({ part, ...all })))
  expect(await committed(topic)).toEqual([written, written, written, written])
}, 180_000)

const committed = async (topic: string): Promise<number[]> => {
  const [offsets] = await admin.fetchOffsets({ groupId: topic, topics: [topic] })
  return offsets!.partitions.map(({ offset }) => Number(offset))
}

test.concurrent('from Kafka to Kafka members that freeze and are killed around a commit write each record once, in order', async () => {
  const topic = await makeTopic('exact', 4)
  const file = pipelineFile(`name: exact
source:
${source(topic)}
sink:
  connector: kafka
  topic: ${topic}-out
  topic.creation.default.partitions: 2
  properties.bootstrap.servers: ${bootstrapServers}
  key.format: json
  key.fields: part
  value.format: json
  sink.delivery-guarantee: exactly-once
  sink.transactional-id-prefix: ${topic}
state: ./state-\${env:MEMBER}
`)
  await using writing = load(topic, 4)
  await using lasting = member(file, 'l')
  await settled([[lasting, 4]])
  // in front of a commit, its offsets in the transaction that is open longer than the session; and later behind one that no checkpoint has heard of
  await using frozen = member(file, 'f', { CDC_FAILPOINTS: 'sink.commit:freeze:20,sink.committed:kill:80' })
  await settled([
    [frozen, 2],
    [lasting, 2],
  ])
  await settled([[lasting, 4]])
  frozen.signal('SIGCONT')
  // whichever answer comes first: that of its commit or that of its heartbeat
  const refused = () => /KAFKA_TRANSACTION_EXPIRED|KAFKA_REBALANCED/.test(frozen.stderr)
  await waitFor(refused, { timeout: 60_000, describe: 'the conflict' })
  expect(await frozen.exit()).toBe('SIGKILL')
  await settled([[lasting, 4]])
  await using killed = member(file, 'k', { CDC_FAILPOINTS: 'sink.commit:kill:20' })
  expect(await killed.exit()).toBe('SIGKILL')
  await settled([[lasting, 4]])
  const written = await writing.stop()
  const all = async () => (await committed(topic)).every((offset) => offset === written)
  await waitFor(all, { timeout: 60_000, describe: 'the offsets of all records' })
  lasting.signal('SIGTERM')
  expect(await lasting.exit()).toBe(0)
  const ledger: number[][] = [[], [], [], []]
  for (const { value } of (await readCommitted(bootstrapServers, `${topic}-out`)).flat()) {
    const { part, at } = JSON.parse(value!.toString()) as { part: number; at: number }
    ledger[part]!.push(at)
  }
  const each = Array.from({ length: written }, (_, at) => at)
  expect(ledger).toEqual([each, each, each, each])
}, 180_000)

/** A record by its place: `partition@offset`, in the order of the file. */
function recordsOf(folder: string): string[] {
  if (!existsSync(folder)) return []
  // what a killed process has not finished has another name, and its lines count all the same
  const files = readdirSync(folder).filter((name) => name.includes('.jsonl'))
  return files.flatMap((name) => {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => {
      const { part, at } = JSON.parse(line) as { part: number; at: number }
      return `${part}@${at}`
    })
  })
}

test.concurrent('where each process writes files of its own nothing is lost, only what a killed one had in flight is there twice, and a spare process is ready', async () => {
  const topic = await makeTopic('files', 2)
  const out = mkdtempSync(join(tmpdir(), 'cdc-group-'))
  const file = pipelineFile(`name: files
source:
${source(topic)}
sink:
  connector: filesystem
  path: ${out}/\${env:MEMBER}
  format: json
state: ./state-\${env:MEMBER}
`)
  const folder = (name: string) => recordsOf(join(out, name))
  const found = () => ['x', 'y', 'z'].map(folder)
  await using writing = load(topic, 2)
  await using killed = member(file, 'x')
  await settled([[killed, 2]])
  await using stopped = member(file, 'y')
  await settled([
    [killed, 1],
    [stopped, 1],
  ])
  await using spare = member(file, 'z')
  await settled([[spare, 0]])
  const url = /http:\/\/[\d.]+:\d+/.exec(spare.stderr)![0]
  await waitFor(async () => (await fetch(`${url}/readyz`)).status === 200, { timeout: 60_000, describe: 'a spare one' })
  // what was handed over so far is in one place
  const before = found().flat()
  expect(new Set(before).size).toBe(before.length)
  killed.signal('SIGKILL')
  await settled([
    [stopped, 1],
    [spare, 1],
  ])
  stopped.signal('SIGTERM')
  expect(await stopped.exit()).toBe(0)
  await settled([[spare, 2]])
  const written = await writing.stop()
  const all = [0, 1].flatMap((part) => Array.from({ length: written }, (_, at) => `${part}@${at}`))
  await waitFor(() => new Set(found().flat()).size >= all.length, { timeout: 60_000, describe: 'all records' })
  spare.signal('SIGTERM')
  expect(await spare.exit()).toBe(0)
  const [x, y, z] = found()
  expect(new Set([...x!, ...y!, ...z!])).toEqual(new Set(all))
  // the killed process's last records may be in its successor's files too
  const own = [...y!, ...z!]
  expect(new Set(own).size).toBe(own.length)
  expect(new Set(x).size).toBe(x!.length)
}, 180_000)
