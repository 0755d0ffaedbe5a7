import { type Change, type Row, type RowChange, silentLogger, type Table } from '@cdc/core'
import { debeziumJson } from '../src/index.ts'

/**
 * What encoding costs: rows of 8 columns, as they come from a snapshot and from the stream.
 * `node --conditions=cdc-source packages/debezium-json/bench/bench.ts [rows]`
 */
const rows = Number(process.argv[2] ?? 200_000)

const table: Table = {
  database: 'shop',
  schema: 'public',
  name: 'orders',
  key: [0],
  identity: 'default',
  columns: [
    { name: 'id', type: { kind: 'int64' }, native: 'bigint', nullable: false },
    { name: 'customer_id', type: { kind: 'int32' }, native: 'integer', nullable: false },
    { name: 'status', type: { kind: 'string', length: 20 }, native: 'character varying(20)', nullable: true },
    { name: 'total', type: { kind: 'decimal', precision: 10, scale: 2 }, native: 'numeric(10,2)', nullable: true },
    { name: 'created_at', type: { kind: 'timestamptz' }, native: 'timestamp with time zone', nullable: true },
    { name: 'updated_at', type: { kind: 'timestamp' }, native: 'timestamp without time zone', nullable: true },
    { name: 'paid', type: { kind: 'boolean' }, native: 'boolean', nullable: true },
    { name: 'note', type: { kind: 'string' }, native: 'text', nullable: true },
  ],
}

const two = (n: number) => String(n % 60).padStart(2, '0')
const row = (i: number): Row => [
  BigInt(1_000_000 + i),
  i % 5000,
  i % 3 === 0 ? 'shipped' : 'pending',
  `${(i * 7919) % 100_000}.${two(i)}`,
  `2024-03-${String((i % 28) + 1).padStart(2, '0')} 10:${two(i)}:${two(i * 7)}.${String(i % 1_000_000).padStart(6, '0')}+00`,
  `2024-03-${String((i % 28) + 1).padStart(2, '0')} 11:${two(i)}:${two(i * 11)}.5`,
  i % 2 === 0,
  'a note of forty characters, more or less.',
]

function changes(streamed: boolean): RowChange[] {
  const snapshot = {
    connector: 'postgres-cdc',
    database: 'shop',
    commitTime: 1_710_000_000_000_000n,
    commit: 1000n,
    horizon: '7',
  }
  const shared = { transaction: snapshot, offset: 1000n, order: 0, snapshot: 'true' as const }
  let transaction = snapshot as Change['origin']['transaction']
  return Array.from({ length: rows }, (_, i) => {
    if (!streamed) return { kind: 'insert', table, after: row(i), origin: shared }
    const place = 26_000_000n + BigInt(i) * 200n
    // a transaction has ten changes
    if (i % 10 === 0)
      transaction = {
        ...snapshot,
        id: String(700 + i),
        commit: place + 2000n,
        previousCommit: place,
        commitTime: snapshot.commitTime + BigInt(i),
      }
    return { kind: 'update', table, after: row(i), origin: { transaction, offset: place, order: i % 10 } }
  })
}

async function measure(name: string, streamed: boolean, options: Parameters<typeof debeziumJson>[0]): Promise<void> {
  const context = { pipeline: 'bench', logger: silentLogger, report() {}, role: 'value' as const }
  const encoder = await debeziumJson(options).create(context).encoder(table)
  const all = changes(streamed)
  let [best, bytes] = [Number.POSITIVE_INFINITY, 0]
  for (let round = 0; round < 7; round++) {
    // of this thread alone: whatever else the machine does
    const start = process.threadCpuUsage()
    bytes = 0
    for (const change of all) {
      const [record] = encoder.encode(change)
      // as bytes, since a text is only put together when somebody reads it
      bytes += Buffer.byteLength(record!.value as string) + Buffer.byteLength(record!.key as string)
    }
    const { user, system } = process.threadCpuUsage(start)
    best = Math.min(best, user + system)
  }
  const each = (best / rows).toFixed(2)
  process.stdout.write(`${name.padEnd(28)} ${each} µs of CPU a row, ${Math.round(bytes / rows)} bytes with its key\n`)
}

await measure('snapshot', false, {})
await measure('stream', true, {})
await measure('stream, decimals as text', true, { 'decimal.handling.mode': 'string' })
await measure('stream, unwrapped', true, { unwrap: true })
await measure('stream, with schemas', true, { 'schemas.enable': true })
