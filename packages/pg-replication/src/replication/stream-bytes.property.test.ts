import { CdcError } from '@cdc/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { damages, sizes } from '../../test/damage.ts'
import { encode, type Message } from '../../test/encode-pgoutput.ts'
import { damaged, pieces, readStream } from '../../test/read-stream.ts'
import type { Call } from '../../test/record.ts'

const oid = 16384
const relation: Message = {
  ...{ type: 'R', oid, schema: 'public', name: 't', identity: 'f' },
  columns: [20, 25, 1700].map((type, i) => ({ name: `c${i}`, oid: type, typmod: -1, flags: 1 })),
}
const cell = fc.option(fc.string({ maxLength: 30 }).filter((text) => !text.includes('\0')))
const row = fc.tuple(fc.option(fc.integer().map(String)), cell, fc.option(fc.integer().map(String)))
const message: fc.Arbitrary<Message> = fc.oneof(
  row.map((cells): Message => ({ type: 'I', oid, row: cells })),
  fc.tuple(row, row).map(([before, cells]): Message => ({ type: 'U', oid, kind: 'O', before, row: cells })),
  row.map((before): Message => ({ type: 'D', oid, kind: 'O', before })),
  fc.bigInt(1n, 2n ** 60n).map((lsn): Message => ({ type: 'B', commitLsn: lsn, time: 7n, xid: 9 })),
)

/** As the server sends them: in CopyData, as data and with keepalives between. */
const stream = fc
  .array(fc.oneof({ arbitrary: message, weight: 5 }, { arbitrary: fc.constant(undefined), weight: 1 }), {
    maxLength: 12,
  })
  .map((messages) =>
    Buffer.concat([data(encode(relation)), ...messages.map((one) => (one ? data(encode(one)) : keepalive))]),
  )

describe('the bytes of a stream', () => {
  test('mean the same wherever they are cut', () => {
    fc.assert(
      fc.property(stream, sizes, (bytes, cuts) => {
        const whole = readStream([Buffer.from(bytes)])
        expect(whole.at(-1)).toEqual(['rest', 0])
        expect(readStream(pieces(bytes, cuts))).toEqual(whole)
        expect(readStream(pieces(bytes, [1]))).toEqual(whole)
      }),
      { numRuns: 300 },
    )
  })

  test('when they are damaged are read or refused with a code, the same wherever they are cut', () => {
    fc.assert(
      fc.property(stream, damages, sizes, (bytes, changes, cuts) => {
        const bad = damaged(bytes, changes)
        expect(outcome(pieces(bad, cuts))).toEqual(outcome([bad]))
      }),
      { numRuns: 1000 },
    )
  })

  test('with one bit flipped never lose a message in silence: none, a coded error, or another value', () => {
    fc.assert(
      fc.property(stream, fc.nat(), fc.nat({ max: 7 }), (bytes, at, bit) => {
        const whole = readStream([Buffer.from(bytes)])
        const calls = outcome([damaged(bytes, [{ kind: 'flip', at, bit }])])
        // a length that grew waits for bytes that are not there: what follows on a real stream shows it
        if (calls === 'refused' || calls.at(-1)![1] !== 0) return
        expect(calls).toHaveLength(whole.length)
        for (const [name] of calls) expect(['started', 'ended', 'parameter', 'error', 'notice']).not.toContain(name)
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    ['a kind that there is not', frame(Buffer.from('q'.padEnd(40)))],
    ['no kind', frame(Buffer.alloc(0))],
    ['data without a message', frame(Buffer.concat([Buffer.from('w'), Buffer.alloc(24)]))],
    ['a keepalive that is too short', frame(Buffer.concat([Buffer.from('k'), Buffer.alloc(16)]))],
    ['a keepalive that is too long', frame(Buffer.concat([Buffer.from('k'), Buffer.alloc(18)]))],
  ])('with %s are refused', (_, bytes) => {
    expect(() => readStream([bytes])).toThrow(expect.objectContaining({ code: 'PROTOCOL_BROKEN' }))
    expect(() => readStream([keepalive, bytes, keepalive])).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_BROKEN' }),
    )
  })

  test.each([2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 3, 0])(
    'that announce %i bytes take no memory for them',
    (length) => {
      const head = Buffer.alloc(5)
      head.write('d', 'latin1')
      head.writeUInt32BE(length, 1)
      const before = process.memoryUsage().arrayBuffers
      outcome([Buffer.concat([head, Buffer.alloc(1000)])])
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 2 ** 20)
    },
  )
})

/** What the bytes came to: the calls, or a refusal with a code. Of two faults, which is met first depends on the cuts. */
function outcome(chunks: Buffer[]): Call[] | 'refused' {
  try {
    return readStream(chunks, 2 ** 20)
  } catch (error) {
    if (!CdcError.is(error) || error.code === 'UNEXPECTED') throw error
    return 'refused'
  }
}

function frame(body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write('d', 'latin1')
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

function data(body: Buffer): Buffer {
  return frame(Buffer.concat([Buffer.from('w'), Buffer.alloc(24), body]))
}

const keepalive = frame(Buffer.concat([Buffer.from('k'), Buffer.alloc(17)]))
