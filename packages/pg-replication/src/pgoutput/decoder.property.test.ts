import { CdcError } from '@cdc/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encode, type Message, type TupleCell } from '../../test/encode-pgoutput.ts'
import { recorder } from '../../test/record.ts'
import { dataTypeOf } from '../types/data-type.ts'
import { TypeCatalog } from '../types/type-catalog.ts'
import { PgOutputDecoder } from './decoder.ts'

const oid = 16384
const types = [20, 25, 23, 1700, 25]
const relation: Message = {
  ...{ type: 'R', oid, schema: 'public', name: 't', identity: 'f' },
  columns: types.map((type, i) => ({ name: `c${i}`, oid: type, typmod: -1, flags: 1 })),
}

const word = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\0'))
const text = fc.oneof(
  word,
  fc.string({ minLength: 120, maxLength: 140 }),
  word.map((part) => part.repeat(200)),
)
const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const lsn = fc.bigInt(0n, 2n ** 64n - 1n)
const time = fc.bigInt(0n, 2n ** 60n)
const cells = fc.tuple(
  fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), { freq: 4 }),
  fc.oneof(text, fc.constant(undefined)),
  fc.option(fc.integer()),
  fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)),
  fc.option(text),
)
type Cells = readonly (bigint | string | number | null | undefined)[]
const wire = (row: Cells): TupleCell[] => row.map((cell) => (cell === null || cell === undefined ? cell : String(cell)))

/** A message and the call that it must make. */
const message: fc.Arbitrary<readonly [Message, readonly unknown[]]> = fc.oneof(
  cells.map((row) => [{ type: 'I', oid, row: wire(row) }, ['insert', 't', row]] as const),
  fc
    .tuple(cells, cells)
    .map(
      ([before, row]) =>
        [
          { type: 'U', oid, kind: 'O', before: wire(before), row: wire(row) },
          ['update', 't', before, 'O', row],
        ] as const,
    ),
  cells.map((row) => [{ type: 'D', oid, kind: 'O', before: wire(row) }, ['delete', 't', row, 'O']] as const),
  fc
    .tuple(lsn, time, uint32)
    .map(
      ([at, when, xid]) =>
        [{ type: 'B', commitLsn: at, time: when, xid }, ['begin', xid, at, when + 946_684_800_000_000n]] as const,
    ),
  fc
    .tuple(lsn, word, fc.uint8Array())
    .map(
      ([at, prefix, content]) =>
        [{ type: 'M', flags: 0, lsn: at, prefix, content }, ['message', false, at, prefix, content]] as const,
    ),
)

function fresh() {
  const catalog = new TypeCatalog()
  const decoder = new PgOutputDecoder({ resolveType: (type, typmod) => dataTypeOf(type, typmod, catalog) })
  const record = recorder()
  const first = encode(relation)
  decoder.decode(first, 0, first.length, record.handler)
  return { decoder, ...record }
}

test('decodes whatever is encoded', () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 8 }), (messages) => {
      const { decoder, calls, handler } = fresh()
      const frames = messages.map(([fields]) => encode(fields))
      const buffer = Buffer.concat(frames)
      let at = 0
      for (const frame of frames) {
        decoder.decode(buffer, at, at + frame.length, handler)
        at += frame.length
      }
      // What was decoded must not change with the buffer.
      buffer.fill(0)
      expect(calls.slice(1)).toEqual(messages.map(([, call]) => call))
    }),
    { numRuns: 300 },
  )
})

test('changed, shortened and lengthened messages decode or give a coded error, and never read past their end', () => {
  const change = fc.oneof(
    fc.record({ kind: fc.constant('byte' as const), at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('more' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }) }),
  )
  const messages = fc.oneof(
    message.map(([fields]) => encode(fields)),
    fc.constant(encode(relation)),
  )
  fc.assert(
    fc.property(messages, fc.array(change, { minLength: 1, maxLength: 3 }), (original, changes) => {
      const bytes = changes.reduce(mutate, original)
      // The bytes after the end would make valid cells: reading them would show as a difference.
      const tails = [Buffer.alloc(64, 0x6e), Buffer.alloc(64, 0x00)]
      const [one, other] = tails.map((tail) => outcome(Buffer.concat([bytes, tail]), bytes.length))
      expect(one).toEqual(other)
    }),
    { numRuns: 2000 },
  )
})

type Mutation =
  | { kind: 'byte'; at: number; value: number }
  | { kind: 'cut'; at: number }
  | { kind: 'more'; bytes: Uint8Array }

function mutate(bytes: Buffer, change: Mutation): Buffer {
  if (change.kind === 'more') return Buffer.concat([bytes, change.bytes])
  if (change.kind === 'cut') return bytes.subarray(0, change.at % (bytes.length + 1))
  const copy = Buffer.from(bytes)
  if (copy.length > 0) copy[change.at % copy.length] = change.value
  return copy
}

function outcome(buffer: Buffer, end: number): unknown {
  const { decoder, calls, handler } = fresh()
  try {
    decoder.decode(buffer, 0, end, handler)
    return calls
  } catch (error) {
    if (!CdcError.is(error) || error.code === 'UNEXPECTED') throw error
    return [error.code, error.message]
  }
}
