/**
 * Encoding and decoding of a row of 8 columns: `node --conditions=cdc-source packages/json/bench/bench.ts`. One
 * thread, no I/O; the best of five rounds.
 */
import { stdout } from 'node:process'
import { type Change, type Origin, type RowChange, silentLogger, type Table } from '@cdc/core'
import { json } from '../src/index.ts'

const rows = 200_000
const table: Table = {
  schema: 'public',
  name: 'bench',
  columns: [
    { name: 'id', type: { kind: 'int32' }, native: 'integer', nullable: false },
    { name: 'a', type: { kind: 'int32' }, native: 'integer' },
    { name: 'b', type: { kind: 'int64' }, native: 'bigint' },
    { name: 'c', type: { kind: 'string' }, native: 'text' },
    { name: 'd', type: { kind: 'string' }, native: 'text' },
    { name: 'e', type: { kind: 'timestamptz' }, native: 'timestamp with time zone' },
    { name: 'f', type: { kind: 'decimal', precision: 10, scale: 2 }, native: 'numeric(10,2)' },
    { name: 'g', type: { kind: 'boolean' }, native: 'boolean' },
  ],
  key: [0],
}
const origin: Origin = {
  transaction: { connector: 'bench', database: 'bench', commitTime: 0n, commit: 1n },
  offset: 0n,
  order: 0,
}
const text = 'The quick brown fox jumps over the lazy dog, twice. 0123456789ab'
const row = (id: number) => [
  id,
  id * 7,
  BigInt(id) * 10n,
  text,
  `${text.slice(0, 26)}${id}`,
  '2026-11-21 04:05:06.789012+00',
  `${id % 100_000}.25`,
  id % 2 === 0,
]
const inserts = Array.from({ length: rows }, (_, id): RowChange => ({ kind: 'insert', table, after: row(id), origin }))
const updates = Array.from(
  { length: rows },
  (_, id): RowChange => ({ kind: 'update', table, before: row(id), after: row(id), origin }),
)

function best(work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const start = performance.now()
    work()
    least = Math.min(least, performance.now() - start)
  }
  return (least * 1000) / rows
}

for (const changelog of ['upsert', 'debezium'] as const) {
  const format = json({ changelog }).create({ pipeline: 'bench', logger: silentLogger, report() {}, role: 'value' })
  const [encoder, decoder] = [await format.encoder(table), await format.decoder(table)]
  for (const [name, changes] of [
    ['inserts', inserts],
    ['updates', updates],
  ] as const) {
    const records = changes.map((change) => Buffer.from(encoder.encode(change)[0]!.value as string))
    const bytes = records.reduce((sum, { length }) => sum + length, 0) / rows
    let size = 0
    const encode = best(() => {
      // as a sink does: the text becomes bytes
      for (const change of changes) size += Buffer.from(encoder.encode(change)[0]!.value as string).length
    })
    let last: readonly Change[] = []
    const decode = best(() => {
      for (const record of records) last = decoder.decode(null, record)
    })
    stdout.write(
      `${changelog}, ${name}, ${Math.round(bytes)} bytes: written in ${encode.toFixed(2)} µs, read in ${decode.toFixed(2)} µs${size + last.length === 0 ? '!' : ''}\n`,
    )
  }
}
