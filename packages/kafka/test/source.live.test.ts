import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { avroConfluent } from '@cdc/avro'
import { type OptionInput, type Position, silentLogger } from '@cdc/core'
import { debeziumJson } from '@cdc/debezium-json'
import { json } from '@cdc/json'
import { openKafkaClient } from '@cdc/kafka-client'
import { sharedRegistry, waitFor } from '@cdc/servers'
import { tableOf } from '@cdc/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import { kafkaSource } from '../src/index.ts'
import type { sourceOptions } from '../src/source-options.ts'
import { failureOf, Reading, sorted } from './read-source.ts'
import { makeTopic, WrittenTopic } from './written-topic.ts'

type Options = Partial<OptionInput<typeof sourceOptions.fields>>

const schema = 'id INT, name STRING'
const plain = { format: json({}), schema } as const
const source = (written: WrittenTopic, options: Options = {}) =>
  kafkaSource({ ...written.options, ...plain, ...options } as OptionInput<typeof sourceOptions.fields>)
const once: Options = { 'scan.bounded.mode': 'latest-offset' }
const read = async (written: WrittenTopic, options: Options, after?: Position) => {
  await using reading = await Reading.of(source(written, options), after)
  return await reading.all()
}
/** Offsets of the group that has the topic's name, from partition 0 on. */
async function commitFor({ topic, bootstrapServers }: WrittenTopic, offsets: readonly bigint[]): Promise<void> {
  const client = await openKafkaClient({ 'bootstrap.servers': bootstrapServers })
  const list = offsets.map((offset, partition) => ({ topic, partition, offset }))
  await client.admin().alterGroupOffsets(topic, list)
  await client.close()
}

const row = (id: number, name = 'n') => ({ id, name })
const inserted = (...ids: number[]) => ids.map((id) => ['insert', id, 'n'])

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

describe('rows', () => {
  let url: string

  // starting a registry takes a while where others work
  beforeAll(async () => {
    url = (await sharedRegistry()).url
  }, 180_000)

  test('columns of the key, of the value and of the record itself come together', async () => {
    await using written = await WrittenTopic.of()
    const timestamp = '1700000000120'
    const headers = { a: ['one', 'two'], b: Buffer.from([0xff, 0]) }
    await written.write([
      { key: '{"id":7}', value: '{"name":"seven","id":70}', headers, timestamp },
      { key: '{"id":8}', value: '{"name":null}', timestamp },
    ])
    const { format: _, ...rest } = plain
    const rows = await read(written, {
      ...once,
      ...rest,
      format: undefined,
      'value.format': json({}),
      'key.format': json({}),
      'key.fields': 'k_id',
      'key.fields-prefix': 'k_',
      'value.fields-include': 'EXCEPT_KEY',
      schema: `name STRING, k_id INT, id INT, t STRING METADATA FROM 'topic', p INT METADATA FROM 'partition',
        \`offset\` BIGINT METADATA, ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', kind STRING METADATA FROM 'timestamp-type',
        headers MAP<STRING, BYTES> METADATA, epoch INT METADATA FROM 'leader-epoch',
        list ARRAY<ROW<key STRING, value BYTES>> METADATA FROM 'header-list'`,
    })
    const at = '2023-11-14 22:13:20.12+00'
    const place = (offset: bigint) => [written.topic, 0, offset, at, 'CreateTime']
    const list = '[{"key":"a","value":"one"},{"key":"a","value":"two"},{"key":"b","value":"\\\\xff00"}]'
    expect(rows).toEqual([
      ['insert', 'seven', 7, 70, ...place(0n), '{"a":"two","b":"\\\\xff00"}', 0, list],
      ['insert', null, 8, null, ...place(1n), '{}', 0, '[]'],
    ])
  })

  test.each([
    ['json, changelog: debezium', json({ changelog: 'debezium' }), (event: string) => event],
    [
      'json, with schemas in it',
      json({ changelog: 'debezium', 'schema-include': true }),
      (event: string) => `{"schema":{"type":"struct"},"payload":${event}}`,
    ],
    ['debezium-json', debeziumJson({ 'topic.prefix': 'p' }), (event: string) => event],
  ])("what Debezium's envelope says of an event, as columns: %s", async (_, format, whole) => {
    await using written = await WrittenTopic.of()
    const source =
      '"source":{"connector":"postgresql","db":"d","schema":"s","table":"t","txId":null,"lsn":9,"ts_ms":1700000000120,"ts_ns":1700000000120456789}'
    const event = `{"before":null,"after":{"id":1,"name":"n"},${source},"op":"c","ts_ms":1700000001000}`
    await written.write([{ value: whole(event) }])
    const rows = await read(written, {
      ...once,
      format,
      schema: `id INT, name STRING, made TIMESTAMP_LTZ(3) METADATA FROM 'value.source.timestamp' VIRTUAL,
        got TIMESTAMP(3) METADATA FROM 'value.ingestion-timestamp', db STRING METADATA FROM 'value.source.database',
        s STRING METADATA FROM 'value.source.schema', t STRING METADATA FROM 'value.source.table',
        p MAP<STRING, STRING> METADATA FROM 'value.source.properties'`,
    })
    const properties =
      '{"connector":"postgresql","db":"d","schema":"s","table":"t","txId":null,"lsn":"9","ts_ms":"1700000000120","ts_ns":"1700000000120456789"}'
    const times = ['2023-11-14 22:13:20.12+00', '2023-11-14 22:13:21']
    expect(rows).toEqual([['insert', 1, 'n', ...times, 'd', 's', 't', properties]])
  })

  test("Debezium's changes come as they are, and their tombstones are left out", async () => {
    await using written = await WrittenTopic.of()
    const format = debeziumJson({ 'topic.prefix': 'p', 'value.converter.schemas.enable': true })
    const table = tableOf('items', { id: { kind: 'int32' }, name: { kind: 'string' } }, ['id'])
    const encoder = await format
      .create({ pipeline: 'p', logger: silentLogger, report() {}, role: 'value' })
      .encoder(table)
    const origin = {
      transaction: { connector: 'postgres-cdc', database: 'd', commitTime: 1_700_000_000_000_000n, commit: 1n },
      offset: 0n,
      order: 0,
    }
    const records = [
      ...encoder.encode({ kind: 'insert', table, after: [1, 'a'], origin }),
      ...encoder.encode({ kind: 'update', table, before: [1, 'a'], after: [1, 'b'], origin }),
      ...encoder.encode({ kind: 'delete', table, before: [1, 'b'], origin }),
    ]
    expect(records.at(-1)!.value).toBeNull()
    const part = (bytes: Uint8Array | string | null) => (bytes === null ? null : Buffer.from(bytes))
    // and one more, whose event may have been compacted away
    await written.write([...records, records.at(-1)!].map(({ key, value }) => ({ key: part(key), value: part(value) })))
    await using reading = await Reading.of(source(written, { ...once, format, schema: undefined }))
    expect(await reading.all()).toEqual([
      ['insert', 1, 'a'],
      ['update', 1, 'b'],
      ['delete', 1, 'b'],
    ])
    expect(reading.changes[0]!.origin).toMatchObject({
      transaction: {
        connector: 'kafka',
        database: 'd',
        id: `${written.topic}/0@0`,
        commitTime: 1_700_000_000_000_000n,
      },
      offset: 0n,
    })
    expect(reading.position).toContain('"0":"5"')
  })

  test('schemas of avro-confluent are asked for once they are met', async () => {
    await using written = await WrittenTopic.of()
    const format = avroConfluent({ url, subject: `${written.topic}-value` })
    const table = tableOf('items', { id: { kind: 'int32' }, name: { kind: 'string' } }, [])
    const writing = format.create({ pipeline: 'p', logger: silentLogger, report() {}, role: 'value' })
    const encoder = await writing.encoder(table)
    const origin = { transaction: { connector: '', database: '', commitTime: 1n, commit: 1n }, offset: 0n, order: 0 }
    const records = encoder.encode({ kind: 'insert', table, after: [1, 'n'], origin })
    await written.write(records.map(({ value }) => ({ value: Buffer.from(value!) })))
    await writing.close?.()
    expect(await read(written, { ...once, format })).toEqual(inserted(1))
    await written.write([{ value: Buffer.from([1, 2, 3, 4, 5, 6]) }])
    expect(await failureOf(read(written, { ...once, format }))).toMatchObject({
      code: 'KAFKA_RECORD_MALFORMED',
      kind: 'data',
    })
  })
})

describe('records that cannot be read', () => {
  test('are an error with topic, partition and offset, and without what is in them', async () => {
    await using written = await WrittenTopic.of(2)
    await written.write([
      { partition: 1, value: JSON.stringify(row(1)) },
      { partition: 1, value: '{"id": secret' },
    ])
    const failure = await failureOf(read(written, once))
    expect(failure).toMatchObject({ code: 'KAFKA_RECORD_MALFORMED', kind: 'data' })
    expect(failure.message).toContain(`offset 1 of topic '${written.topic}', partition 1`)
    expect(failure.message).not.toContain('secret')
  })

  test('those that ignore-parse-errors leaves out are kept too, where there is a file for them', async () => {
    await using written = await WrittenTopic.of()
    const folder = mkdtempSync(join(tmpdir(), 'cdc-kafka-'))
    const file = join(folder, 'unreadable.jsonl')
    const malformed = '{"id": 1'
    await written.write([malformed, JSON.stringify(row(2))].map((value) => ({ value })))
    const format = json({ 'ignore-parse-errors': true })
    expect(await read(written, { ...once, format })).toEqual(inserted(2))
    const kept = { 'errors.tolerance': 'all', 'errors.dead-letter-file': file } as const
    expect(await read(written, { ...once, ...kept, format })).toEqual(inserted(2))
    const [first, ...rest] = readFileSync(file, 'utf8').trimEnd().split('\n')
    expect(JSON.parse(first!)).toMatchObject({ offset: '0', code: 'JSON_MALFORMED', value: { text: malformed } })
    expect(rest).toEqual([])
    rmSync(folder, { recursive: true })
  })

  test('are counted and kept where they are tolerated, and so are those without a key that is needed', async () => {
    await using written = await WrittenTopic.of()
    const folder = mkdtempSync(join(tmpdir(), 'cdc-kafka-'))
    const file = join(folder, 'unreadable.jsonl')
    await written.write([
      { key: '1', value: '{"name":"n"}' },
      { key: '1', value: Buffer.from([0xff]) },
      { key: null, value: '{"name":"n"}' },
      { key: '{"id":4}', value: '{"name":"n"}' },
    ])
    const rows = await read(written, {
      ...once,
      'key.format': json({}),
      'key.fields': 'id',
      'value.fields-include': 'EXCEPT_KEY',
      'errors.tolerance': 'all',
      'errors.dead-letter-file': file,
    })
    expect(rows).toEqual(inserted(4))
    const kept = readFileSync(file, 'utf8').trimEnd().split('\n')
    expect(kept.map((line) => JSON.parse(line))).toMatchObject([
      { topic: written.topic, partition: 0, offset: '0', key: { text: '1' }, value: { text: '{"name":"n"}' } },
      { offset: '1', value: { base64: '/w==' } },
      { offset: '2', code: 'KAFKA_KEY_ABSENT', key: null },
    ])
    rmSync(folder, { recursive: true })
  })
})

describe('records of another format', () => {
  test.each<[string, Buffer, (url: string) => Options, RegExp]>([
    [
      'no magic byte',
      Buffer.from('secret'),
      (url) => ({ format: avroConfluent({ url }) }),
      /\(AVRO_MAGIC_BYTE\): Unknown data format\. Magic number does not match/,
    ],
    [
      'an id that the registry does not know',
      Buffer.concat([Buffer.from([0, 0x7f, 1, 2, 3]), Buffer.from('secret')]),
      (url) => ({ format: avroConfluent({ url }) }),
      /\(REGISTRY_ID_UNKNOWN\): The schema registry knows no schema of id 2130772483/,
    ],
    [
      "no envelope of Debezium's",
      Buffer.from('{"id":"secret"}'),
      () => ({ format: debeziumJson({ 'topic.prefix': 'x' }) }),
      /\(RECORD_NOT_DEBEZIUM\): A record is none of Debezium's/,
    ],
    [
      "an update of Flink's without an old row",
      Buffer.from('{"before":null,"after":{"id":1,"name":"secret"},"op":"u"}'),
      () => ({ format: json({ changelog: 'debezium' }) }),
      /The "before" field of UPDATE message is null, .* REPLICA IDENTITY/,
    ],
  ])('%s is told with the place of the record', async (_, value, formatOf, message) => {
    const { url } = await sharedRegistry()
    await using written = await WrittenTopic.of()
    await written.write([{ value }])
    const failure = await failureOf(read(written, { ...once, ...formatOf(url) }))
    expect(failure).toMatchObject({ code: 'KAFKA_RECORD_MALFORMED', kind: 'data' })
    expect(failure.message).toMatch(message)
    expect(failure.message).toContain(`offset 0 of topic '${written.topic}'`)
    expect(failure.message).not.toContain('secret')
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
