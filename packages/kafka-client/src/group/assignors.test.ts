import { expect, test } from 'vitest'
import { assign, type GroupMember } from './assignors.ts'
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './consumer-protocol.ts'

const member = (id: string, owned: readonly number[] = [], generation = 1): GroupMember => ({
  id,
  topics: ['t'],
  owned: owned.map((partition) => ({ topic: 't', partition })),
  generation,
})
const counts = new Map([['t', 7]])
const shares = (result: ReadonlyMap<string, readonly { readonly partition: number }[]>) =>
  Object.fromEntries([...result].map(([id, list]) => [id, list.map(({ partition }) => partition)]))

test('range gives runs of partitions, one more to the first', () => {
  expect(shares(assign('range', [member('b'), member('a'), member('c')], counts))).toEqual({
    a: [0, 1, 2],
    b: [3, 4],
    c: [5, 6],
  })
})

test('roundrobin deals them out', () => {
  expect(shares(assign('roundrobin', [member('a'), member('b')], counts))).toEqual({ a: [0, 2, 4, 6], b: [1, 3, 5] })
})

test('cooperative-sticky takes from who has too many, and gives it on in the next round only', () => {
  const all = [0, 1, 2, 3, 4, 5, 6]
  const first = shares(assign('cooperative-sticky', [member('a', all), member('b')], counts))
  expect(first).toEqual({ a: [0, 1, 2, 3], b: [] })
  const second = shares(assign('cooperative-sticky', [member('a', first.a), member('b')], counts))
  expect(second).toEqual({ a: [0, 1, 2, 3], b: [4, 5, 6] })
  const third = shares(assign('cooperative-sticky', [member('a', second.a), member('b', second.b)], counts))
  expect(third).toEqual(second)
})

test('cooperative-sticky settles from any state: all partitions have one owner, and shares differ by one at most', () => {
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % below
  }
  for (let round = 0; round < 200; round++) {
    const size = 1 + random(6)
    const partitions = random(30)
    const claims = Array.from({ length: size }, (): number[] => [])
    for (let partition = 0; partition < partitions; partition++)
      if (random(3) > 0) claims[random(size)]!.push(partition)
    let members = claims.map((owned, i) => member(`m${i}`, owned))
    for (let turn = 0; turn < 3; turn++) {
      const result = shares(assign('cooperative-sticky', members, new Map([['t', partitions]])))
      members = members.map(({ id }) => member(id, result[id]))
    }
    const sizes = members.map(({ owned }) => owned.length)
    expect(members.flatMap(({ owned }) => owned.map(({ partition }) => partition)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: partitions }, (_, i) => i),
    )
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
  }
})

test('of two who claim a partition the one of the later generation has it', () => {
  const result = shares(assign('cooperative-sticky', [member('a', [0], 3), member('b', [0], 5)], new Map([['t', 1]])))
  expect(result).toEqual({ a: [], b: [0] })
})

test('what members tell one another comes back as it was', () => {
  const subscription = { topics: ['t', 'u'], owned: [{ topic: 't', partition: 3 }], generation: 9 }
  expect(decodeSubscription(encodeSubscription(subscription))).toEqual(subscription)
  const assignment = [
    { topic: 't', partition: 1 },
    { topic: 't', partition: 2 },
    { topic: 'u', partition: 0 },
  ]
  expect(decodeAssignment(encodeAssignment(assignment))).toEqual(assignment)
})
