import { expect, test } from 'vitest'
import { avscType } from './avro-type.ts'
import { parseAvroSchema } from './parsed-schema.ts'

const schema = {
  type: 'record',
  name: 'row',
  fields: [
    { name: 'tags', type: { type: 'array', items: ['null', 'string'] } },
    { name: 'marks', type: { type: 'map', values: 'long' } },
    { name: 'kind', type: { type: 'enum', name: 'kind', symbols: ['a', 'b'] } },
    { name: 'next', type: ['null', 'row'] },
    { name: 'fixed', type: { type: 'fixed', name: 'four', size: 4 } },
  ],
}
const parsed = parseAvroSchema(JSON.stringify(schema), 'the schema')
const row = (next: unknown) => ({
  tags: [null, 'x', 'y'],
  marks: { a: 1n, b: -(2n ** 62n) },
  kind: 'b',
  next,
  fixed: Buffer.from('four'),
})
const bytes = avscType(schema).toBuffer(row(row(null)))

test('whole records are read, with blocks, maps and records in themselves', () => {
  expect(parsed.read(bytes, 'value')).toMatchObject({ kind: 'b', next: { marks: { b: -(2n ** 62n) } } })
})

test('blocks that tell their size are read', () => {
  // a count of -2 and a size of 2, two nulls, the end; then no marks, 'a', null, and four bytes
  expect(parsed.read(Buffer.from([3, 4, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]), 'value')).toMatchObject({ tags: [null, null] })
})

test.each([
  ['an array of 2^34 items', [0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ['a count of 2^63', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['a number without an end', Array.from({ length: 20 }, () => 0xff)],
  ['a branch that is none', [2, 8]],
  ['a text that is longer than the record', [2, 2, 100]],
  ['a text of a negative length', [2, 2, 3, 0]],
] as const)('%s is refused at once', (_, damaged) => {
  expect(() => parsed.read(Uint8Array.from(damaged), 'value')).toThrow(expect.objectContaining({ code: 'AVRO_RECORD' }))
})

test('a record that was cut off anywhere is refused', () => {
  for (let length = 0; length < bytes.length; length++)
    expect(() => parsed.read(bytes.subarray(0, length), 'value')).toThrow(
      expect.objectContaining({ code: 'AVRO_RECORD' }),
    )
})
