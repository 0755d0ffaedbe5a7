import fc from 'fast-check'
import { expect, test } from 'vitest'
import { positionTopicOf, transactionalIdOf } from './delivery-names.ts'

/** Few characters, so that names fall together where they can. */
const name = fc.oneof(fc.stringMatching(/^[ab_.-]{1,4}$/), fc.stringMatching(/^[ab_~% -]{1,3}$/))

test('names without hyphens and dots stand as they are', () => {
  expect(transactionalIdOf('my-app', 'shop', 'topics')).toBe('my-app-shop-topics')
  expect(positionTopicOf('my-shop', 'topics')).toBe('cdc-position.my-shop.topics')
})

test('a-b with c and a with b-c have ids of their own', () => {
  expect(transactionalIdOf('p', 'a-b', 'c')).toBe('p-a~b-c')
  expect(transactionalIdOf('p', 'a', 'b-c')).toBe('p-a-b~c')
  expect(positionTopicOf('a.b', 'c')).not.toBe(positionTopicOf('a', 'b.c'))
})

test('no two sinks share a transactional id or a topic, whatever prefix they have', () => {
  const prefix = fc.stringMatching(/^[ab-]{1,3}$/)
  const sink = fc.tuple(prefix, name, name)
  fc.assert(
    fc.property(sink, sink, (one, other) => {
      const same = one.every((part, at) => part === other[at])
      expect(transactionalIdOf(...one) === transactionalIdOf(...other)).toBe(same)
      const [, ...names] = one
      const [, ...others] = other
      expect(positionTopicOf(...names) === positionTopicOf(...others)).toBe(names.join() === others.join())
      expect(positionTopicOf(...names)).toMatch(/^[\w.-]+$/)
    }),
    { numRuns: 5000 },
  )
})
