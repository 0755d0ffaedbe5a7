import type { Change, Table } from '@cdc/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { oidSetText, parseOidSet } from './oid-set.ts'
import { type PositionParts, PositionWriter, parsePosition, positionRules, positionText } from './position.ts'

const { compare, lowest, contains, settled, merge, describe } = positionRules
const tables = [101, 102, 103, 104]
const base = {
  system: '7',
  timeline: 1,
  publication: 9,
  alteration: undefined,
  last: undefined,
  entries: '',
  tables: oidSetText(tables),
}
const bounds = [0n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]

/** Few values, so that equal ones meet. */
const lsn = fc.integer({ min: 1, max: 6 }).map((n) => BigInt(n) * 0x1_0000_0000n)
const parts: fc.Arbitrary<PositionParts> = fc.record({
  lsn,
  last: fc.option(fc.record({ commit: lsn, time: fc.bigInt({ min: 0n, max: 2n ** 53n }) }), { nil: undefined }),
  pending: fc.subarray(tables).map((some) => new Set(some)),
  cuts: fc.array(fc.tuple(fc.constantFrom(...tables), lsn)).map((some) => new Map(some)),
  ...Object.fromEntries(
    Object.entries(base)
      .filter(([key]) => key !== 'last')
      .map(([key, value]) => [key, fc.constant(value)]),
  ),
}) as never
const position = parts.map(positionText)
const change = fc.record({ commit: lsn, table: fc.constantFrom(...tables), snapshot: fc.boolean() }).map(
  ({ commit, table, snapshot }) =>
    ({
      kind: 'insert',
      table: { id: table } as Table,
      after: [],
      origin: { transaction: { commit }, offset: commit, order: 0, ...(snapshot ? { snapshot: 'true' } : {}) },
    }) as unknown as Change,
)

const at = (text: string, extra: Partial<PositionParts> = {}) =>
  positionText({ ...base, lsn: BigInt(text), pending: new Set(), cuts: new Map(), ...extra })

test('a position survives being written and read', () => {
  fc.assert(
    fc.property(position, (one) => {
      expect(positionText(parsePosition(one))).toBe(one)
    }),
  )
  for (const value of bounds) expect(parsePosition(at(String(value))).lsn).toBe(value)
})

test('positions compare as unsigned 64-bit numbers and never as texts', () => {
  for (const [i, a] of bounds.entries())
    for (const [j, b] of bounds.entries()) expect(compare(at(String(a)), at(String(b)))).toBe(Math.sign(i - j))
})

test('compare is a partial order', () => {
  fc.assert(
    fc.property(position, position, position, (a, b, c) => {
      expect(compare(a, a)).toBe(0)
      const [there, back] = [compare(a, b), compare(b, a)]
      expect(back).toBe(there === undefined ? undefined : there === 0 ? 0 : -there)
      if (compare(a, b) === -1 && compare(b, c) === -1) expect(compare(a, c)).toBe(-1)
    }),
  )
})

test('what is before another position holds nothing that the other has not', () => {
  fc.assert(
    fc.property(position, position, change, (a, b, one) => {
      fc.pre(compare(a, b) === -1 || compare(a, b) === 0)
      if (!one.origin.snapshot && parsePosition(b).pending.has((one as { table: Table }).table.id!)) return
      if (contains(a, true)(one)) expect(contains(b, true)(one)).toBe(true)
    }),
  )
})

test('the lowest position is at or before each, and a change in it is in all of them', () => {
  fc.assert(
    fc.property(fc.array(position, { minLength: 1, maxLength: 4 }), change, (some, one) => {
      const low = lowest(some)
      for (const each of some) expect(compare(low, each)).toBeOneOf([-1, 0])
      if (contains(low, true)(one)) for (const each of some) expect(contains(each, true)(one)).toBe(true)
    }),
  )
})

test('a sink holds what it had and what was read since, and nothing else', () => {
  fc.assert(
    fc.property(position, position, change, fc.boolean(), (own, read, one, exact) => {
      const merged = merge(own, read)
      const table = (one as { table: Table }).table.id!
      // a table that the sink had keeps its own cut; one that it had not takes the one it was read under
      const taken = one.origin.snapshot
        ? contains(read, exact)(one)
        : one.origin.transaction.commit < parsePosition(read).lsn ||
          (parsePosition(own).pending.has(table) && contains(read, exact)(one))
      expect(contains(merged, exact)(one)).toBe(contains(own, exact)(one) || taken)
    }),
  )
})

test('a settled position holds no cut and no table to read, and its description is its place', () => {
  fc.assert(
    fc.property(parts, (one) => {
      const plain = one.pending.size === 0 && [...one.cuts.values()].every((cut) => cut <= one.lsn)
      expect(settled(positionText(one))).toBe(plain)
    }),
  )
  expect(describe(at('23'))).toBe('0/17')
  expect(describe(at('23', { pending: new Set([102, 103, 104]) }))).toBe('0/17, snapshot of 1 of 4 tables')
  expect(describe(at('23', { cuts: new Map([[101, 32n]]) }))).toBe('0/17, 1 tables ahead of it, up to 0/20')
})

test('positions of other servers and of other branches of history are not ordered', () => {
  expect(compare(at('5'), at('6', { system: '8' }))).toBeUndefined()
  expect(compare(at('5'), at('6', { timeline: 2 }))).toBe(-1)
  expect(compare(at('7'), at('6', { timeline: 2 }))).toBeUndefined()
  expect(() => lowest([at('7'), at('6', { timeline: 2 })])).toThrow(
    expect.objectContaining({ code: 'POSITIONS_INCOMPARABLE' }),
  )
})

test('the positions of a stream are those of its parts, with cuts that are passed left out', () => {
  fc.assert(
    fc.property(parts, fc.array(lsn, { minLength: 1 }), (one, places) => {
      const settledParts = { ...one, pending: new Set<number>() }
      const writer = new PositionWriter(settledParts)
      for (const place of places.sort((a, b) => (a < b ? -1 : 1)))
        for (const last of [undefined, { commit: 5n, time: 7n }])
          expect(writer.at(place, last)).toBe(positionText({ ...settledParts, lsn: place, last }))
    }),
  )
})

test('damaged and newer positions are refused with their code', () => {
  for (const text of ['', '{}', 'null', '{"v":1}', at('5').replace('0/5', ''), '{"v":0}'])
    expect(() => parsePosition(text), text).toThrow(expect.objectContaining({ code: 'POSITION_INVALID' }))
  expect(() => parsePosition(at('5').replace('"v":1', '"v":2'))).toThrow(
    expect.objectContaining({ code: 'POSITION_TOO_NEW' }),
  )
})

test('a set of OIDs is short and comes back whole', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 0xffff_ffff })), (oids) => {
      expect([...parseOidSet(oidSetText(oids))]).toEqual([...oids].sort((a, b) => a - b))
    }),
  )
  const many = Array.from({ length: 2000 }, (_, i) => 16384 + 6 * i)
  expect(oidSetText(many)).toBe('cn4.6*1999')
})
