import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatLsn, parseLsn } from './lsn.ts'

test('positions keep all their 64 bits and their order', () => {
  const edges = [0n, 1n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]
  for (const edge of edges) expect(parseLsn(formatLsn(edge))).toBe(edge)
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (lsn) => parseLsn(formatLsn(lsn)) === lsn))
  expect(formatLsn(0xffffffff_00000001n)).toBe('FFFFFFFF/1')
  expect(parseLsn('9/0') < parseLsn('10/0')).toBe(true)
})

test('an empty position is a fault and not zero', () => {
  for (const text of ['', '/', '0/', '123', '0/123456789', '-1/0', '0/x'])
    expect(() => parseLsn(text)).toThrow(RangeError)
})
