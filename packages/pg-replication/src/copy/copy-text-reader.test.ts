import { CdcError, type DataType, type Row } from '@cdc/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CopyTextReader } from './copy-text-reader.ts'

const text: DataType = { kind: 'string' }
const int64: DataType = { kind: 'int64' }
const columns = (...types: DataType[]) => types.map((type, i) => ({ type, name: `c${i + 1}` }))
const code = (name: string) => expect.objectContaining({ code: name })

/** Reads `input` in chunks of `size` bytes, each in a buffer that is filled anew afterwards. */
function read(input: string | Buffer, types: readonly DataType[], size = Number.POSITIVE_INFINITY): Row[] {
  const bytes = Buffer.from(input as string)
  const reader = new CopyTextReader(columns(...types))
  const rows: Row[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Buffer.from(bytes.subarray(at, at + size))
    rows.push(...reader.push(chunk))
    chunk.fill(0x21)
  }
  reader.end()
  expect(reader.rows).toBe(rows.length)
  return rows
}

describe('rows', () => {
  test('hold values, NULL and empty text', () => {
    expect(read('1\ta\n\\N\t\n-9223372036854775808\t\\N\n', [int64, text])).toEqual([
      [1n, 'a'],
      [null, ''],
      [-(2n ** 63n), null],
    ])
  })

  test('of one column and of none', () => {
    expect(read('a\n\n\\N\n', [text])).toEqual([['a'], [''], [null]])
    expect(read('\n\n', [])).toEqual([[], []])
    expect(() => read('a\n', [])).toThrow(code('COPY_MALFORMED'))
  })

  test('of every kind of type', () => {
    const types: DataType[] = [
      ...([{ kind: 'boolean' }, { kind: 'int16' }, { kind: 'float64' }, { kind: 'bytes' }, { kind: 'json' }] as const),
      { kind: 'array', element: text },
    ]
    expect(read('t\t-5\t-0\t\\\\x00ff\t{"a": "\\\\n"}\t{"a\\\\"b",NULL,"x\\ty"}\n', types)).toEqual([
      [true, -5, -0, Uint8Array.of(0, 255), '{"a": "\\n"}', ['a"b', null, 'x\ty']],
    ])
  })

  test('have their escapes taken back', () => {
    const line = '\\b\\f\\n\\r\\t\\v\\\\N\\\\\t\\a\\.\\"\n'
    expect(read(line, [text, text])).toEqual([['\b\f\n\r\t\v\\N\\', 'a."']])
  })

  test('have octal and hex escapes, which are bytes of UTF-8', () => {
    expect(read('\\101\\x42\\60c\\xc3\\xa9\\303\\251€\\x4\n', [text])).toEqual([['AB0céé€\u0004']])
    expect(() => read('\\xff\n', [text])).toThrow(code('VALUE_ENCODING'))
  })

  test('longer than a piece, and longer than what becomes one string', () => {
    for (const length of [65_535, 65_536, 300_000, 1_100_000]) {
      const long = 'x'.repeat(length)
      const rows = read(`1\ta\n2\t${long}\n3\t\\\\${long}é\n4\t\\N\n`, [int64, text], 70_000)
      expect(rows.map((row) => row[0])).toEqual([1n, 2n, 3n, 4n])
      expect(rows[1]![1] === long && rows[2]![1] === `\\${long}é`).toBe(true)
    }
    const hex = 'ab'.repeat(600_000)
    const [row] = read(`\\\\x${hex}\t\\N\n`, [{ kind: 'bytes' }, { kind: 'bytes' }])
    expect([(row![0] as Uint8Array).length, row![1]]).toEqual([600_000, null])
  })

  test('many of them, over the bounds of pieces', () => {
    const lines = Array.from(
      { length: 5000 },
      (_, i) => `${i}\tname ${i}${i % 7 === 0 ? ' \\n' : ''}${i % 1000 === 0 ? 'é' : ''}\n`,
    )
    const rows = read(lines.join(''), [int64, text], 150_000)
    expect(rows.map((row) => `${row[0]}\t${String(row[1]).replace('\n', '\\n')}\n`)).toEqual(lines)
  })

  test('count an estimate of the heap', () => {
    const reader = new CopyTextReader(columns(int64, text))
    reader.push(Buffer.from('1\tabc\n2\tabc\n3'))
    expect(reader.bytes).toBe(12 + 2 * (2 * 16 + 40))
  })
})

describe('what cannot be', () => {
  test.each(['1\n', '1\ta\tb\n', '\n', '1\ta\n2\n', '1\n2\t3\n', '1\ta\t\n'])('%j has not two columns', (input) => {
    expect(() => read(input, [int64, text])).toThrow(code('COPY_MALFORMED'))
    expect(() => read(input, [text, text])).toThrow(code('COPY_MALFORMED'))
  })

  test('rows too long for one string with another number of columns', () => {
    const long = 'x'.repeat(1_100_000)
    for (const input of [`${long}\n`, `1\t${long}\t2\n`]) {
      expect(() => read(input, [text, text])).toThrow(code('COPY_MALFORMED'))
    }
  })

  test.each(['1\ta', '1\ta\n2', '1\ta\n2\t', '1\ta\\'])('%j ends in the middle of a row', (input) => {
    expect(() => read(input, [int64, text])).toThrow(code('COPY_TRUNCATED'))
    expect(() => read(input, [int64, text], 1)).toThrow(code('COPY_TRUNCATED'))
  })

  test('a backslash at the end of a cell', () => {
    expect(() => read('a\\\tb\n', [text, text])).toThrow(code('COPY_MALFORMED'))
  })

  test('a value that is none, with its column and not the value', () => {
    expect(() => read('secret\ta\n', [int64, text])).toThrow(
      expect.objectContaining({
        ...{ code: 'VALUE_MALFORMED', where: { column: 'c1' }, message: expect.not.stringContaining('secret') },
      }),
    )
  })

  test('bytes that are no UTF-8', () => {
    expect(() => read(Buffer.of(0x61, 0xff, 0x0a), [text])).toThrow(code('VALUE_ENCODING'))
    expect(() => read(Buffer.concat([Buffer.alloc(1_200_000, 0x61), Buffer.of(0xc3, 0x0a)]), [text])).toThrow(
      code('VALUE_ENCODING'),
    )
  })
})

describe('any split', () => {
  const cell = fc.option(fc.string({ unit: 'grapheme', maxLength: 20 }))
  const table = fc.array(fc.tuple(fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)), cell, cell), { maxLength: 20 })

  test('gives the same rows as the whole', () => {
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 50 }), (rows, size) => {
        const input = rows.map((row) => `${row.map(write).join('\t')}\n`).join('')
        expect(read(input, [int64, text, text])).toEqual(rows)
        expect(read(input, [int64, text, text], 1)).toEqual(rows)
        expect(read(input, [int64, text, text], size)).toEqual(rows)
      }),
    )
  })

  test('of any bytes gives rows or a coded error, the same as the whole', () => {
    const byte = fc.oneof(fc.constantFrom(...Buffer.from('\t\t\n\n\\\\N1xné')), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), (bytes) => {
        const input = Buffer.from(bytes)
        expect(outcome(input, 1)).toEqual(outcome(input, 1000))
      }),
      { numRuns: 2000 },
    )
  })
})

function outcome(input: Buffer, size: number): unknown {
  try {
    return read(input, [text, text], size)
  } catch (error) {
    if (!CdcError.is(error) || error.code === 'UNEXPECTED') throw error
    return 'refused'
  }
}

const escapes: Record<string, string> = { '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v', '\\': '\\' }

/** As COPY TO writes a cell. */
function write(value: bigint | string | null): string {
  return value === null
    ? '\\N'
    : String(value).replaceAll(/[\b\f\n\r\t\v\\]/g, (character) => `\\${escapes[character]}`)
}

test('a large cell with escapes reads like a small one', () => {
  const piece = 'a\\\\b\\tc\\n"ä\\101\\x4a\\xZ\\q\\b\\303\\244'
  const [small] = read(`${piece}\t1\n`, [text, text])
  const times = Math.ceil((2 * 1024 * 1024) / Buffer.byteLength(piece))
  const [large] = read(`${piece.repeat(times)}\t1\n`, [text, text])
  expect(small![0]).toBe('a\\b\tc\n"äAJxZq\bä')
  expect(large![0] === (small![0] as string).repeat(times)).toBe(true)
  expect(() => read(`1\t${piece.repeat(times)}\\\n`, [text, text])).toThrow(code('COPY_MALFORMED'))
})
