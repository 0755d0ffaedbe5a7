import { type EncodedRecord, type Insert, type Logger, silentLogger, type Table } from '@cdc/core'
import { expect, test } from 'vitest'
import { debeziumJson } from './debezium-json.ts'

const context = { pipeline: 'shop', logger: silentLogger, report() {}, role: 'value' as const }
const transaction = {
  connector: 'postgres-cdc',
  database: 'd',
  id: '7',
  commitTime: 1_700_000_000_000_001n,
  commit: 100n,
}
const origin = { transaction, offset: 90n, order: 0 }

function tableOf(columns: Table['columns']): Table {
  return {
    schema: 'public',
    name: 't',
    key: [0],
    columns: [{ name: 'id', type: { kind: 'int32' }, native: 'integer', nullable: false }, ...columns],
  }
}
const numeric = tableOf([
  { name: 'n', type: { kind: 'decimal', precision: 5, scale: 2 }, native: 'numeric(5,2)', nullable: true },
])
const insert = (table: Table, ...cells: Insert['after'][number][]): Insert => ({
  kind: 'insert',
  table,
  after: [1, ...cells],
  origin,
})

test('a value that the mode cannot hold is an error by default, with the column and what to do', async () => {
  const encoder = await debeziumJson({}).create(context).encoder(numeric)
  expect(() => encoder.encode(insert(numeric, 'NaN'))).toThrow(
    expect.objectContaining({
      code: 'VALUE_NOT_HELD',
      kind: 'data',
      where: { table: 'public.t', column: 'n' },
      hint: expect.stringContaining('decimal.handling.mode: string'),
    }),
  )
  expect(encoder.encode(insert(numeric, '1.50'))).toHaveLength(1)
})

test('an interval without end is an error in every mode, and never an interval of nothing', async () => {
  const table = tableOf([{ name: 'lasts', type: { kind: 'interval' }, native: 'interval', nullable: true }])
  for (const mode of [
    { 'interval.handling.mode': 'numeric' },
    { 'interval.handling.mode': 'string' },
    { 'time.precision.mode': 'structured' },
  ] as const) {
    const encoder = await debeziumJson(mode).create(context).encoder(table)
    for (const text of ['infinity', '-infinity'])
      expect(() => encoder.encode(insert(table, text))).toThrow(
        expect.objectContaining({ code: 'VALUE_NOT_HELD', where: { table: 'public.t', column: 'lasts' } }),
      )
  }
})

test('with warn it is null, and said once', async () => {
  const said: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_, message) => void said.push(message) }
  const format = debeziumJson({ 'event.converting.failure.handling.mode': 'warn', unwrap: true }).create({
    ...context,
    logger,
  })
  const encoder = await format.encoder(numeric)
  for (let i = 0; i < 3; i++)
    expect(encoder.encode(insert(numeric, 'NaN'))).toMatchObject([{ value: '{"id":1,"n":null}' }])
  expect(said).toHaveLength(1)
})

test('a large value that was not sent and has no placeholder is an error, and never null unless chosen', async () => {
  const encoder = await debeziumJson({}).create(context).encoder(numeric)
  const update = { kind: 'update', table: numeric, after: [1, undefined], origin } as const
  expect(() => encoder.encode(update)).toThrow(expect.objectContaining({ code: 'VALUE_NOT_SENT', kind: 'data' }))
})

test('values that need no server: extensions and odd locales', async () => {
  const table = tableOf([
    { name: 'v', type: { kind: 'other' }, native: 'public.vector(3)' },
    { name: 's', type: { kind: 'other' }, native: 'public.sparsevec(5)' },
    { name: 'g', type: { kind: 'other' }, native: 'public.geometry(Point,3187)' },
    { name: 'm', type: { kind: 'other' }, native: 'money' },
    { name: 'e', type: { kind: 'other' }, native: 'money' },
  ])
  const encoder = await debeziumJson({ unwrap: true, 'decimal.handling.mode': 'string' }).create(context).encoder(table)
  const point = '0101000020730C00001C7C613255DE6540787AA52C435C42C0'
  const [record] = encoder.encode(insert(table, '[1,2.5,-3]', '{1:1.5,3:2}/5', point, '($1,234.11)', '-1.234,50 €'))
  expect(record!.value).toBe(
    `{"id":1,"v":[1.0,2.5,-3.0],"s":{"dimensions":5,"vector":[[1,1.5],[3,2.0]]},"g":{"wkb":"${Buffer.from(point, 'hex').toString('base64')}","srid":3187,"extensions":null},"m":"-1234.11","e":"-1234.50"}`,
  )
})

test('names of the pipeline, of columns and of schemas', async () => {
  const table: Table = { ...tableOf([{ name: 'ünï', type: { kind: 'int32' }, native: 'integer' }]), name: 'Täble 1' }
  const encode = async (options: Parameters<typeof debeziumJson>[0]) =>
    (await debeziumJson(options).create(context).encoder(table)).encode(insert(table, 2))[0]!.value as string
  expect(await encode({})).toContain('"name":"shop"')
  expect(await encode({ 'schemas.enable': true })).toContain('"name":"shop.public.T_ble_1.Envelope"')
  const adjusted = {
    'field.name.adjustment.mode': 'avro',
    'topic.prefix': 'my-shop',
    'schema.name.adjustment.mode': 'avro',
  } as const
  expect(await encode({ ...adjusted, 'schemas.enable': true })).toContain('"name":"my_shop.public.T_ble_1.Envelope"')
  expect(await encode(adjusted)).toContain('"_n_":2')
})

test('columns that fall together when their names are adjusted', async () => {
  const int = { type: { kind: 'int32' }, native: 'integer' } as const
  const table = tableOf([
    { name: 'a b', ...int },
    { name: 'a-b', ...int },
  ])
  await expect(
    debeziumJson({ 'field.name.adjustment.mode': 'avro' }).create(context).encoder(table),
  ).rejects.toMatchObject({
    code: 'NAME_CONFLICT',
    kind: 'config',
  })
  await expect(
    debeziumJson({ 'field.name.adjustment.mode': 'avro_unicode' }).create(context).encoder(table),
  ).resolves.toBeDefined()
})

test('heartbeats come when one is due', async () => {
  const boundaries = (options: Parameters<typeof debeziumJson>[0]) =>
    debeziumJson(options).create(context).boundaries!()
  expect((await boundaries({})).heartbeat!()).toEqual([])
  const due = await boundaries({ 'heartbeat.interval.ms': '1h', 'topic.prefix': 'srv' })
  const [record] = due.heartbeat!() as EncodedRecord[]
  expect(record).toMatchObject({
    key: '{"serverName":"srv"}',
    destination: 'heartbeat',
    value: expect.stringMatching(/^\{"ts_ms":\d{13}\}$/),
  })
  expect(due.heartbeat!()).toEqual([])
})

test('what unwrap does with a delete', async () => {
  const table = tableOf([])
  const change = { kind: 'delete', table, before: [1], origin } as const
  const records = async (mode: string, tombstones: boolean) => {
    const options = { unwrap: true, 'unwrap.delete.tombstone.handling.mode': mode, 'tombstones.on.delete': tombstones }
    const encoder = await debeziumJson(options as never)
      .create(context)
      .encoder(table)
    return encoder.encode(change).map(({ value }) => value)
  }
  const rewritten = '{"id":1,"__deleted":"true"}'
  expect(await records('tombstone', true)).toEqual([null])
  expect(await records('tombstone', false)).toEqual([])
  expect(await records('drop', true)).toEqual([])
  expect(await records('rewrite', true)).toEqual([rewritten])
  expect(await records('rewrite-with-tombstone', true)).toEqual([rewritten, null])
  expect(await records('delete-to-tombstone', false)).toEqual([null])
})

test('operations that are skipped give no record', async () => {
  const table = tableOf([])
  const encoder = await debeziumJson({ 'skipped.operations': 'c,d' }).create(context).encoder(table)
  expect(encoder.encode(insert(table))).toEqual([])
  expect(encoder.encode({ kind: 'truncate', table, origin })).toHaveLength(1)
})

test.each([
  [{ 'skipped.operations': 'c,x' }, 'skipped.operations'],
  [{ 'time.precision.mode': 'exact' }, 'time.precision.mode'],
  [{ 'unwrap.add.fields': 'op' }, 'unwrap.add.fields'],
  [{ 'decimal.handling.mod': 'string' }, 'decimal.handling.mod'],
])('options that are wrong name themselves: %j', (options, option) => {
  const { problems } = debeziumJson.configure(options)
  expect(problems.map((problem) => problem.option)).toEqual([option])
})

test.each([
  ['unwrap.route.by.field', 'x', /is not taken: where a record goes does not depend on its row; write `routes`/],
  ['transforms.unwrap.drop.fields.header.name', 'x', /is not taken: no record has a header that lists fields to drop/],
  ['unwrap.drop.fields.keep.schema.compatible', 'true', /is not taken: no record has a header/],
  ['transforms.unwrap.type', 'io.debezium.transforms.ExtractNewRecordState', /write `unwrap: true`/],
  ['transforms.route.regex', '.*', /transformations of Kafka Connect are not run/],
  ['unwrap.delete.handling.mode', 'rewrite', /write `unwrap.delete.tombstone.handling.mode`/],
  ['unwrap.add.fields', 'op,lsm', /holds 'lsm', which is no field of the envelope/],
  ['unwrap.add.headers', 'before.id', /holds 'before.id', which is no field of the envelope/],
] as const)('%s = %s is refused, with what to do', (option, value, message) => {
  const { problems } = debeziumJson.configure({ unwrap: true, [option]: value })
  expect(problems.map((one) => one.option)).toEqual([option])
  expect(problems[0]!.message).toMatch(message)
})

test('fields of the envelope, of source and of transaction can be added, and renamed', () => {
  const list = 'op,ts_ms,table,lsn:position,source.db,transaction.id,transaction.total_order'
  expect(debeziumJson.configure({ unwrap: true, 'transforms.unwrap.add.fields': list }).problems).toEqual([])
})
