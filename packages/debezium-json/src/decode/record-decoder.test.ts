import { type CdcError, silentLogger, type Table } from '@cdc/core'
import { expect, test } from 'vitest'
import { debeziumJson } from '../debezium-json.ts'

const table: Table = {
  schema: 'public',
  name: 't',
  key: [0],
  identity: 'default',
  columns: [
    { name: 'id', type: { kind: 'int64' }, native: 'bigint', nullable: false },
    { name: 'price', type: { kind: 'decimal', precision: 10, scale: 2 }, native: 'numeric(10,2)' },
    { name: 'note', type: { kind: 'string' }, native: 'text' },
  ],
}
const context = { pipeline: 'p', logger: silentLogger, report() {}, role: 'value' as const }
type Options = Parameters<typeof debeziumJson>[0]

const decoderOf = (options: Options = {}, shape: Table | undefined = table) =>
  debeziumJson(options).create(context).decoder(shape)
const bytes = (text: string | null) => (text === null ? null : Buffer.from(text))
const source = '"source":{"connector":"postgresql","db":"d","schema":"public","table":"t","txId":7,"lsn":9,"ts_ms":1}'
const event = (op: string, before: string, after: string) =>
  `{"before":${before},"after":${after},${source},"op":"${op}"}`

async function failure(value: string, options?: Options, shape?: Table): Promise<CdcError> {
  const decoder = await decoderOf(options, shape)
  try {
    decoder.decode(null, bytes(value))
  } catch (error) {
    return error as CdcError
  }
  throw new Error('it was read')
}

test('numbers keep what a double would lose', async () => {
  const decoder = await decoderOf({ 'decimal.format': 'NUMERIC' })
  const [change] = decoder.decode(
    null,
    bytes(event('c', 'null', '{"id":9007199254740993,"price":12345678.90,"note":"x"}')),
  )
  expect(change).toMatchObject({ kind: 'insert', after: [9007199254740993n, '12345678.90', 'x'] })
})

test('an old row holds only what the table says that it holds, and a placeholder is no value', async () => {
  const decoder = await decoderOf()
  const row = '{"id":1,"price":null,"note":"__debezium_unavailable_value"}'
  expect(decoder.decode(null, bytes(event('u', '{"id":1,"price":null,"note":null}', row)))).toMatchObject([
    { kind: 'update', before: [1n, undefined, undefined], after: [1n, null, undefined] },
  ])
})

test('a tombstone is a delete of its own only where its delete was not read', async () => {
  const decoder = await decoderOf()
  const key = bytes('{"id":5}')
  expect(decoder.decode(key, bytes(event('d', '{"id":5,"price":null,"note":null}', 'null')))).toHaveLength(1)
  expect(decoder.decode(key, null)).toEqual([])
  expect(decoder.decode(key, null)).toMatchObject([{ kind: 'delete', before: [5n, undefined, undefined] }])
  expect(decoder.decode(null, null)).toEqual([])
})

test('a truncate, a logical message, and records that tell nothing of rows', async () => {
  const decoder = await decoderOf()
  expect(decoder.decode(null, bytes(event('t', 'null', 'null')))).toMatchObject([{ kind: 'truncate', table }])
  const message = `{"op":"m",${source},"message":{"prefix":"p","content":"AQI="}}`
  expect(decoder.decode(null, bytes(message))).toMatchObject([
    { kind: 'message', prefix: 'p', content: new Uint8Array([1, 2]), transactional: true },
  ])
  expect(
    decoder.decode(null, bytes('{"status":"BEGIN","id":"1:2","event_count":null,"data_collections":null,"ts_ms":1}')),
  ).toEqual([])
})

test('rows without an envelope', async () => {
  const decoder = await decoderOf({ unwrap: true, 'unwrap.add.fields': 'op' })
  const row = '"id":1,"price":"BNI=","note":null'
  expect(decoder.decode(bytes('{"id":1}'), bytes(`{${row}}`))).toMatchObject([
    { kind: 'insert', after: [1n, '12.34', null] },
  ])
  expect(decoder.decode(bytes('{"id":1}'), bytes(`{${row},"__op":"u"}`))).toMatchObject([{ kind: 'update' }])
  expect(decoder.decode(bytes('{"id":1}'), bytes(`{${row},"__deleted":"true"}`))).toMatchObject([{ kind: 'delete' }])
  expect(decoder.decode(bytes('{"id":2}'), null)).toMatchObject([
    { kind: 'delete', before: [2n, undefined, undefined] },
  ])
})

test('what is no JSON is an error with its line and column, and the next record is read', async () => {
  const decoder = await decoderOf()
  const cut = event('c', 'null', '{"id":1,\n"price"')
  expect(() => decoder.decode(null, bytes(cut.slice(0, 40)))).toThrow(
    expect.objectContaining({ code: 'RECORD_MALFORMED' }),
  )
  expect(await failure('{"a":1,\n  oops}')).toMatchObject({
    code: 'RECORD_MALFORMED',
    kind: 'data',
    where: { line: 2 },
  })
  expect((await failure('{"a":1,\n  oops}')).message).toContain('line 2, column 3')
  expect(await failure('')).toMatchObject({ code: 'RECORD_MALFORMED' })
  expect(decoder.decode(null, bytes(event('c', 'null', '{"id":1,"price":null,"note":null}')))).toHaveLength(1)
})

test('trailing commas, comments, two values and bad UTF-8 are no JSON', async () => {
  for (const text of ['{"a":1,}', '{"a":1} // x', '{} {}', '{"a":01}', "{'a':1}", '{"a":NaN}'])
    expect(await failure(text), text).toMatchObject({ code: 'RECORD_MALFORMED' })
  const decoder = await decoderOf()
  expect(() => decoder.decode(null, Uint8Array.from([0xff, 0xfe]))).toThrow(
    expect.objectContaining({ code: 'RECORD_MALFORMED' }),
  )
})

test.each([
  ['12', 'no object'],
  ['{}', "no 'op'"],
  ['{"op":"c"}', "no 'source'"],
  [event('x', 'null', '{"id":1}'), "its op is 'x'"],
  [event('c', 'null', 'null'), 'no new row'],
  [event('d', 'null', 'null'), 'neither an old row nor a key'],
])('JSON that is no event: %s', async (text, message) => {
  const error = await failure(text)
  expect(error).toMatchObject({ code: 'RECORD_NOT_DEBEZIUM', kind: 'data' })
  expect(error.message).toContain(message)
})

test.each([
  ['{"id":1.5,"price":null,"note":null}', 'id'],
  ['{"id":9223372036854775808,"price":null,"note":null}', 'id'],
  ['{"id":"1","price":null,"note":null}', 'id'],
  ['{"id":1,"price":"?","note":null}', 'price'],
  ['{"id":1,"price":{"scale":1},"note":null}', 'price'],
  ['{"id":1,"price":null,"note":7}', 'note'],
])('a value of another form is an error that names its column and not the value: %s', async (row, column) => {
  const error = await failure(event('c', 'null', row))
  expect(error).toMatchObject({ code: 'RECORD_VALUE', kind: 'data', where: { table: 'public.t', column } })
  expect(error.message).not.toMatch(/1\.5|9223372036854775808|\?/)
})

test('without schemas and without a table nothing tells the types', async () => {
  const decoder = await debeziumJson({}).create(context).decoder()
  expect(() => decoder.decode(null, bytes(event('c', 'null', '{"id":1}')))).toThrow(
    expect.objectContaining({ code: 'RECORD_TYPES_UNKNOWN', kind: 'config' }),
  )
})

test('a new shape in the schemas is announced once, with the one before', async () => {
  const decoder = await debeziumJson({}).create(context).decoder()
  const field = (name: string, type: string) => `{"type":"${type}","optional":true,"field":"${name}"}`
  const record = (fields: string, row: string) =>
    bytes(
      `{"schema":{"type":"struct","fields":[{"type":"struct","fields":[${fields}],"optional":true,"field":"after"}],"optional":false},"payload":${event('c', 'null', row)}}`,
    )
  const one = record(field('id', 'int64'), '{"id":1}')
  const two = record(`${field('id', 'int64')},${field('v', 'string')}`, '{"id":1,"v":"x"}')
  expect(decoder.decode(null, one).map(({ kind }) => kind)).toEqual(['schema', 'insert'])
  expect(decoder.decode(null, one).map(({ kind }) => kind)).toEqual(['insert'])
  expect(decoder.decode(null, two)).toMatchObject([
    { kind: 'schema', previous: { columns: [{ name: 'id' }] }, table: { columns: [{ name: 'id' }, { name: 'v' }] } },
    { kind: 'insert', after: [1n, 'x'] },
  ])
})
