import { openKafkaClient } from '@cdc/kafka-client'
import { waitFor } from '@cdc/servers'
import { describe, expect, test } from 'vitest'
import { inserted, type Options, once, read, row, source } from './plain-topic.ts'
import { failureOf, Reading, sorted } from './read-source.ts'
import { makeTopic, WrittenTopic } from './written-topic.ts'

/** Offsets of the group that has the topic's name, from partition 0 on. */
async function commitFor({ topic, bootstrapServers }: WrittenTopic, offsets: readonly bigint[]): Promise<void> {
  const client = await openKafkaClient({ 'bootstrap.servers': bootstrapServers })
  const list = offsets.map((offset, partition) => ({ topic, partition, offset }))
  await client.admin().alterGroupOffsets(topic, list)
  await client.close()
}

describe('where the first run starts', () => {
  test.each<[string, Options, number[]]>([
    ['earliest-offset', {}, [0, 1, 2, 3, 10, 11, 12, 13]],
    ['latest-offset', { 'scan.startup.mode': 'latest-offset' }, []],
    [
      'specific-offsets, and the earliest for a partition that is not named',
      { 'scan.startup.mode': 'specific-offsets', 'scan.startup.specific-offsets': 'partition:0,offset:3' },
      [3, 10, 11, 12, 13],
    ],
    [
      'timestamp',
      { 'scan.startup.mode': 'timestamp', 'scan.startup.timestamp-millis': '1700000002000' },
      [2, 3, 12, 13],
    ],
  ])('%s', async (_, options, ids) => {
    await using written = await WrittenTopic.of(2)
    await written.write(
      [0, 1, 2, 3].flatMap((i) =>
        [0, 1].map((partition) => ({
          partition,
          timestamp: String(1_700_000_000_000 + i * 1000),
          value: JSON.stringify(row(partition * 10 + i)),
        })),
      ),
    )
    expect(sorted(await read(written, { ...once, ...options }))).toEqual(sorted(inserted(...ids)))
  })

  test('group-offsets: the committed offset, else auto.offset.reset, else an error', async () => {
    await using written = await WrittenTopic.of(2)
    await written.rows(0, row(1), row(2))
    await written.rows(1, row(3))
    const group = { 'properties.group.id': written.topic, 'scan.startup.mode': 'group-offsets' } as const
    await commitFor(written, [1n])
    expect((await failureOf(read(written, { ...once, ...group }))).code).toBe('KAFKA_NO_OFFSET')
    const reset = { ...once, ...group, 'properties.auto.offset.reset': 'earliest' }
    expect(sorted(await read(written, reset))).toEqual(sorted(inserted(2, 3)))
  })

  test('a run that found nothing is where the next goes on, whatever the mode', async () => {
    await using written = await WrittenTopic.of()
    await written.rows(0, row(1))
    await using first = await Reading.of(source(written, { 'scan.startup.mode': 'latest-offset' }))
    await first.next()
    await written.rows(0, row(2))
    expect(await read(written, { ...once, 'scan.startup.mode': 'latest-offset' }, first.position)).toEqual(inserted(2))
  })
})

describe('where reading ends', () => {
  test.each<[string, Options, number[]]>([
    [
      'specific-offsets: partitions that are not named are not read',
      { 'scan.bounded.mode': 'specific-offsets', 'scan.bounded.specific-offsets': 'partition:1,offset:2' },
      [10, 11],
    ],
    ['timestamp', { 'scan.bounded.mode': 'timestamp', 'scan.bounded.timestamp-millis': '1700000001000' }, [0, 10]],
    ['group-offsets', { 'scan.bounded.mode': 'group-offsets' }, [0, 1, 2, 10]],
  ])('%s', async (_, options, ids) => {
    await using written = await WrittenTopic.of(2)
    await written.write(
      [0, 1, 2].flatMap((i) =>
        [0, 1].map((partition) => ({
          partition,
          timestamp: String(1_700_000_000_000 + i * 1000),
          value: JSON.stringify(row(partition * 10 + i)),
        })),
      ),
    )
    await commitFor(written, [3n, 1n])
    expect(sorted(await read(written, { ...options, 'properties.group.id': written.topic }))).toEqual(
      sorted(inserted(...ids)),
    )
  })
})

describe('what happens to topics', () => {
  test('records that were removed before they were read are history lost, and nothing is emitted', async () => {
    await using written = await WrittenTopic.of(2)
    await written.rows(0, row(1))
    await using first = await Reading.of(source(written))
    await first.rows(1)
    await written.rows(0, row(2))
    await written.rows(1, row(3))
    await written.removeAll()
    await using next = await Reading.of(source(written), first.position)
    expect(await failureOf(next.next())).toMatchObject({ code: 'KAFKA_OFFSET_OUT_OF_RANGE', kind: 'history-lost' })
  })

  test('a topic that was made again is history lost, also when it has as many records', async () => {
    await using written = await WrittenTopic.of()
    await written.rows(0, row(1), row(2))
    await using first = await Reading.of(source(written))
    await first.rows(2)
    await written.admin.deleteTopics({ topics: [written.topic] })
    await waitFor(async () => !(await written.admin.listTopics()).includes(written.topic), { timeout: 60_000 })
    await using gone = await Reading.of(source(written), first.position)
    expect(await failureOf(gone.next())).toMatchObject({ code: 'KAFKA_TOPIC_LOST', kind: 'history-lost' })
    await written.make()
    await written.rows(0, row(1), row(2), row(3))
    await using again = await Reading.of(source(written), first.position)
    expect(await failureOf(again.next())).toMatchObject({ code: 'KAFKA_TOPIC_LOST', kind: 'history-lost' })
    // and the one that reads on meanwhile is not led to the new one
    expect(await failureOf(first.rows(3))).toMatchObject({ code: 'KAFKA_TOPIC_LOST', kind: 'history-lost' })
  })

  test('partitions that are added, and topics that begin to match, are read from their beginning', async () => {
    await using written = await WrittenTopic.of()
    await written.rows(0, row(1))
    const options: Options = {
      topic: undefined,
      'topic-pattern': `${written.topic}(-more)?`,
      'table-name': 'rows',
      'scan.topic-partition-discovery.interval': 20,
      'properties.metadata.max.age.ms': 100,
    }
    await using reading = await Reading.of(source(written, options))
    await reading.rows(1)
    await written.admin.createPartitions({ topicPartitions: [{ topic: written.topic, count: 3 }] })
    const three = async () => (await written.admin.fetchTopicOffsets(written.topic)).length === 3
    await waitFor(() => three().catch(() => false), { timeout: 60_000, describe: 'three partitions' })
    // a client that knows the new partition
    const client = await openKafkaClient({ 'bootstrap.servers': written.bootstrapServers })
    const value = Buffer.from(JSON.stringify(row(2)))
    await client.producer().send([{ topic: written.topic, partition: 2, key: null, value }])
    await client.close()
    expect(sorted(await reading.rows(2))).toEqual(sorted(inserted(1, 2)))
    const more = `${written.topic}-more`
    await makeTopic(written.admin, { topic: more, numPartitions: 1 })
    await written.producer.send({ topic: more, messages: [{ value: JSON.stringify(row(3)) }] })
    expect(sorted(await reading.rows(3))).toEqual(sorted(inserted(1, 2, 3)))
    // and after a restart too, without another look
    await using next = await Reading.of(source(written, { ...options, ...once }), reading.position)
    expect(await next.all()).toEqual([])
    await written.admin.deleteTopics({ topics: [more] })
    expect(await failureOf(reading.rows(4))).toMatchObject({ code: 'KAFKA_TOPIC_LOST' })
  })

  test('a topic that is not there, and a position of another cluster, are errors with a code', async () => {
    await using written = await WrittenTopic.of()
    await using missing = await Reading.of(source(written, { topic: `${written.topic}-no` }))
    expect(await failureOf(missing.next())).toMatchObject({ code: 'KAFKA_TOPIC_NOT_FOUND', kind: 'config' })
    const none: Options = { topic: undefined, 'topic-pattern': `${written.topic}-no`, 'table-name': 'rows', ...once }
    expect(await failureOf(read(written, none))).toMatchObject({ code: 'KAFKA_TOPIC_NOT_FOUND' })
    await using first = await Reading.of(source(written))
    await first.next()
    const elsewhere = JSON.stringify({ ...JSON.parse(first.position), cluster: 'another' })
    expect(await failureOf(read(written, once, elsewhere))).toMatchObject({
      code: 'KAFKA_OTHER_CLUSTER',
      kind: 'history-lost',
    })
  })
})

describe('transactions and gaps', () => {
  test('aborted records never come, markers and what was compacted away do not hold up', async () => {
    await using written = await WrittenTopic.of(1, {
      'cleanup.policy': 'compact',
      'segment.bytes': '1048576',
      'min.cleanable.dirty.ratio': '0.01',
    })
    const client = await openKafkaClient({ 'bootstrap.servers': written.bootstrapServers })
    const producer = client.producer({ transactionalId: written.topic })
    await producer.init()
    const { topic } = written
    for (let i = 0; i < 6; i++) {
      producer.begin()
      await producer.send([{ topic, key: Buffer.from('k'), value: Buffer.from(JSON.stringify(row(i))) }])
      await (i % 2 === 0 ? producer.commit() : producer.abort())
    }
    await client.close()
    await using reading = await Reading.of(source(written, once))
    expect(await reading.all()).toEqual(inserted(0, 2, 4))
    // six records and six markers
    expect(reading.position).toContain('"0":"12"')
    expect(await read(written, once, reading.position)).toEqual([])
    expect(await read(written, { ...once, 'properties.isolation.level': 'read_uncommitted' })).toHaveLength(6)
  })
})

describe('the offsets of the group', () => {
  test('are committed by acknowledgements alone', async () => {
    await using written = await WrittenTopic.of(2)
    await written.rows(0, row(1), row(2))
    await written.rows(1, row(3))
    const groupId = written.topic
    const committed = async () => {
      const [topic] = await written.admin.fetchOffsets({ groupId, topics: [written.topic] })
      return topic!.partitions.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => offset)
    }
    await using reading = await Reading.of(source(written, { 'properties.group.id': groupId }))
    await reading.rows(3)
    expect(await committed()).toEqual(['-1', '-1'])
    await reading.source.acknowledge(reading.batches[0]!.position!)
    expect(await committed()).toEqual(['0', '0'])
    await reading.source.acknowledge(reading.position)
    expect(await committed()).toEqual(['2', '1'])
    // a consumer of the same group is told from a passing fault
    const client = await openKafkaClient({ 'bootstrap.servers': written.bootstrapServers, 'group.id': groupId })
    const nothing = async () => {}
    await using member = client.member({
      topics: [written.topic],
      onAssigned: async (partitions) => partitions.map((one) => ({ ...one, offset: 0n })),
      onRevoked: nothing,
      onLost: nothing,
    })
    await member.next()
    await written.rows(0, row(4))
    await reading.rows(4)
    expect(await failureOf(reading.source.acknowledge(reading.position))).toMatchObject({
      code: 'KAFKA_GROUP_BUSY',
      kind: 'conflict',
    })
    await client.close()
  })
})
