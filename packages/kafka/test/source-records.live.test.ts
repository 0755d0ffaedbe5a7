import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { avroConfluent } from '@cdc/avro'
import { type Row, silentLogger } from '@cdc/core'
import { debeziumJson } from '@cdc/debezium-json'
import { json } from '@cdc/json'
import { sharedRegistry } from '@cdc/servers'
import { tableOf } from '@cdc/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import { kafkaSource } from '../src/index.ts'
import { inserted, type Options, once, plain, read, row, source } from './plain-topic.ts'
import { failureOf, Reading } from './read-source.ts'
import { WrittenTopic } from './written-topic.ts'

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

  test('rows and metadata columns are those that Flink 1.20.5 printed for the same records', async () => {
    await using written = await WrittenTopic.of()
    const source = '"source":{"table":"tt","ts_ms":1596001099000}'
    const [x, y] = ['{"id":1,"name":"x"}', '{"id":1,"name":"y"}']
    await written.write(
      [
        `{"before":null,"after":${x},${source},"op":"r","ts_ms":1596001099434}`,
        `{"before":${x},"after":${y},${source},"op":"u","ts_ms":1596001099434,"transaction":null}`,
        `{"before":${y},"after":null,${source},"op":"d","ts_ms":1596001099434}`,
      ].map((value) => ({ value })),
    )
    await using reading = await Reading.of(
      kafkaSource({
        ...written.options,
        ...once,
        format: json({ changelog: 'debezium' }),
        schema: `id INT, name STRING, src_ts TIMESTAMP_LTZ(3) METADATA FROM 'value.source.timestamp' VIRTUAL,
          ing TIMESTAMP_LTZ(3) METADATA FROM 'value.ingestion-timestamp' VIRTUAL,
          tab STRING METADATA FROM 'value.source.table' VIRTUAL, part INT METADATA FROM 'partition' VIRTUAL,
          off BIGINT METADATA FROM 'offset' VIRTUAL`,
      } as never),
    )
    await reading.all()
    const printed = (kind: string, row: Row) => [kind, ...row].join(' | ')
    const rows = reading.changes.flatMap((change) => {
      if (change.kind === 'update') return [printed('-U', change.before!), printed('+U', change.after)]
      return change.kind === 'insert'
        ? [printed('+I', change.after)]
        : change.kind === 'delete'
          ? [printed('-D', change.before)]
          : []
    })
    const times = '2020-07-29 05:38:19+00 | 2020-07-29 05:38:19.434+00 | tt | 0'
    expect(rows).toEqual([
      `+I | 1 | x | ${times} | 0`,
      `-U | 1 | x | ${times} | 1`,
      `+U | 1 | y | ${times} | 1`,
      `-D | 1 | y | ${times} | 2`,
    ])
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
