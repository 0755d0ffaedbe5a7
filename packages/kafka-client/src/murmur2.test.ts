import { expect, test } from 'vitest'
import { murmur2, partitionOf } from './murmur2.ts'

// of the Java client: clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
])('the hash of %s is that of the Java client', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash)
})

test('three bytes at the end are hashed', () => {
  expect(murmur2(Buffer.from('abc'))).toBe(479470107)
})

test('a key has the partition that the Java client gives it, also where the hash is negative', () => {
  expect(partitionOf(Buffer.from('foobar'), 12)).toBe((-790332482 & 0x7fffffff) % 12)
})
