import { expect, test } from 'vitest'
import { quoteIdentifier, quoteLiteral, quoteQualified } from './quote.ts'

test('identifiers and texts cannot break out of their quotes', () => {
  expect(quoteIdentifier('a"; DROP TABLE t; --')).toBe('"a""; DROP TABLE t; --"')
  expect(quoteQualified('S p', 'select')).toBe('"S p"."select"')
  expect(quoteLiteral("it's")).toBe("'it''s'")
  expect(quoteLiteral("a\\'b")).toBe("E'a\\\\''b'")
})

test('what cannot be an identifier is refused', () => {
  expect(() => quoteIdentifier('')).toThrow(RangeError)
  expect(() => quoteIdentifier('a\0b')).toThrow(RangeError)
  expect(() => quoteLiteral('a\0b')).toThrow(RangeError)
})
