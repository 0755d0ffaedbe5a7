import type { DataType } from '@cdc/core'
import { describe, expect, test } from 'vitest'
import { formatOf, origin, tableWith, written } from './one-column.ts'

const float64: DataType = { kind: 'float64' }
const decimal: DataType = { kind: 'decimal' }
const text: DataType = { kind: 'string' }

describe('cells', () => {
  test('doubles are as Java prints them', async () => {
    const texts = await Promise.all(
      [
        0,
        -0,
        11,
        0.1,
        1e21,
        1e7,
        9999999,
        0.001,
        0.00012,
        -2.5e-10,
        5e-324,
        1.7976931348623157e308,
        NaN,
        -Infinity,
      ].map((value) => written(float64, value)),
    )
    expect(texts).toEqual([
      '0.0',
      '-0.0',
      '11.0',
      '0.1',
      '1.0E21',
      '1.0E7',
      '9999999.0',
      '0.001',
      '1.2E-4',
      '-2.5E-10',
      '4.9E-324',
      '1.7976931348623157E308',
      '"NaN"',
      '"-Infinity"',
    ])
  })

  test('a float has the digits of a float', async () => {
    expect(await written({ kind: 'float32' }, 4.8)).toBe('4.8')
    expect(await written({ kind: 'float32' }, Math.fround(4.8))).toBe('4.8')
  })

  test("decimals are as stored, or in Flink's two ways", async () => {
    const cells = ['10.50', '11.00', '100', '0.00', '0.000000027', '12345678901234567890.10', '-1200.00', 'NaN']
    const all = (options = {}) => Promise.all(cells.map((cell) => written(decimal, cell, options)))
    expect(await all()).toEqual([...cells.slice(0, -1), '"NaN"'])
    expect(await all({ 'encode.decimal-as-plain-number': true })).toEqual([
      '10.5',
      '11',
      '100',
      '0',
      '0.000000027',
      '12345678901234567890.1',
      '-1200',
      '"NaN"',
    ])
    expect(await all({ 'encode.decimal-as-plain-number': false })).toEqual([
      '10.5',
      '11',
      '1E+2',
      '0',
      '2.7E-8',
      '12345678901234567890.1',
      '-1.2E+3',
      '"NaN"',
    ])
  })

  test('64-bit whole numbers keep every digit', async () => {
    expect(await written({ kind: 'int64' }, 9223372036854775807n)).toBe('9223372036854775807')
  })

  test('timestamps follow timestamp-format.standard, and end with Z where they have a zone', async () => {
    const [stamp, instant] = ['2024-02-29 10:34:56.789', '2024-02-29 10:34:56.789+00']
    const iso = { 'timestamp-format.standard': 'ISO-8601' } as const
    expect(await written({ kind: 'timestamp' }, stamp)).toBe('"2024-02-29 10:34:56.789"')
    expect(await written({ kind: 'timestamptz' }, instant)).toBe('"2024-02-29 10:34:56.789Z"')
    expect(await written({ kind: 'timestamp' }, stamp, iso)).toBe('"2024-02-29T10:34:56.789"')
    expect(await written({ kind: 'timestamptz' }, instant, iso)).toBe('"2024-02-29T10:34:56.789Z"')
    expect(await written({ kind: 'timestamptz' }, '0044-03-15 10:00:00+00 BC', iso)).toBe('"0044-03-15T10:00:00Z BC"')
    expect(await written({ kind: 'timestamptz' }, '-infinity', iso)).toBe('"-infinity"')
  })

  test('text is escaped as Jackson does it', async () => {
    expect(await written(text, 'a "q" \\ é\n\t\u001f\u007f\u2028')).toBe('"a \\"q\\" \\\\ é\\n\\t\\u001F\u007f\u2028"')
  })

  test('a json column is a string, or by option a part of the document in one line', async () => {
    const document = '{"n": 12345678901234567890,\n "s": "a\\nb"}'
    expect(JSON.parse(await written({ kind: 'json' }, document))).toBe(document)
    expect(await written({ kind: 'json' }, document, { 'encode.embedded-json': true })).toBe(
      '{"n": 12345678901234567890,  "s": "a\\nb"}',
    )
  })

  test('bytes are base64, arrays are nested', async () => {
    expect(await written({ kind: 'bytes' }, Uint8Array.of(0, 1, 255))).toBe('"AAH/"')
    expect(await written({ kind: 'array', element: decimal }, [['1.0', null], []])).toBe('[[1.0,null],[]]')
  })
})

describe('records', () => {
  const table = tableWith(text)

  test('the role key writes the key columns alone', async () => {
    const encoder = await formatOf({}, undefined, 'key').encoder(table)
    const [record] = encoder.encode({ kind: 'update', table, before: [1, 'a'], after: [2, 'b'], origin })
    expect(record).toEqual({ key: '{"id":2}', value: null, destination: 'table' })
  })

  test('a cell that was not sent is left out, and taken from the old row where that has it', async () => {
    const encoder = await formatOf({ changelog: 'upsert' }).encoder(table)
    expect(encoder.encode({ kind: 'update', table, after: [1, undefined], origin })[0]!.value).toBe('{"id":1}')
    expect(encoder.encode({ kind: 'update', table, before: [1, 'old'], after: [1, undefined], origin })[0]!.value).toBe(
      '{"id":1,"c":"old"}',
    )
  })

  test('a cell that was not sent is an error where it would be lost or look like null', async () => {
    const moving = await formatOf({ changelog: 'upsert' }).encoder(table)
    expect(() =>
      moving.encode({ kind: 'update', table, before: [1, undefined], after: [2, undefined], origin }),
    ).toThrow(expect.objectContaining({ code: 'JSON_CELL_NOT_SENT', where: { table: 'public.t', column: 'c' } }))
    const without = await formatOf({ changelog: 'upsert', 'encode.ignore-null-fields': true }).encoder(table)
    expect(() => without.encode({ kind: 'update', table, after: [1, undefined], origin })).toThrow(
      expect.objectContaining({ code: 'JSON_CELL_NOT_SENT' }),
    )
  })

  test('an update that moves a row to another key is a tombstone and a row, or d and c', async () => {
    const change = { kind: 'update', table, before: [1, 'a'], after: [2, undefined], origin } as const
    const upsert = await formatOf({ changelog: 'upsert' }).encoder(table)
    expect(upsert.encode(change).map(({ key, value }) => [key, value])).toEqual([
      ['{"id":1}', null],
      ['{"id":2}', '{"id":2,"c":"a"}'],
    ])
    const debezium = await formatOf({ changelog: 'debezium' }).encoder(table)
    expect(debezium.encode(change).map(({ key, value }) => [key, value])).toEqual([
      ['{"id":1}', '{"before":{"id":1,"c":"a"},"after":null,"op":"d"}'],
      ['{"id":2}', '{"before":null,"after":{"id":2,"c":"a"},"op":"c"}'],
    ])
  })

  test('what cannot be written down is an error with a code', async () => {
    const codeOf = (work: () => unknown) => {
      try {
        work()
      } catch (failure) {
        return (failure as { code: string }).code
      }
      return undefined
    }
    const update = { kind: 'update', table, after: [1, 'a'], origin } as const
    const none = await formatOf().encoder(table)
    const debezium = await formatOf({ changelog: 'debezium', 'encode.truncate': 'fail' }).encoder(table)
    const keyless = await formatOf({ changelog: 'upsert' }).encoder({ ...table, key: [] })
    expect(codeOf(() => none.encode(update))).toBe('JSON_CHANGE_NOT_HELD')
    expect(codeOf(() => debezium.encode(update))).toBe('JSON_OLD_ROW_MISSING')
    expect(codeOf(() => debezium.encode({ kind: 'truncate', table, origin }))).toBe('JSON_TRUNCATE')
    expect(codeOf(() => keyless.encode(update))).toBe('JSON_KEY_MISSING')
    await expect(formatOf({ changelog: 'debezium', 'schema-include': true }).encoder(table)).rejects.toMatchObject({
      code: 'JSON_SCHEMA_ENCODE',
    })
  })

  test('a truncate that is left out is told to the log', async () => {
    const said: string[] = []
    const note = (_: object, message: string) => void said.push(message)
    const logger = { debug: note, info: note, warn: note, error: note }
    const encoder = await formatOf({ changelog: 'upsert' }, logger).encoder(table)
    expect(encoder.encode({ kind: 'truncate', table, origin })).toEqual([])
    expect(said).toEqual(['a TRUNCATE is not written down (encode.truncate: skip)'])
  })
})
