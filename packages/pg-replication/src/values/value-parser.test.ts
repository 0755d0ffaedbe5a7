import type { DataType } from '@cdc/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesFromBytes } from './bytea.ts'
import { bigintFromBytes, integerFromBytes } from './integer.ts'
import { isAsciiRange } from './text.ts'
import { valueParser } from './value-parser.ts'

const parse = (type: DataType, text: string) => valueParser(type)(text)
const malformed = expect.objectContaining({ code: 'VALUE_MALFORMED', kind: 'data' })

test('reads booleans', () => {
  expect(parse({ kind: 'boolean' }, 't')).toBe(true)
  expect(parse({ kind: 'boolean' }, 'f')).toBe(false)
  expect(() => parse({ kind: 'boolean' }, 'true')).toThrow(malformed)
})

test('reads every int8 exactly, from text and from bytes', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n), (value) => {
      const text = String(value)
      const bytes = Buffer.from(`xx${text}yy`)
      expect(parse({ kind: 'int64' }, text)).toBe(value)
      expect(bigintFromBytes(bytes, 2, 2 + text.length)).toBe(value)
    }),
  )
})

test.each([2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n), 0n, -1n, 999_999_999_999_999n, 10n ** 15n])(
  'reads the int8 %s',
  (value) => {
    expect(parse({ kind: 'int64' }, String(value))).toBe(value)
    expect(parse({ kind: 'int64' }, String(-value))).toBe(-value)
  },
)

test('reads int2 and int4, from text and from bytes', () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const text = String(value)
      expect(parse({ kind: 'int32' }, text)).toBe(value)
      expect(integerFromBytes(Buffer.from(text), 0, text.length)).toBe(value)
    }),
  )
})

test.each(['', '-', '1x', ' 1', '1e5', '--1', '1234567890123456789x', '1234567890-12345678', '1.0', '１'])(
  'takes %j for no whole number',
  (text) => {
    expect(() => parse({ kind: 'int32' }, text)).toThrow(malformed)
    expect(() => parse({ kind: 'int64' }, text)).toThrow(malformed)
    expect(() => bigintFromBytes(Buffer.from(text), 0, Buffer.byteLength(text))).toThrow(malformed)
  },
)

/** The fewest digits that give the float32 again, as 12 and later print it. */
function shortest(single: number): number {
  for (let digits = 1; ; digits++) {
    const text = single.toPrecision(digits)
    if (digits === 9 || Math.fround(Number(text)) === single) return Number(text)
  }
}

test('reads float4 alike from servers that print nine digits and from those that print the fewest', () => {
  const read = (text: string) => parse({ kind: 'float32' }, text)
  expect(read('3.29999995')).toBe(3.3)
  expect(read('1.40129846e-45')).toBe(1e-45)
  expect(read('3.40282347e+38')).toBe(3.4028235e38)
  expect(read('-Infinity')).toBe(Number.NEGATIVE_INFINITY)
  expect(read('NaN')).toBeNaN()
  expect(() => read('3.2999999x')).toThrow(malformed)
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (single) => {
      expect(read(single.toPrecision(9))).toBe(shortest(single))
      expect(read(String(shortest(single)))).toBe(shortest(single))
    }),
    { numRuns: 2000 },
  )
})

test('reads floats with their special values', () => {
  const read = (text: string) => parse({ kind: 'float64' }, text)
  expect(read('-0')).toBe(-0)
  expect(read('NaN')).toBeNaN()
  expect(read('Infinity')).toBe(Number.POSITIVE_INFINITY)
  expect(read('-Infinity')).toBe(Number.NEGATIVE_INFINITY)
  expect(read('5e-324')).toBe(5e-324)
  expect(read('1.7976931348623157e+308')).toBe(Number.MAX_VALUE)
  for (const text of ['', 'nan', 'x']) expect(() => read(text)).toThrow(malformed)
})

test('reads bytea in the hex format', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = `\\x${Buffer.from(bytes).toString('hex')}`
      expect(parse({ kind: 'bytes' }, text)).toEqual(bytes)
      expect(bytesFromBytes(Buffer.from(`__${text}__`), 2, 2 + text.length)).toEqual(bytes)
    }),
  )
})

test('reads bytea in the escape format', () => {
  expect(parse({ kind: 'bytes' }, '')).toEqual(new Uint8Array())
  expect(parse({ kind: 'bytes' }, 'a\\\\b\\001\\377')).toEqual(Uint8Array.of(97, 92, 98, 1, 255))
})

test.each(['\\x0', '\\xzz', '\\x0g', '\\', '\\1', '\\12', '\\400', '\\08x'])('takes %j for no bytea', (text) => {
  expect(() => parse({ kind: 'bytes' }, text)).toThrow(malformed)
})

test('reads the elements of arrays by their type', () => {
  expect(parse({ kind: 'array', element: { kind: 'int64' } }, '{1,NULL,9007199254740993}')).toEqual([
    1n,
    null,
    9007199254740993n,
  ])
  expect(parse({ kind: 'array', element: { kind: 'bytes' } }, '{"\\\\x0102"}')).toEqual([Uint8Array.of(1, 2)])
  expect(parse({ kind: 'array', element: { kind: 'boolean' } }, '{{t},{f}}')).toEqual([[true], [false]])
})

test.each<DataType>([
  { kind: 'decimal' },
  { kind: 'string' },
  { kind: 'json' },
  { kind: 'timestamptz' },
  { kind: 'interval' },
  { kind: 'other' },
])('leaves the text of $kind untouched', (type) => {
  for (const text of ['', '1.500', ' {"a":1.50} ', 'infinity', '1 year 2 mons']) expect(parse(type, text)).toBe(text)
})

test('knows ASCII from the rest at every place of a range', () => {
  for (let length = 0; length < 12; length++) {
    const bytes = Buffer.alloc(length + 4, 0x7f)
    bytes[0] = 0xff
    bytes[length + 1] = 0xff
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    expect(isAsciiRange(view, 1, 1 + length)).toBe(true)
    for (let at = 1; at <= length; at++) {
      bytes[at] = 0x80
      expect(isAsciiRange(view, 1, 1 + length)).toBe(false)
      bytes[at] = 0x7f
    }
  }
})
