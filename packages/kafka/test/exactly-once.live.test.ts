import { armFailpoints, CdcError, type Sink } from '@cdc/core'
import { json } from '@cdc/json'
import { sharedKafka, waitFor } from '@cdc/servers'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { readCommitted } from '../../kafka-client/test/committed.ts'
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
import { kafka } from '../src/index.ts'

const items = tableOf('items', ['id'])
const row = (id: number) => insert(items, [id])
let bootstrapServers: string
let topics: TopicLog
let newPrefix: () => string
/** A new one for each test. */
let topic: string

beforeAll(async () => {
  const broker = await sharedKafka()
  bootstrapServers = broker.bootstrapServers
  newPrefix = () => broker.prefix('exact')
  topics = await TopicLog.open(bootstrapServers)
})
afterAll(() => topics.close())
beforeEach(() => {
  topic = newPrefix()
})

const sinkTo = (options: Readonly<Record<string, unknown>> = {}) =>
  kafka({
    topic,
    format: json({}),
    'sink.key': 'none',
    'properties.bootstrap.servers': bootstrapServers,
    'sink.delivery-guarantee': 'exactly-once',
    'sink.transactional-id-prefix': topic,
    'sink.position-topic': `${topic}.position`,
    ...options,
  } as never)

const positionOf = (sink: Sink) => sink.position!()

/** What others see, once the last transaction is decided. */
async function seen(): Promise<string[]> {
  await topics.decided(`${topic}-shop-topics`)
  return shown(await topics.read(topic))
}

/** Fails the nth visit of a failpoint. */
function failAt(name: string, nth = 1): void {
  let visits = 0
  armFailpoints((visited) => {
    if (visited === name && ++visits === nth)
      throw new CdcError({ code: 'CUT', kind: 'connection', message: 'The connection was lost.' })
  })
  onTestFinished(() => armFailpoints(undefined))
}

test('a process that was overtaken is refused with its next call, and a reader sees nothing of it', async () => {
  const first = await opened(sinkTo())
  await put(first, 'one', row(1))
  await first.write(batchOf([row(2)], 'two'), signal)
  const second = await opened(sinkTo())
  expect(await positionOf(second)).toBe('one')
  expect(await fault(first.flush('two', signal))).toMatch(/^KAFKA_PRODUCER_FENCED conflict: /)
  await put(second, 'two', row(3))
  expect(await seen()).toEqual(['- {"id":1}', '- {"id":3}'])
})

test('a commit that was answered to nobody counts, and one that was never sent does not', async () => {
  const first = await opened(sinkTo())
  await put(first, 'one', row(1))
  failAt('sink.committed')
  expect(await fault(put(first, 'two', row(2)))).toMatch(/^CUT/)
  const second = await opened(sinkTo())
  expect(await positionOf(second)).toBe('two')
  failAt('sink.commit')
  expect(await fault(put(second, 'three', row(3)))).toMatch(/^CUT/)
  const third = await opened(sinkTo())
  expect(await positionOf(third)).toBe('two')
  expect(await seen()).toEqual(['- {"id":1}', '- {"id":2}'])
})

test('the position is found behind any number of records of others, of other sinks and of aborted transactions', async () => {
  const shared = { 'sink.position-topic': `${topic}.position` }
  const ours = await opened(sinkTo(shared))
  await put(ours, 'ours', row(1))
  await ours.close()
  const other = await opened(sinkTo(shared), { sink: 'other' })
  for (let at = 0; at < 210; at++) await other.flush(`other ${at}`, signal)
  failAt('sink.commit')
  expect(await fault(put(await opened(sinkTo(shared)), 'never', row(2)))).toMatch(/^CUT/)
  expect(await positionOf(await opened(sinkTo(shared)))).toBe('ours')
})

test('a topic for the position with two partitions, or one that is not compacted, is refused', async () => {
  const admin = topics.client.admin()
  await admin.createTopics([
    { topic: `${topic}.two`, partitions: 2, config: { 'cleanup.policy': 'compact' } },
    { topic: `${topic}.old`, partitions: 1, config: { 'cleanup.policy': 'delete' } },
  ])
  expect(await fault(opened(sinkTo({ 'sink.position-topic': `${topic}.two` })))).toMatch(
    /^KAFKA_POSITION_TOPIC config: Topic '\S+\.two' is to keep the position and has 2 partitions and cleanup\.policy=compact\./,
  )
  expect(await fault(opened(sinkTo({ 'sink.position-topic': `${topic}.old` })))).toMatch(
    /^KAFKA_POSITION_TOPIC config: .* has 1 partitions and cleanup\.policy=delete\./,
  )
  await opened(sinkTo())
  const { partitions, config } = await topics.describe(`${topic}.position`)
  expect([partitions, config.get('cleanup.policy')]).toEqual([1, 'compact'])
})

test.each([
  ['no JSON', 'hello', /is not JSON/],
  ['of a newer version', '{"v":3,"position":"x"}', /was written by a newer version \(3\)/],
  ['something else', '{"v":1,"position":7}', /is not one/],
])('a position that is %s is not trusted', async (_, value, message) => {
  const sink = await opened(sinkTo())
  await put(sink, 'one', row(1))
  const producer = topics.client.producer()
  const { key } = (await topics.read(`${topic}.position`))[0]!
  await producer.send([{ topic: `${topic}.position`, key, value: Buffer.from(value) }])
  const said = await fault(positionOf(await opened(sinkTo())))
  expect(said).toMatch(/^KAFKA_POSITION_INVALID data: /)
  expect(said).toMatch(message)
})

test('a transaction of the source that stays open for too long is an error, and nothing of it is seen', async () => {
  const options = { 'properties.transaction.timeout.ms': '1000' }
  const sink = await opened(sinkTo(options))
  await put(sink, 'one', row(1))
  let said = ''
  await waitFor(async () => {
    said = await fault(sink.write(batchOf([row(2)]), signal))
    return said !== 'nothing'
  })
  expect(said).toMatch(
    /^KAFKA_TRANSACTION_TOO_LONG config: A transaction of the source, .* is open for 800 ms, which is 0\.8 of transaction\.timeout\.ms, .* \| Raise `properties\.transaction\.timeout\.ms`/,
  )
  await sink.close()
  expect(await positionOf(await opened(sinkTo()))).toBe('one')
  expect(await seen()).toEqual(['- {"id":1}'])
})

test('with sink.transaction-split it is committed in parts, and the position stays where it was', async () => {
  const sink = await opened(sinkTo({ 'properties.transaction.timeout.ms': '500', 'sink.transaction-split': true }))
  await put(sink, 'one', row(1))
  let written = 0
  await waitFor(async () => {
    await sink.write(batchOf([row(2 + written++)]), signal)
    return (await topics.read(topic)).length > 1
  })
  await sink.close()
  const next = await opened(sinkTo())
  expect(await positionOf(next)).toBe('one')
})

test('who stood still until the coordinator gave its transaction up is told so, and not of another process', async () => {
  const sink = await opened(sinkTo({ 'properties.transaction.timeout.ms': '300' }))
  const begun = performance.now()
  await sink.write(batchOf([row(1)]), signal)
  // what the coordinator does at its next look, every 10 s
  await opened(sinkTo())
  await waitFor(() => performance.now() - begun > 300)
  expect(await fault(sink.flush('one', signal))).toMatch(
    /^KAFKA_TRANSACTION_TOO_LONG config: .* longer than transaction\.timeout\.ms/,
  )
})

test('a timeout that the broker does not grant is told before anything is read', async () => {
  const options = { 'properties.transaction.timeout.ms': '86400000' }
  expect(await fault(opened(sinkTo(options)))).toMatch(/^KAFKA_TRANSACTION_TIMEOUT config: /)
})

test('a table of the snapshot that is begun again is there once, unless it took longer than a transaction may', async () => {
  const first = await opened(sinkTo())
  await first.write(batchOf([row(1), row(2)], undefined, 'table'), signal)
  await first.flush(undefined, signal)
  expect(await topics.read(topic)).toEqual([])
  await first.close()
  const second = await opened(sinkTo({ 'properties.transaction.timeout.ms': '300' }))
  await waitFor(async () => {
    await second.write(batchOf([row(1)], undefined, 'table'), signal)
    await second.flush(undefined, signal)
    return (await topics.read(topic)).length > 0
  })
  expect(await positionOf(await opened(sinkTo()))).toBeUndefined()
})

test('records and position are one transaction for a reader that is another client', async () => {
  const sink = await opened(sinkTo({ client: 'kafkajs' }))
  for (let at = 1; at <= 5; at++) await put(sink, `${at}`, row(at))
  await sink.write(batchOf([row(6)], '6'), signal)
  await sink.close()
  await opened(sinkTo())
  const [records] = await readCommitted(bootstrapServers, topic)
  expect(records!.map(({ value }) => String(value))).toEqual([1, 2, 3, 4, 5].map((id) => `{"id":${id}}`))
})

test('the admin tells of the position topic before a run meets it', async () => {
  const admin = sinkTo().admin!(contextOf())
  const checks = async (one: typeof admin) => (await one.check([items])).map(({ name, status }) => `${name} ${status}`)
  expect((await admin.plan([items])).map(({ sql }) => sql)).toEqual([
    `-- create topic ${topic}`,
    `-- create topic ${topic}.position`,
  ])
  await opened(sinkTo())
  expect(await admin.plan([items])).toEqual([])
  expect(await checks(admin)).toEqual(['broker ok', 'topics ok', 'position topic ok'])
  const wrong = sinkTo({ 'sink.position-topic': topic, 'topic.creation.enable': false, topic: `${topic}.no` })
  const [, missing, position] = await wrong.admin!(contextOf()).check([items])
  expect([missing!.code, position!.code]).toEqual(['KAFKA_TOPIC_NOT_THERE', 'KAFKA_POSITION_TOPIC'])
})

test('a reset forgets the position, and fences who still writes', async () => {
  const sink = await opened(sinkTo())
  await put(sink, 'one', row(1))
  const said = await sinkTo().admin!(contextOf()).reset([items], { rows: false })
  expect(said).toEqual([`Forgot the position in topic ${topic}.position.`])
  expect(await fault(put(sink, 'two', row(2)))).toMatch(/^KAFKA_PRODUCER_FENCED conflict/)
  expect(await positionOf(await opened(sinkTo()))).toBeUndefined()
})
