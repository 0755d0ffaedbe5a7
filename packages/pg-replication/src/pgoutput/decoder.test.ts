import { describe, expect, test } from 'vitest'
import { encode, type Message } from '../../test/encode-pgoutput.ts'
import { recorder } from '../../test/record.ts'
import { dataTypeOf } from '../types/data-type.ts'
import { TypeCatalog } from '../types/type-catalog.ts'
import { PgOutputDecoder } from './decoder.ts'

const oid = 3_000_000_000
const columns = [
  { name: 'id', oid: 20, typmod: -1, flags: 1 },
  { name: 'name', oid: 25, typmod: -1, flags: 0 },
  { name: 'paid', oid: 16, typmod: -1, flags: 0 },
  { name: 'raw', oid: 17, typmod: -1, flags: 0 },
  { name: 'ratio', oid: 701, typmod: -1, flags: 0 },
  { name: 'tags', oid: 1009, typmod: -1, flags: 0 },
]
const relation = { type: 'R', oid, schema: 'public', name: 'orders', identity: 'd', columns } as const

/** Decodes messages, each in the middle of other bytes, and gives what was called. */
function decode(...messages: (Message | Buffer)[]) {
  return decodeOf(false, ...messages)
}

function decodeOf(strayAborts: boolean, ...messages: (Message | Buffer)[]) {
  const catalog = new TypeCatalog()
  const resolveType = (type: number, typmod: number) => dataTypeOf(type, typmod, catalog)
  const decoder = new PgOutputDecoder({ resolveType, strayAborts })
  const { calls, relations, handler } = recorder()
  for (const message of messages) {
    const bytes = Buffer.isBuffer(message) ? message : encode(message)
    const frame = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(2, 0x74)])
    decoder.decode(frame, 3, 3 + bytes.length, handler)
    frame.fill(0xee)
  }
  return { calls, relations, decoder }
}

const coded = (code: string, message = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

describe('messages', () => {
  test('begin and commit carry unsigned ids, LSNs above 2^63 and times from 1970', () => {
    const { calls } = decode(
      { type: 'B', commitLsn: 0xfedcba9876543210n, time: 0n, xid: 0xfffffffe },
      { type: 'C', flags: 0, commitLsn: 0xfedcba9876543210n, endLsn: 0xfedcba9876543248n, time: 1_000_000n },
    )
    expect(calls).toEqual([
      ['begin', 0xfffffffe, 0xfedcba9876543210n, 946_684_800_000_000n],
      ['commit', 0xfedcba9876543210n, 0xfedcba9876543248n, 946_684_801_000_000n],
    ])
  })

  test('a relation has its identity, and types with their printed names', () => {
    const { relations } = decode({
      ...{ type: 'R', oid, schema: '', name: 'таблица 表 🦊', identity: 'i' },
      columns: [{ flags: 1, name: 'prijs €', oid: 1700, typmod: ((10 << 16) | 2) + 4 }],
    })
    expect(relations).toEqual([
      {
        ...{ oid, schema: 'pg_catalog', name: 'таблица 表 🦊', identity: 'index' },
        columns: [
          {
            ...{ name: 'prijs €', oid: 1700, typmod: 655366, identity: true, delimiter: ',' },
            ...{ type: { kind: 'decimal', precision: 10, scale: 2 }, native: 'numeric(10,2)' },
          },
        ],
      },
    ])
  })

  test('rows keep null, unchanged and values apart', () => {
    const { calls } = decode(
      relation,
      { type: 'I', oid, row: ['1', '', 't', '\\x00ff', '-0', '{a,NULL}'] },
      {
        ...{ type: 'U', oid },
        row: ['9223372036854775807', undefined, null, '', 'NaN', undefined],
      },
    )
    expect(calls.slice(1)).toEqual([
      ['insert', 'orders', [1n, '', true, Uint8Array.of(0, 255), -0, ['a', null]]],
      [
        'update',
        'orders',
        undefined,
        undefined,
        [2n ** 63n - 1n, undefined, null, new Uint8Array(), Number.NaN, undefined],
      ],
    ])
  })

  test('a key row has no cells outside the replica identity, an old row has all', () => {
    const old = ['7', null, null, null, null, null]
    const { calls } = decode(
      relation,
      { type: 'U', oid, kind: 'K', before: old, row: ['8', 'x', 'f', null, null, null] },
      { type: 'D', oid, kind: 'K', before: old },
      { type: 'D', oid, kind: 'O', before: old },
    )
    const key = [7n, undefined, undefined, undefined, undefined, undefined]
    expect(calls.slice(1)).toEqual([
      ['update', 'orders', key, 'K', [8n, 'x', false, null, null, null]],
      ['delete', 'orders', key, 'K'],
      ['delete', 'orders', [7n, null, null, null, null, null], 'O'],
    ])
  })

  test('text is UTF-8, in short and in long rows', () => {
    for (const text of [
      'é',
      'ü'.repeat(63),
      '漢字 😀',
      'a'.repeat(127),
      'b'.repeat(128),
      '\u0001\ufffd',
      `${'x'.repeat(9000)}ß`,
    ]) {
      const { calls } = decode(relation, { type: 'I', oid, row: ['1', text, null, null, null, `{"${text}"}`] })
      expect(calls[1]).toEqual(['insert', 'orders', [1n, text, null, null, null, [text]]])
    }
  })

  test('truncate names all its tables, with its flags', () => {
    const other = { ...relation, oid: 5, name: 'lines' }
    const { calls } = decode(
      relation,
      other,
      { type: 'T', flags: 3, oids: [5, oid] },
      { type: 'T', flags: 0, oids: [5] },
    )
    expect(calls.slice(2)).toEqual([
      ['truncate', ['lines', 'orders'], true, true],
      ['truncate', ['lines'], false, false],
    ])
  })

  test('logical messages, origins and types are given', () => {
    const content = Uint8Array.of(0, 1, 255)
    const { calls } = decode(
      { type: 'M', flags: 1, lsn: 5n, prefix: 'cdc', content },
      { type: 'O', lsn: 6n, name: 'node_a' },
      { type: 'Y', oid, schema: 's1', name: 'mood' },
    )
    expect(calls).toEqual([
      ['message', true, 5n, 'cdc', content],
      ['origin', 6n, 'node_a'],
      ['type', oid, 's1', 'mood'],
    ])
  })

  test('a stray stream abort is passed over where the server is known for it, and only between transactions', () => {
    const abort = { type: 'A', xid: 1, subxid: 2 } as const
    const begin = { type: 'B', commitLsn: 1n, time: 0n, xid: 1 } as const
    const commit = { type: 'C', flags: 0, commitLsn: 1n, endLsn: 2n, time: 0n } as const
    expect(decodeOf(true, abort, begin, commit, abort).calls.map(([name]) => name)).toEqual(['begin', 'commit'])
    const refused = coded('PGOUTPUT_UNEXPECTED', /0x41 \('A'\)/)
    expect(() => decodeOf(false, abort)).toThrow(refused)
    expect(() => decodeOf(true, begin, abort)).toThrow(refused)
    // streamed in parallel it would be longer
    expect(() => decodeOf(true, { ...abort, lsn: 3n, time: 4n })).toThrow(coded('PGOUTPUT_MALFORMED'))
  })

  test('a table described anew decodes by its new shape', () => {
    const { calls } = decode(
      relation,
      { type: 'I', oid, row: ['1', 'a', null, null, null, null] },
      { ...relation, columns: [{ name: 'id', oid: 25, typmod: -1, flags: 1 }] },
      { type: 'I', oid, row: ['1'] },
    )
    expect(calls[3]).toEqual(['insert', 'orders', ['1']])
  })

  test('a table without columns has empty rows', () => {
    const { calls } = decode({ ...relation, columns: [] }, { type: 'I', oid, row: [] })
    expect(calls[1]).toEqual(['insert', 'orders', []])
  })

  test('counts an estimate of the heap', () => {
    const before = decode(relation).decoder.bytes
    const row = ['1', 'abc', null, null, null, null]
    const { decoder } = decode(relation, { type: 'I', oid, row })
    expect(decoder.bytes - before).toBe(encode({ type: 'I', oid, row }).length + 6 * 16 + 40)
  })
})

describe('what cannot be', () => {
  test('a change of a table that was not described is fatal', () => {
    expect(() => decode({ type: 'I', oid, row: [] })).toThrow(coded('PGOUTPUT_RELATION_UNKNOWN', /3000000000/))
    expect(() => decode({ type: 'T', flags: 0, oids: [4] })).toThrow(coded('PGOUTPUT_RELATION_UNKNOWN'))
  })

  test('an unknown type changes nothing, so that the message can be decoded again', () => {
    let known = false
    const decoder = new PgOutputDecoder({
      resolveType: (type, typmod) => (known ? dataTypeOf(type, typmod, new TypeCatalog()) : undefined),
    })
    const { calls, handler } = recorder()
    const bytes = encode(relation)
    const run = () => decoder.decode(bytes, 0, bytes.length, handler)
    expect(run).toThrow(coded('TYPE_UNKNOWN', /OID 20.*catalog/))
    expect(calls).toEqual([])
    known = true
    run()
    expect(calls).toEqual([['relation', 'orders']])
  })

  test.each([
    ['nothing at all', '', 'PGOUTPUT_MALFORMED', /empty/],
    ['an unknown type', '58aa', 'PGOUTPUT_UNEXPECTED', /0x58 \('X'\), 2 bytes/],
    ['a stream start', '5300000001', 'PGOUTPUT_UNEXPECTED', /'S'/],
    ['a begin that is cut off', '42000000', 'PGOUTPUT_MALFORMED', /'B'.*cut off.*byte 1 of 4.*0x42000000/],
    ['a name without an end', '4f0000000000000001616263', 'PGOUTPUT_MALFORMED', /name does not end/],
    ['an insert without a row', '49b2d05e004b0006', 'PGOUTPUT_MALFORMED', /no new row.*byte 5/],
    ['an update of neither old nor new', '55b2d05e0058', 'PGOUTPUT_MALFORMED', /neither/],
    ['another number of columns', '49b2d05e004e0005', 'PGOUTPUT_MALFORMED', /has 5 columns, while public.orders .* 6/],
    ['a binary cell', '49b2d05e004e000662', 'PGOUTPUT_MALFORMED', /column 1 is binary/],
    ['a cell of unknown kind', '49b2d05e004e00066e78', 'PGOUTPUT_MALFORMED', /column 2 has the unknown kind 0x78/],
    ['a length past the end', '49b2d05e004e0006747fffffff31', 'PGOUTPUT_MALFORMED', /column 1 has length 2147483647/],
    ['a negative length', '49b2d05e004e000674ffffffff31', 'PGOUTPUT_MALFORMED', /column 1 has length -1/],
    ['trailing bytes', '49b2d05e004e00066e6e6e6e6e6e00', 'PGOUTPUT_MALFORMED', /1 bytes are left over/],
    ['an update whose new row is missing', '55b2d05e004b00066e6e6e6e6e6e', 'PGOUTPUT_MALFORMED', /no new row/],
    ['a relation with more columns than bytes', '520000000161006200 64ffff', 'PGOUTPUT_MALFORMED', /65535 columns/],
    ['a relation of unknown identity', '520000000161006200 780000', 'PGOUTPUT_MALFORMED', /replica identity/],
    ['a truncate of too many tables', '54ffffffff00', 'PGOUTPUT_MALFORMED', /4294967295 tables/],
    ['a message longer than its frame', '4d000000000000000001 6100ffffffff', 'PGOUTPUT_MALFORMED', /cut off/],
  ])('%s is refused with a code and a place', (_, hex, code, message) => {
    expect(() => decode(relation, Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toThrow(coded(code, message))
  })

  test('a text that is no value names its column and not the value', () => {
    expect(() => decode(relation, { type: 'I', oid, row: ['secret', null, null, null, null, null] })).toThrow(
      expect.objectContaining({
        ...{ code: 'VALUE_MALFORMED', where: { table: 'public.orders', column: 'id' } },
        message: expect.not.stringContaining('secret'),
      }),
    )
  })

  test('bytes that are no UTF-8 are an error and no replacement character', () => {
    const row = ['1', Buffer.of(0x61, 0xff), null, null, null, null]
    expect(() => decode(relation, { type: 'I', oid, row })).toThrow(coded('VALUE_ENCODING'))
  })
})
