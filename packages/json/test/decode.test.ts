import type { DataType } from '@cdc/core'
import { describe, expect, test } from 'vitest'
import { decoded, formatOf, read, tableWith } from './one-column.ts'

const text: DataType = { kind: 'string' }
const int32: DataType = { kind: 'int32' }
const secret = 'SECRET-VALUE'

/** What decoding throws, as the parts that promises are made about. */
function failureOf(work: () => unknown) {
  try {
    work()
  } catch (failure) {
    const { code, kind, message, where } = failure as { code: string; kind: string; message: string; where: object }
    return { code, kind, message, where }
  }
  return undefined
}

describe('cells', () => {
  test('numbers keep their digits', async () => {
    expect(await read({ kind: 'int64' }, '9007199254740993')).toBe(9007199254740993n)
    expect(await read({ kind: 'decimal' }, '10.500000000000000000000000001')).toBe('10.500000000000000000000000001')
    expect(await read({ kind: 'decimal' }, '1E+2')).toBe('100')
    expect(await read({ kind: 'decimal' }, '2.7E-8')).toBe('0.000000027')
    expect(await read({ kind: 'float64' }, '1.0E21')).toBe(1e21)
    expect(await read(int32, '-0')).toBe(0)
  })

  test('a declared scale gives back the zeros that Flink leaves out', async () => {
    expect(await read({ kind: 'decimal', precision: 10, scale: 2 }, '10.5')).toBe('10.50')
    expect(await read({ kind: 'decimal', precision: 10, scale: 2 }, '1E+2')).toBe('100.00')
  })

  test('numbers and booleans may come as text, and a text column takes any value, as in Flink', async () => {
    expect(await read(int32, '" 12 "')).toBe(12)
    expect(await read({ kind: 'decimal' }, '"1.50"')).toBe('1.50')
    expect(await read({ kind: 'boolean' }, '"TRUE"')).toBe(true)
    expect(await read(text, '{"a": [1,  2.50]}')).toBe('{"a": [1,  2.50]}')
    expect(await read(text, '12345678901234567890')).toBe('12345678901234567890')
  })

  test('timestamps are read in both standards, and others than UTC are moved there', async () => {
    expect(await read({ kind: 'timestamp' }, '"2024-02-29T10:34:56.7890"')).toBe('2024-02-29 10:34:56.789')
    expect(await read({ kind: 'timestamptz' }, '"2024-02-29 10:34:56Z"')).toBe('2024-02-29 10:34:56+00')
    expect(await read({ kind: 'timestamptz' }, '"2024-03-01T01:30:00.5+02:30"')).toBe('2024-02-29 23:00:00.5+00')
  })

  test('char(n) gets back the blanks that a writer has cut off', async () => {
    expect(await read({ kind: 'string', length: 5, fixed: true }, '"é🐘"')).toBe('é🐘   ')
  })

  test.each<[string, DataType, string]>([
    ['a fraction', int32, '1.5'],
    ['more than 32 bits', int32, '2147483648'],
    ['more than 64 bits', { kind: 'int64' }, '9223372036854775808'],
    ['words', int32, `"${secret}"`],
    ['nothing', int32, '""'],
    ['hexadecimal digits', int32, '"0x10"'],
    ['an object', int32, `{"a":"${secret}"}`],
    ['more than a double', { kind: 'float64' }, '1e400'],
    ['digits beyond the scale', { kind: 'decimal', precision: 4, scale: 2 }, '1.234'],
    ['digits beyond the precision', { kind: 'decimal', precision: 4, scale: 2 }, '123.4'],
    ['an exponent without end', { kind: 'decimal' }, '1e9999999'],
    ['a number for a boolean', { kind: 'boolean' }, '1'],
    ['no base64', { kind: 'bytes' }, `"${secret}!"`],
    ['no UUID', { kind: 'uuid' }, `"${secret}"`],
    ['a day that does not exist', { kind: 'date' }, '"2023-02-29"'],
    ['days since 1970', { kind: 'date' }, '19478'],
    ['an hour that does not exist', { kind: 'time' }, '"24:00:01"'],
    ['too many digits of a second', { kind: 'timestamp', precision: 3 }, '"2024-02-29 10:34:56.7891"'],
    ['a timestamp without its zone', { kind: 'timestamptz' }, '"2024-02-29 10:34:56"'],
    ['a text for an array', { kind: 'array', element: int32 }, '"[1, null, 3]"'],
    ['a word in an array', { kind: 'array', element: int32 }, `[1,"${secret}"]`],
    ['an array that is too deep', { kind: 'array', element: int32 }, `${'['.repeat(7)}${']'.repeat(7)}`],
  ])('%s is an error that names the field and not the value', async (_, type, field) => {
    const decoder = await formatOf().decoder(tableWith(type))
    const failed = failureOf(() => decoded(decoder, `{"id":1,"c":${field}}`))
    expect(failed).toMatchObject({ code: 'JSON_FIELD', kind: 'data', where: { table: 'public.t', column: 'c' } })
    expect(failed!.message).toMatch(/^Fail to deserialize at field: c\. For .+ was expected\.$/)
    expect(failed!.message).not.toContain(secret)
  })
})

describe('rows', () => {
  test.each([
    ['cut off', `{"id":1,"c":"${secret}`, 'line 1, character'],
    ['with a comma too many', '{"id":1,}', 'line 1, character 9'],
    ['with something behind', `{"id":1,\n"c":"a"} ${secret}`, 'line 2, character 10'],
    ['of single quotes', `{'c':'${secret}'}`, 'line 1, character 2'],
    ['with a bad number', '{"id":01}', 'line 1, character 8'],
    ['with a line break in a text', `{"c":"${secret}\n"}`, 'line 1, character 6'],
    ['with a bad escape', `{"c":"${secret}\\x"}`, 'line 1, character 6'],
    ['with a bad field that nobody reads', `{"x":[1,{"a":${secret}}]}`, 'line 1, character 6'],
    ['of a word', secret, 'line 1'],
  ])('a record %s is an error that says where', async (_, value, place) => {
    const decoder = await formatOf().decoder(tableWith(text))
    const failed = failureOf(() => decoded(decoder, value))
    expect(['JSON_MALFORMED', 'JSON_FIELD']).toContain(failed?.code)
    if (failed!.code === 'JSON_MALFORMED') expect(failed!.message).toContain(place)
    expect(failed!.message).not.toContain(secret)
    expect(decoded(decoder, '{"id":1,"c":"a"}')).toHaveLength(1)
  })

  test('bytes that are not UTF-8 are an error', async () => {
    const decoder = await formatOf().decoder(tableWith(text))
    const bytes = Buffer.from('{"id":1,"c":"é"}', 'latin1')
    expect(failureOf(() => decoder.decode(null, bytes))).toMatchObject({ code: 'JSON_MALFORMED' })
  })

  test('a deep document neither overflows nor passes when it is not closed', async () => {
    const decoder = await formatOf().decoder(tableWith(text))
    const deep = '['.repeat(100_000)
    expect(failureOf(() => decoded(decoder, `{"x":${deep}`))).toMatchObject({ code: 'JSON_MALFORMED' })
    expect(decoded(decoder, `{"x":${deep}${']'.repeat(100_000)},"id":1}`)).toHaveLength(1)
  })

  test('an array has a row in each element; nothing is in an empty record', async () => {
    const decoder = await formatOf().decoder(tableWith(text))
    expect(decoded(decoder, '[{"id":1,"c":"a"},{"id":2}]')).toMatchObject([{ after: [1, 'a'] }, { after: [2, null] }])
    expect(decoded(decoder, '')).toEqual([])
    expect(decoded(decoder, null)).toEqual([])
  })

  test('a missing field is null, with fail-on-missing-field an error, and in a keyed log not known', async () => {
    const strict = await formatOf({ 'fail-on-missing-field': true }).decoder(tableWith(text))
    expect(failureOf(() => decoded(strict, '{"id":1}'))).toMatchObject({
      code: 'JSON_FIELD_MISSING',
      message: "Could not find field with name 'c' of public.t.",
      where: { column: 'c' },
    })
    const keyed = await formatOf({ changelog: 'upsert' }).decoder(tableWith(text))
    expect(decoded(keyed, '{"id":1}')).toMatchObject([{ kind: 'update', after: [1, undefined] }])
    const sparse = await formatOf({ changelog: 'upsert', 'encode.ignore-null-fields': true }).decoder(tableWith(text))
    expect(decoded(sparse, '{"id":1}')).toMatchObject([{ kind: 'update', after: [1, null] }])
  })

  test('a tombstone deletes its key, and without a key is an error', async () => {
    const decoder = await formatOf({ changelog: 'upsert' }).decoder(tableWith(text))
    expect(decoded(decoder, null, '{"id":7}')).toMatchObject([{ kind: 'delete', before: [7, undefined] }])
    expect(failureOf(() => decoded(decoder, null))).toMatchObject({ code: 'JSON_KEY_MISSING' })
    expect(failureOf(() => decoded(decoder, null, '{}'))).toMatchObject({ code: 'JSON_KEY_MISSING' })
  })

  test('with ignore-parse-errors fields are null and records left out, and the log counts them', async () => {
    const said: object[] = []
    const note = (fields: object) => void said.push(fields)
    const format = formatOf({ 'ignore-parse-errors': true }, { debug: note, info: note, warn: note, error: note })
    const decoder = await format.decoder(tableWith(int32))
    expect(decoded(decoder, '{"id":1,"c":{"a":"x"}}')).toMatchObject([{ after: [1, null] }])
    for (const bad of ['{', '{"id":"x"}', '[]]', '7']) expect(decoded(decoder, bad)).toEqual([])
    expect(said).toMatchObject([
      { table: 'public.t', count: 1, column: 'c' },
      { count: 1, code: 'JSON_MALFORMED' },
      { count: 2, code: 'JSON_FIELD' },
      { count: 4 },
    ])
    await format.close?.()
    expect(said.at(-1)).toMatchObject({ records: 4, fields: 1 })
  })

  test('without the shape of rows nothing can be read', async () => {
    await expect(formatOf().decoder()).rejects.toMatchObject({ code: 'JSON_TYPES_UNKNOWN', kind: 'config' })
  })
})

describe("events of Debezium's shape", () => {
  const decoderOf = (more = {}) => formatOf({ changelog: 'debezium', ...more }).decoder(tableWith(text))

  test('c and r are inserts, u has both rows, d the old one; the fields come in any order', async () => {
    const decoder = await decoderOf()
    const events = [
      '{"op":"c","after":{"id":1,"c":"a"},"before":null}',
      '{"before":null,"after":{"id":1},"source":{"db":"x","ts_ms":1596001099000},"op":"r","ts_ms":1596001099434,"transaction":null}',
      '{"before":{"id":1,"c":"a"},"after":{"id":1},"op":"u"}',
      '{"before":{"id":1,"c":"a"},"after":null,"op":"d"}',
      '{"before":null,"after":null,"op":"t"}',
    ]
    expect(events.flatMap((event) => decoded(decoder, event))).toMatchObject([
      { kind: 'insert', after: [1, 'a'] },
      { kind: 'insert', after: [1, null], origin: { transaction: { commitTime: 1596001099000000n } } },
      { kind: 'update', before: [1, 'a'], after: [1, 'a'] },
      { kind: 'delete', before: [1, 'a'] },
      { kind: 'truncate' },
    ])
  })

  test('tombstones say nothing', async () => {
    const decoder = await decoderOf()
    expect(decoded(decoder, null, '{"id":1}')).toEqual([])
    expect(decoded(decoder, '')).toEqual([])
  })

  test("an event without its old row fails in Flink's words", async () => {
    const decoder = await decoderOf()
    const failed = failureOf(() => decoded(decoder, '{"before":null,"after":{"id":1,"c":"y"},"op":"u"}'))
    expect(failed).toMatchObject({
      code: 'JSON_OLD_ROW_MISSING',
      message:
        'The "before" field of UPDATE message is null, if you are using Debezium Postgres Connector, please check the Postgres table has been set REPLICA IDENTITY to FULL level.',
    })
    expect(failureOf(() => decoded(decoder, '{"before":null,"op":"d"}'))?.message).toContain('of DELETE message')
  })

  test.each([
    ['an op that nobody knows', '{"before":null,"after":null,"op":"x"}', 'Unknown "op" value "x"'],
    ['an op that is a secret', `{"op":"${secret}"}`, 'Unknown "op" value.'],
    ['no op', '{"id":1,"c":"a"}', 'it has no "op"'],
    ['no new row', '{"before":null,"after":null,"op":"c"}', 'the "after" field of op "c" is null'],
    ['a list', '[]', 'it is no object'],
  ])('%s makes it a corrupt message', async (_, event, why) => {
    const decoder = await decoderOf()
    const failed = failureOf(() => decoded(decoder, event))
    expect(failed).toMatchObject({ code: 'JSON_ENVELOPE', where: { table: 'public.t' } })
    expect(failed!.message).toContain(`Corrupt Debezium JSON message: ${why}`)
    expect(failed!.message).not.toContain(secret)
  })

  test('with schema-include the event is in the payload', async () => {
    const decoder = await decoderOf({ 'schema-include': true })
    const event = '{"schema":{"type":"struct"},"payload":{"before":null,"after":{"id":1,"c":"a"},"op":"c"}}'
    expect(decoded(decoder, event)).toMatchObject([{ kind: 'insert', after: [1, 'a'] }])
    expect(failureOf(() => decoded(decoder, '{"op":"c"}'))).toMatchObject({ code: 'JSON_ENVELOPE' })
  })

  test('with ignore-parse-errors an event with a bad field is left out as a whole', async () => {
    const format = formatOf({ changelog: 'debezium', 'ignore-parse-errors': true })
    const decoder = await format.decoder(tableWith(int32))
    expect(decoded(decoder, '{"before":null,"after":{"id":1,"c":"bad"},"op":"c"}')).toEqual([])
  })
})
