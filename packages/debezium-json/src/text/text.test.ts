import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bigDecimalText, unscaledBase64 } from '../encode/decimal-codecs.ts'
import { civilOf, daysOf } from './calendar.ts'
import { hstoreText, inHashOrder, readHstore } from './hstore.ts'
import { doubleText, floatText, quoted } from './json-text.ts'
import { intervalText, readInterval } from './postgres-interval.ts'

test('strings are read back by JSON.parse', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => JSON.parse(quoted(text)) === text))
  expect(quoted('a\u001fb\u2028😀')).toBe('"a\\u001Fb\u2028\\uD83D\\uDE00"')
})

test.each([
  [0, '0.0'],
  [-0, '-0.0'],
  [0.001, '0.001'],
  [0.00099, '9.9E-4'],
  [9999999, '9999999.0'],
  [1e7, '1.0E7'],
  [1.2345678901234568e17, '1.2345678901234568E17'],
  [-1e-10, '-1.0E-10'],
  [Number.NaN, '"NaN"'],
])('%d as Java prints it', (value, text) => expect(doubleText(value)).toBe(text))

test('floats have the digits of a float', () => {
  expect(floatText(Math.fround(3.3))).toBe('3.3')
  expect(floatText(3.3)).toBe('3.3')
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (value) =>
      Object.is(Math.fround(Number(JSON.parse(floatText(value)))), value),
    ),
  )
})

test('base64 of whole numbers of any size, small ones the fast way', () => {
  const slow = (value: bigint) => {
    let bytes = 1
    while (BigInt.asIntN(8 * bytes, value) !== value) bytes++
    const hex = BigInt.asUintN(8 * bytes, value).toString(16)
    return Buffer.from(hex.padStart(2 * bytes, '0'), 'hex').toString('base64')
  }
  const whole = fc.oneof(fc.bigInt({ min: -(1n << 50n), max: 1n << 50n }), fc.bigInt())
  fc.assert(fc.property(whole, (value) => unscaledBase64(String(value)) === slow(value)))
})

test.each([
  ['0', 18, '0E-18'],
  ['1', 5, '0.00001'],
  ['1', 7, '1E-7'],
  ['-12', 8, '-1.2E-7'],
  ['100', 2, '1.00'],
  ['-5', 2, '-0.05'],
])('BigDecimal %s at scale %i', (unscaled, scale, text) => expect(bigDecimalText(unscaled, scale)).toBe(text))

test('days and dates are each other’s inverse', () => {
  fc.assert(
    fc.property(fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }), (days) => {
      const { year, month, day } = civilOf(days)
      return daysOf(year, month, day) === days
    }),
  )
  expect(daysOf(1970, 1, 1)).toBe(0)
  expect(daysOf(0, 12, 31)).toBe(-719163)
})

test('intervals are printed as they were read', () => {
  for (const text of [
    '00:00:00',
    '1 year 2 mons 3 days 04:05:06.78',
    '-1 years -2 mons +3 days -04:05:06.789012',
    '1 mon -1 days',
    '-00:00:01.5',
  ])
    expect(intervalText(readInterval(text)!)).toBe(text)
})

test('hstore with everything in it', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.option(fc.string()))), (pairs) => {
      expect(readHstore(hstoreText(pairs))).toEqual(pairs)
    }),
  )
  // as Debezium wrote it; the server has the shortest key first
  const keys = ['q"k', 'key1', 'key2'].map((key): [string, null] => [key, null])
  expect(inHashOrder(keys).map(([key]) => key)).toEqual(['key1', 'key2', 'q"k'])
})
