import { armFailpoints, CdcError, type Claim, type Share, type Sink, type Source, silentLogger } from '@cdc/core'
import { json } from '@cdc/json'
import { groupClaim, type PartitionOffset, topicPositions } from '@cdc/kafka-client'
import { sharedKafka } from '@cdc/servers'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import {
  batchOf,
  contextOf,
  fault,
  insert,
  opened,
  put,
  shown,
  signal,
  tableOf,
} from '../../kafka-client/test/sink-feed.ts'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { kafka, kafkaSource } from '../src/index.ts'

const parts = { parts: topicPositions.parts!, join: topicPositions.join! }
const items = tableOf('items', ['id'])
const row = (id: number) => insert(items, [id])
let bootstrapServers: string
let topics: TopicLog
let newPrefix: () => string
/** The topic that is read, and the group that reads it; new ones for each test. */
let topic: string

beforeAll(async () => {
  const broker = await sharedKafka()
  bootstrapServers = broker.bootstrapServers
  newPrefix = () => broker.prefix('group-exact')
  topics = await TopicLog.open(bootstrapServers)
})
afterAll(() => topics.close())
beforeEach(async () => {
  topic = newPrefix()
  await topics.client.admin().createTopics([{ topic, partitions: 2 }])
})

const sinkTo = (options: Readonly<Record<string, unknown>> = {}) =>
  kafka({
    topic: `${topic}-out`,
    format: json({}),
    'sink.key': 'none',
    'properties.bootstrap.servers': bootstrapServers,
    'sink.delivery-guarantee': 'exactly-once',
    'sink.transactional-id-prefix': topic,
    'sink.position-topic': `${topic}.position`,
    ...options,
  } as never)

const sourceOf = (options: Readonly<Record<string, unknown>> = {}) =>
  kafkaSource({
    topic,
    format: json({}),
    schema: 'id INT',
    'table-name': 'public.items',
    'scan.startup.mode': 'earliest-offset',
    'scan.assignment': 'group',
    'properties.group.id': topic,
    'properties.bootstrap.servers': bootstrapServers,
    ...options,
  } as never)

interface Process {
  readonly source: Source
  readonly share: Share
  readonly sink: Sink
}

/** What the runtime does, up to the question where the sink stands. */
async function start(process: string, sourceOptions = {}, claim?: Claim): Promise<Process> {
  const sink = await opened(sinkTo(), { parts: { ...parts, shared: true, process } })
  const source = await openSource(sourceOptions)
  const share = await source.share!(undefined, signal)
  await sink.claim!(claim ?? share.claim!)
  return { source, share, sink }
}

async function openSource(options: Readonly<Record<string, unknown>>): Promise<Source> {
  const source = sourceOf(options).create({
    pipeline: 'shop',
    logger: silentLogger,
    report() {},
    wants: { message: false, transaction: false },
    limits: { rows: 100, bytes: 100_000 },
    shapes: new Map(),
    claimed: true,
  })
  onTestFinished(() => source.close())
  await source.open()
  return source
}

/** The same position with these offsets in the two partitions. */
function at(position: string, first: number, second: number): string {
  const read = JSON.parse(position) as { topics: Record<string, { p: Record<string, string> }> }
  read.topics[topic]!.p = { 0: String(first), 1: String(second) }
  return JSON.stringify(read)
}

const offsets = async (groupId = topic) =>
  (
    await topics.client.admin().groupOffsets(
      groupId,
      [0, 1].map((partition) => ({ topic, partition })),
    )
  ).map(({ offset }) => Number(offset))

async function seen(transactionalId: string): Promise<string[]> {
  await topics.decided(`${topic}-shop-topics-${transactionalId}`)
  return shown(await topics.read(`${topic}-out`))
}

async function deleteGroup(): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [bootstrapServers], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.deleteGroups([topic])
  await admin.disconnect()
}

test('records and the group’s offsets are one transaction, begun where the group was written down to begin', async () => {
  const { share, sink, source } = await start('a')
  expect(await offsets()).toEqual([0, 0])
  expect(await sink.position!()).toBe(share.position)
  await put(sink, at(share.position, 3, 1), row(1), row(2))
  // without records, and without any news
  await sink.flush(at(share.position, 3, 4), signal)
  await sink.flush(at(share.position, 3, 4), signal)
  expect(await offsets()).toEqual([3, 4])
  // what every sink has is nothing to tell the group: it may have more by now
  await source.acknowledge(at(share.position, 1, 1))
  await source.close()
  const next = await start('b')
  expect(await next.sink.position!()).toBe(at(share.position, 3, 4))
  expect(await seen('a')).toEqual(['- {"id":1}', '- {"id":2}'])
})

test('who was thrown out of the group can commit nothing, and what it wrote is at once out of the way', async () => {
  const { share, sink } = await start('a')
  await put(sink, at(share.position, 1, 0), row(1))
  await sink.write(batchOf([row(2)], at(share.position, 2, 0)), signal)
  await topics.expel(topic)
  expect(await fault(sink.flush(at(share.position, 2, 0), signal))).toMatch(/^KAFKA_REBALANCED rewind: /)
  await sink.close()
  const next = await start('b')
  expect(await next.sink.position!()).toBe(at(share.position, 1, 0))
  await put(next.sink, at(share.position, 2, 0), row(3))
  expect(await seen('b')).toEqual(['- {"id":1}', '- {"id":3}'])
})

test('the position of one process becomes the group’s, in the transaction that forbids it to go on', async () => {
  const one = await opened(sinkTo())
  const fixed = await openSource({ 'scan.assignment': 'fixed' })
  const { value: first } = await fixed.read(undefined, signal)[Symbol.asyncIterator]().next()
  await put(one, at(first.position, 7, 9), row(1))
  // it is gone in front of a commit
  armFailpoints((name) => {
    if (name === 'sink.commit') throw new CdcError({ code: 'CUT', kind: 'connection', message: 'cut' })
  })
  expect(await fault(put(await opened(sinkTo()), at(first.position, 8, 9), row(2)))).toMatch(/^CUT/)
  armFailpoints(undefined)
  const { share, sink } = await start('a')
  expect(await sink.position!()).toBe(at(share.position, 7, 9))
  expect(await offsets()).toEqual([7, 9])
  expect(await fault(put(one, at(first.position, 8, 9), row(2)))).toMatch(/^KAFKA_PRODUCER_FENCED conflict: /)
  expect(await seen('a')).toEqual(['- {"id":1}'])
  // the way back: one process goes on at the group's offsets
  expect(await sinkTo().admin!(contextOf()).reset([], { rows: false })).toHaveLength(1)
  expect(await (await opened(sinkTo())).position!()).toBeUndefined()
  expect(await offsets()).toEqual([7, 9])
})

test('of two processes that write down where the group begins one does it, and the other looks again', async () => {
  const shared = (process: string) => ({ parts: { ...parts, shared: true, process } })
  const [first, second] = [await opened(sinkTo(), shared('a')), await opened(sinkTo(), shared('b'))]
  const cluster = await topics.client.admin().clusterId()
  const begin = (offset: bigint) => [0, 1].map((partition) => ({ topic, partition, offset }))
  const claim = (starts: () => Promise<readonly PartitionOffset[]>) =>
    ({ kind: groupClaim, cluster, groupId: topic, starts, prove: async () => {} }) as Claim
  const overtaken = first.claim!(
    claim(async () => {
      await second.claim!(claim(async () => begin(5n)))
      return begin(4n)
    }),
  )
  expect(await fault(overtaken)).toMatch(/^KAFKA_REBALANCED rewind: /)
  await first.claim!(claim(async () => begin(3n)))
  expect(await offsets()).toEqual([5, 5])
})

test('a group that has lost its offsets, another group, one process and another cluster are refused', async () => {
  const { share, sink, source } = await start('a')
  await put(sink, at(share.position, 1, 0), row(1))
  await source.close()
  expect(await fault(start('b', { 'properties.group.id': `${topic}-2` }))).toMatch(
    /^KAFKA_POSITION_IN_GROUP config: .* in the offsets of group '\S+', and the source reads as group '\S+-2'/,
  )
  const one = await opened(sinkTo())
  expect(await fault(one.position!())).toMatch(/^KAFKA_POSITION_IN_GROUP config: .* the source is read by one process/)
  const elsewhere = { ...share.claim!, cluster: 'another', kind: 'kafka-group' }
  expect(await fault(start('c', {}, elsewhere))).toMatch(
    /^KAFKA_CLUSTERS_DIFFER config: The source's group is in cluster another, and the sink writes to cluster \S+\./,
  )
  await topics.expel(topic)
  await deleteGroup()
  expect(await fault(start('d'))).toMatch(/^KAFKA_GROUP_FORGOTTEN history-lost: /)
})

test('kafkajs has no such claim', () => {
  expect(sinkTo().capabilities.claims).toBe(sourceOf().claims)
  expect(sinkTo({ client: 'kafkajs' }).capabilities.claims).toBeUndefined()
  expect(sourceOf({ 'scan.assignment': 'fixed' }).claims).toBeUndefined()
})
