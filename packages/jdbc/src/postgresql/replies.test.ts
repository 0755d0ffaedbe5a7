import { CdcError } from '@cdc/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplyReader } from './replies.ts'

const cell = fc.option(fc.string({ unit: 'grapheme', maxLength: 12 }))
const message = fc.oneof(
  fc.array(cell, { maxLength: 4 }).map(dataRow),
  fc.constantFrom('INSERT 0 5', 'COPY 12', 'BEGIN', 'COMMIT').map((tag) => typed('C', Buffer.from(`${tag}\0`))),
  fc.constant(typed('Z', Buffer.from('I'))),
  fc.constant(typed('1', Buffer.alloc(0))),
  fc.constant(typed('E', Buffer.from('C23505\0Mno\0\0'))),
)

test('any split of the answers gives the same as the whole', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat({ max: 30 })), (messages, cuts) => {
      const bytes = Buffer.concat(messages)
      const whole = read([bytes])
      expect(whole).toHaveLength(messages.length)
      expect(read(split(bytes, cuts))).toEqual(whole)
      expect(read(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(whole)
    }),
  )
})

test('changed, shortened and foreign bytes are read or refused with a code, the same however they are split', () => {
  const change = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) })
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 4 }),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      (messages, changes) => {
        const bytes = Buffer.concat(messages)
        for (const { at, value } of changes) bytes[at % bytes.length] = value
        expect(outcome(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(outcome([bytes]))
      },
    ),
    { numRuns: 2000 },
  )
})

test.each([
  ['a length below its own', [0x44, 0, 0, 0, 3]],
  ['a length that is negative', [0x44, 0x80, 0, 0, 0]],
  ['a length beyond what a server can build', [0x44, 0x7f, 0xff, 0xff, 0xff]],
  ['no type', [0x00, 0, 0, 0, 9]],
])('%s is refused before anything is collected', (_, bytes) => {
  expect(() => read([Buffer.from(bytes)])).toThrow(expect.objectContaining({ code: 'TARGET_PROTOCOL' }))
})

test.each([
  ['bytes behind its last cell', [0, 1, 0xff, 0xff, 0xff, 0xff, 0]],
  ['a cell longer than the message', [0, 1, 0, 0, 0, 9, 0x61]],
  ['a cell of length -2', [0, 1, 0xff, 0xff, 0xff, 0xfe]],
  ['fewer cells than it says', [0, 2, 0xff, 0xff, 0xff, 0xff]],
  ['no count', [0]],
])('a row with %s is refused', (_, body) => {
  expect(() => read([typed('D', Buffer.from(body)), dataRow([])])).toThrow(
    expect.objectContaining({ code: 'TARGET_PROTOCOL' }),
  )
})

test('a large row that comes in many pieces is not joined anew with each of them', () => {
  const row = dataRow(['x'.repeat(8_000_000)])
  const pieces = Array.from({ length: Math.ceil(row.length / 1000) }, (_, i) => row.subarray(i * 1000, i * 1000 + 1000))
  const began = process.cpuUsage()
  expect(read(pieces)).toHaveLength(1)
  // joined anew with each piece it would be 32 GB of copying
  expect(process.cpuUsage(began).user).toBeLessThan(3_000_000)
})

function read(chunks: readonly Buffer[]): unknown[] {
  const calls: unknown[] = []
  const reader = new ReplyReader({
    parsed: () => calls.push(['parsed']),
    row: (cells) => calls.push(['row', cells]),
    completed: (tag, count) => calls.push(['completed', tag, count]),
    failed: ({ code }) => calls.push(['failed', code]),
    ready: () => calls.push(['ready']),
  })
  for (const chunk of chunks) reader.push(chunk)
  return calls
}

function outcome(chunks: readonly Buffer[]): unknown {
  try {
    return read(chunks)
  } catch (error) {
    if (!CdcError.is(error)) throw error
    return [error.code, error.message]
  }
}

function split(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  chunks.push(bytes.subarray(at))
  return chunks
}

function typed(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

function dataRow(cells: readonly (string | null)[]): Buffer {
  const parts = [Buffer.alloc(2)]
  parts[0]!.writeUInt16BE(cells.length)
  for (const text of cells) {
    const bytes = text === null ? Buffer.alloc(0) : Buffer.from(text)
    const length = Buffer.alloc(4)
    length.writeInt32BE(text === null ? -1 : bytes.length)
    parts.push(length, bytes)
  }
  return typed('D', Buffer.concat(parts))
}
