import { type KafkaConnection, type KafkaServer, sharedKafka, startKafka, warmUp } from '@cdc/servers'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type KafkaClient,
  type Member,
  openKafkaClient,
  type PartitionOffset,
  type TopicPartition,
} from '../src/index.ts'
import { failureOf } from './reading.ts'

let kafka: KafkaConnection

beforeAll(async () => {
  kafka = await sharedKafka()
})

interface Watched {
  readonly member: Member
  readonly log: string[]
  /** Values read, by partition. */
  readonly read: Map<number, number[]>
  readonly done: Promise<unknown>
}

const quick = {
  'heartbeat.interval.ms': '200',
  'session.timeout.ms': '30000',
  'fetch.max.wait.ms': '50',
  'auto.offset.reset': 'earliest',
  'metadata.max.age.ms': '1000',
}

const name = (partitions: readonly TopicPartition[]) =>
  partitions.map(({ topic, partition }) => `${topic.split('-').at(-1)}:${partition}`).sort()

/** Reads, commits what it has read when partitions are taken away, and notes what happens. */
function watch(client: KafkaClient, topics: readonly string[] | RegExp, groupId: string): Watched {
  const log: string[] = []
  const read = new Map<number, number[]>()
  const positions = new Map<number, PartitionOffset>()
  const member: Member = client.member({
    groupId,
    topics,
    onAssigned: async (partitions) => {
      log.push(`assigned ${name(partitions)}`)
      return []
    },
    onRevoked: async (partitions) => {
      log.push(`revoked ${name(partitions)}`)
      await member.commit(partitions.flatMap(({ partition }) => positions.get(partition) ?? []))
    },
    onLost: async (partitions) => {
      log.push(`lost ${name(partitions)}`)
    },
  })
  const done = (async () => {
    for (;;) {
      const { topic, partition, records, nextOffset } = await member.next()
      const list = read.get(partition) ?? []
      list.push(...records.map(({ value }) => Number(value)))
      read.set(partition, list)
      positions.set(partition, { topic, partition, offset: nextOffset })
    }
  })().catch((error: unknown) => error)
  return { member, log, read, done }
}

const owned = ({ member }: Watched) => name(member.assigned())
const count = (...watched: Watched[]) => watched.flatMap(({ read }) => [...read.values()].flat()).length

async function fill(client: KafkaClient, topic: string, from: number, to: number): Promise<void> {
  await using producer = client.producer()
  await producer.send(
    Array.from({ length: to - from }, (_, i) => ({
      topic,
      partition: (from + i) % 4,
      key: null,
      value: Buffer.from(String(from + i)),
    })),
  )
}

const poll = { timeout: 40_000 }

describe.each(['cooperative-sticky', 'range', 'roundrobin'])('a group under %s', (assignor) => {
  test('hands partitions over: nothing is lost, and nothing is read twice when each commits what it gives up', async () => {
    const open = () =>
      openKafkaClient({
        'bootstrap.servers': kafka.bootstrapServers,
        ...quick,
        'partition.assignment.strategy': assignor,
      })
    await using first = await open()
    await using second = await open()
    const topic = `${kafka.prefix('group')}-t`
    await first.admin().createTopics([{ topic, partitions: 4 }])
    await fill(first, topic, 0, 400)
    const a = watch(first, [topic], topic)
    await expect.poll(() => count(a), poll).toBe(400)
    const b = watch(second, [topic], topic)
    await expect.poll(() => owned(b).length, poll).toBe(2)
    await expect.poll(() => owned(a).length, poll).toBe(2)
    if (assignor === 'cooperative-sticky')
      expect(a.log.filter((line) => line.startsWith('revoked'))[0]).toMatch(/^revoked t:\d,t:\d$/)
    else expect(a.log).toContain('revoked t:0,t:1,t:2,t:3')
    await fill(first, topic, 400, 800)
    await expect.poll(() => count(a, b), poll).toBe(800)
    const values = [...a.read.values(), ...b.read.values()].flat()
    expect(new Set(values).size).toBe(800)
    await b.member.close()
    expect(await b.done).toMatchObject({ code: 'KAFKA_CLOSED' })
    await expect.poll(() => owned(a).length, poll).toBe(4)
    await fill(first, topic, 800, 1_200)
    await expect.poll(() => count(a, b), poll).toBe(1_200)
    await a.member.close()
    const committed = await first.admin().groupOffsets(
      topic,
      [0, 1, 2, 3].map((partition) => ({ topic, partition })),
    )
    expect(committed.map(({ offset }) => offset)).toEqual([300n, 300n, 300n, 300n])
  })
})

describe('a member', () => {
  const open = (properties: Record<string, string> = {}, at: KafkaConnection = kafka) =>
    openKafkaClient({ 'bootstrap.servers': at.bootstrapServers, ...quick, ...properties })

  test('commits only what it has', async () => {
    await using client = await open()
    const topic = `${kafka.prefix('group')}-t`
    await client.admin().createTopics([{ topic, partitions: 1 }])
    const a = watch(client, [topic], topic)
    await expect.poll(() => owned(a).length, poll).toBe(1)
    await a.member.commit([{ topic, partition: 0, offset: 0n }])
    const foreign = a.member.commit([{ topic, partition: 9, offset: 0n }])
    expect(await failureOf(foreign)).toMatchObject({ code: 'KAFKA_REBALANCED', kind: 'rewind' })
    const busy = client.admin().alterGroupOffsets(topic, [{ topic, partition: 0, offset: 0n }])
    expect(await failureOf(busy)).toMatchObject({ code: 'KAFKA_GROUP_BUSY', kind: 'conflict' })
  })

  test('without a committed offset and a place to start, ends in a code', async () => {
    await using client = await open({ 'auto.offset.reset': 'none' })
    const topic = `${kafka.prefix('group')}-t`
    await client.admin().createTopics([{ topic, partitions: 1 }])
    expect(await watch(client, [topic], topic).done).toMatchObject({ code: 'KAFKA_NO_OFFSET', kind: 'config' })
  })

  test('reads topics by a pattern, those too that are made later', async () => {
    await using client = await open()
    const prefix = kafka.prefix('pattern')
    await client.admin().createTopics([
      { topic: `${prefix}-a`, partitions: 1 },
      { topic: `x-${prefix}-a`, partitions: 1 },
    ])
    const a = watch(client, new RegExp(`${prefix}-.`), prefix)
    await expect.poll(() => owned(a), poll).toEqual(['a:0'])
    await client.admin().createTopics([{ topic: `${prefix}-b`, partitions: 1 }])
    await expect.poll(() => owned(a), poll).toEqual(['a:0', 'b:0'])
  })

  test('commits offsets with a transaction, and an aborted one leaves them as they were', async () => {
    await using client = await open()
    const topic = `${kafka.prefix('group')}-t`
    await client.admin().createTopics([{ topic, partitions: 1 }])
    const a = watch(client, [topic], topic)
    await expect.poll(() => owned(a).length, poll).toBe(1)
    await using producer = client.producer({ transactionalId: topic })
    await producer.init()
    const at = (offset: bigint) => [{ topic, partition: 0, offset }]
    producer.begin()
    await producer.send([{ topic, key: null, value: Buffer.from('1') }])
    await producer.sendOffsets!(a.member, at(7n))
    await producer.commit()
    expect(await client.admin().groupOffsets(topic, at(0n))).toEqual(at(7n))
    producer.begin()
    await producer.sendOffsets!(a.member, at(9n))
    await producer.abort()
    expect(await client.admin().groupOffsets(topic, at(0n))).toEqual(at(7n))
  })

  test('finds the offsets of a transaction that is open only when it is decided', async () => {
    await using client = await open()
    const topic = `${kafka.prefix('group')}-t`
    await client.admin().createTopics([{ topic, partitions: 1 }])
    await using producer = client.producer({ transactionalId: topic })
    await producer.init()
    const at = (offset: bigint) => [{ topic, partition: 0, offset }]
    await client.admin().alterGroupOffsets(topic, at(1n))
    producer.begin()
    await producer.sendOffsets!({ groupId: topic }, at(7n))
    let answered = false
    const asked = client
      .admin()
      .groupOffsets(topic, at(0n))
      .finally(() => {
        answered = true
      })
    // the answers of one connection come in the order of the questions
    for (let question = 0; question < 5; question++) await client.admin().describe([topic])
    expect(answered).toBe(false)
    await producer.commit()
    expect(await asked).toEqual(at(7n))
  })

  test('that was silent for too long has lost its partitions, is told so, and gets them back', async () => {
    await using server: KafkaServer = await startKafka({ settings: { 'group.min.session.timeout.ms': '1000' } })
    await warmUp(server.bootstrapServers)
    await using client = await open({ 'session.timeout.ms': '2000', 'request.timeout.ms': '1000' }, server)
    const topic = `${server.prefix('group')}-t`
    await client.admin().createTopics([{ topic, partitions: 4 }])
    await fill(client, topic, 0, 100)
    const a = watch(client, [topic], topic)
    await expect.poll(() => count(a), poll).toBe(100)
    server.signal('SIGSTOP')
    try {
      await expect.poll(() => a.log.at(-1), poll).toBe('lost t:0,t:1,t:2,t:3')
      const commit = a.member.commit([{ topic, partition: 0, offset: 1n }], AbortSignal.timeout(20_000))
      expect((await failureOf(commit)).code).toBe('KAFKA_REBALANCED')
    } finally {
      server.signal('SIGCONT')
    }
    await expect.poll(() => owned(a).length, poll).toBe(4)
  })
})
