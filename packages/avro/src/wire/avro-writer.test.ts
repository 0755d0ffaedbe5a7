import fc from 'fast-check'
import { expect, test } from 'vitest'
import { avscType } from '../schema/avro-type.ts'
import { AvroWriter } from './avro-writer.ts'

const written = (write: (writer: AvroWriter) => void): Buffer => {
  const writer = new AvroWriter()
  writer.begin()
  write(writer)
  return writer.end()
}
const [long, text, bytes] = ['long', 'string', 'bytes'].map((type) => avscType({ type: 'array', items: type }))
/** The only item of an array of avsc's, without the array's bytes. */
const item = (type: { toBuffer(value: unknown): Buffer } | undefined, value: unknown) =>
  type!.toBuffer([value]).subarray(1, -1)

test('every long is as avsc writes it, whichever way it is given', () => {
  const edges = fc.constantFrom(
    0n,
    -64n,
    63n,
    64n,
    -65n,
    2n ** 31n,
    2n ** 52n,
    -(2n ** 52n),
    2n ** 63n - 1n,
    -(2n ** 63n),
  )
  fc.assert(
    fc.property(fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), edges), (value) => {
      expect(written((writer) => writer.bigLong(value))).toEqual(item(long, value))
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(written((writer) => writer.long(value))).toEqual(item(long, BigInt(value)))
    }),
    { numRuns: 500 },
  )
})

test('nanoseconds from microseconds lose nothing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9_000_000_000_000_000 }), (micros) => {
      expect(written((writer) => writer.nanos(micros))).toEqual(item(long, BigInt(micros) * 1000n))
    }),
    { numRuns: 500 },
  )
})

test('texts and bytes of every length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.uint8Array({ maxLength: 300 }), (one, other) => {
      expect(written((writer) => writer.string(one))).toEqual(item(text, one))
      expect(written((writer) => writer.bytes(other))).toEqual(item(bytes, Buffer.from(other)))
    }),
  )
})

test('records larger than a chunk, and many after each other, keep their bytes', () => {
  const writer = new AvroWriter()
  const kept = Array.from({ length: 50 }, (_, i) => {
    writer.begin()
    writer.string(String(i).repeat(i * 500))
    return writer.end()
  })
  for (const [i, record] of kept.entries()) expect(record).toEqual(item(text, String(i).repeat(i * 500)))
})

test('what was begun and not ended leaves nothing behind', () => {
  const writer = new AvroWriter()
  writer.begin()
  writer.string('half a record')
  writer.begin()
  writer.long(1)
  expect(writer.end()).toEqual(Buffer.of(2))
})
