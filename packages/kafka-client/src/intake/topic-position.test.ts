import { CdcError, type Change, type Table } from '@cdc/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatPosition,
  offsetsOf,
  parsePosition,
  topicPositions as rules,
  type TopicPosition,
} from './topic-position.ts'

const ids: Readonly<Record<string, string>> = { a: 'id-a', 'b.c': 'id-b', d_: 'id-d' }
const offsets = fc.dictionary(fc.constantFrom('0', '1', '2', '10'), fc.bigInt(0n, 12n))
const position: fc.Arbitrary<string> = fc.dictionary(fc.constantFrom(...Object.keys(ids)), offsets).map((topics) => {
  const read = Object.entries(topics).map(([topic, p]) => {
    const list = Object.entries(p).map(([partition, offset]): [number, bigint] => [Number(partition), offset])
    return [topic, { id: ids[topic], offsets: new Map(list) }] as const
  })
  return formatPosition({ cluster: 'c', topics: new Map(read) })
})

const table: Table = { schema: 'public', name: 't', columns: [], key: [] }
const change = (topic: string, partition: number, offset: bigint): Change => ({
  kind: 'insert',
  table,
  after: [],
  origin: {
    transaction: {
      connector: 'kafka',
      database: '',
      id: `${topic}/${partition}@${offset}`,
      commitTime: 0n,
      commit: 0n,
    },
    offset,
    order: 0,
  },
})
const record = fc
  .tuple(fc.constantFrom(...Object.keys(ids)), fc.constantFrom(0, 1, 2, 10), fc.bigInt(0n, 12n))
  .map(([topic, partition, offset]) => change(topic, partition, offset))

const codeOf = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    return CdcError.from(error).code
  }
  return undefined
}

describe('positions of topics', () => {
  test('are texts that keep every offset, the same text for the same place', () => {
    fc.assert(
      fc.property(position, (one) => {
        expect(formatPosition(parsePosition(one))).toBe(one)
      }),
    )
    const large: TopicPosition = {
      cluster: 'c',
      topics: new Map([['t', { id: 'i', offsets: new Map([[3, 9223372036854775807n]]) }]]),
    }
    expect(offsetsOf(parsePosition(formatPosition(large)))).toEqual([
      { topic: 't', partition: 3, offset: 9223372036854775807n },
    ])
  })

  test('compare is a partial order', () => {
    fc.assert(
      fc.property(position, position, position, (a, b, c) => {
        expect(rules.compare(a, a)).toBe(0)
        const [ab, ba] = [rules.compare(a, b), rules.compare(b, a)]
        expect(ba).toBe(ab === undefined ? undefined : 0 - ab)
        if (ab === 0) expect(sameOffsets(a, b)).toBe(true)
        if (ab !== undefined && ab <= 0 && (rules.compare(b, c) ?? 1) <= 0)
          expect(rules.compare(a, c) ?? 1).toBeLessThanOrEqual(0)
      }),
    )
  })

  test('the lowest is the greatest lower bound, merge the least upper bound', () => {
    fc.assert(
      fc.property(position, position, position, (a, b, other) => {
        const [low, high] = [rules.lowest([a, b]), rules.merge(a, b)]
        for (const one of [a, b]) {
          expect(rules.compare(low, one) ?? 1).toBeLessThanOrEqual(0)
          expect(rules.compare(high, one) ?? -1).toBeGreaterThanOrEqual(0)
        }
        const atMost = (x: string, y: string) => (rules.compare(x, y) ?? 1) <= 0
        if (atMost(other, a) && atMost(other, b)) expect(atMost(other, low)).toBe(true)
        if (atMost(a, other) && atMost(b, other)) expect(atMost(high, other)).toBe(true)
      }),
    )
  })

  test('what is contained in the lowest is in all, in merge what is in one of them; nothing at the offset itself', () => {
    fc.assert(
      fc.property(position, position, record, (a, b, one) => {
        const inside = (at: string) => rules.contains(at, true)(one)
        expect(inside(rules.lowest([a, b]))).toBe(inside(a) && inside(b))
        expect(inside(rules.merge(a, b))).toBe(inside(a) || inside(b))
      }),
    )
    const at = formatPosition({ cluster: 'c', topics: new Map([['a', { id: 'i', offsets: new Map([[0, 5n]]) }]]) })
    const contains = rules.contains(at, true)
    expect([change('a', 0, 4n), change('a', 0, 5n), change('a', 1, 0n), change('b', 0, 0n)].map(contains)).toEqual([
      true,
      false,
      false,
      false,
    ])
  })

  test('of two clusters, or around a topic that was made again, have no order', () => {
    const at = (cluster: string, id: string) =>
      formatPosition({ cluster, topics: new Map([['t', { id, offsets: new Map([[0, 1n]]) }]]) })
    expect(rules.compare(at('c', 'x'), at('d', 'x'))).toBeUndefined()
    expect(rules.compare(at('c', 'x'), at('c', 'y'))).toBeUndefined()
    expect(codeOf(() => rules.lowest([at('c', 'x'), at('d', 'x')]))).toBe('KAFKA_OTHER_CLUSTER')
    expect(codeOf(() => rules.merge(at('c', 'x'), at('c', 'y')))).toBe('KAFKA_TOPIC_LOST')
  })

  test.each([
    '',
    '{}',
    'null',
    '[]',
    '{"v":2,"cluster":"c","topics":{}}',
    '{"v":1,"cluster":"c","topics":{"t":{"p":{"0":"x"}}}}',
    '{"v":1,"cluster":"c","topics":{"t":null}}',
  ])('%s is refused', (text) => expect(codeOf(() => parsePosition(text))).toBe('KAFKA_POSITION'))

  test('are described with their first partitions', () => {
    const of = (count: number) =>
      formatPosition({
        cluster: 'c',
        topics: new Map([['t', { id: 'i', offsets: new Map(Array.from({ length: count }, (_, i) => [i, 7n])) }]]),
      })
    expect(rules.describe(of(0))).toBe('no partitions')
    expect(rules.describe(of(2))).toBe('t-0 at 7, t-1 at 7')
    expect(rules.describe(of(9))).toBe('t-0 at 7, t-1 at 7, t-2 at 7 and 6 more partitions')
  })
})

function sameOffsets(a: string, b: string): boolean {
  const text = (at: string) =>
    offsetsOf(parsePosition(at))
      .map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}`)
      .sort()
      .join()
  return text(a) === text(b)
}

test('parts make up the position, in any order, and each is one of one partition', () => {
  fc.assert(
    fc.property(position, (whole) => {
      const parts = rules.parts!(whole)
      expect([...parts.keys()].sort()).toEqual(
        offsetsOf(parsePosition(whole))
          .map(({ topic, partition }) => `${topic}/${partition}`)
          .sort(),
      )
      for (const [name, part] of parts) expect([...rules.parts!(part)]).toEqual([[name, part]])
      if (parts.size === 0) return
      const again = rules.join!(new Map([...parts].reverse()))
      expect(rules.compare(again, whole)).toBe(0)
      expect([...rules.parts!(again)].sort()).toEqual([...parts].sort())
    }),
  )
})

test('parts of two clusters, or of a topic before and after it was made again, are not joined', () => {
  const one = (cluster: string, id: string, partition: number) =>
    formatPosition({ cluster, topics: new Map([['t', { id, offsets: new Map([[partition, 1n]]) }]]) })
  const join = (second: string) =>
    rules.join!(
      new Map([
        ['t/0', one('c', 'i', 0)],
        ['t/1', second],
      ]),
    )
  expect(rules.parts!(join(one('c', 'i', 1))).size).toBe(2)
  expect(() => join(one('d', 'i', 1))).toThrow(expect.objectContaining({ code: 'KAFKA_OTHER_CLUSTER' }))
  expect(() => join(one('c', 'j', 1))).toThrow(expect.objectContaining({ code: 'KAFKA_TOPIC_LOST' }))
})
