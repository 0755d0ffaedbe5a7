/**
 * Figures of this sink alone, against a server of its own: `node --conditions=cdc-source packages/jdbc/bench/bench.ts`.
 * Snapshot: COPY of 8 columns, 184 bytes a row. Catching up: updates of single rows at random, 5,000 a batch, each
 * batch flushed. Latency: one change, written and flushed.
 */
import { argv, cpuUsage, stdout } from 'node:process'
import type { Change, Origin, Row, Table, Transaction } from '@cdc/core'
import { startPostgres } from '@cdc/servers'
import { context, TestTarget } from '../test/target.ts'

const rows = Number(argv[2] ?? 500_000)
const never = new AbortController().signal

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
const transaction: Transaction = { connector: 'bench', database: 'bench', commitTime: 0n, commit: 1n }
const origin: Origin = { transaction, offset: 0n, order: 0 }
const snapshot: Origin = { ...origin, snapshot: 'true' }
const text = 'The quick brown fox jumps over the lazy dog, twice. 0123456789ab'
const row = (id: number, a: number): Row => [
  id,
  a,
  BigInt(id) * 10n,
  text,
  `${text.slice(0, 26)}${id}`,
  '2026-11-21 04:05:06.789012+00',
  `${id % 100_000}.25`,
  id % 2 === 0,
]

async function measure(name: string, count: number, work: () => Promise<void>): Promise<void> {
  const cpu = cpuUsage()
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = cpuUsage(cpu)
  stdout.write(
    `${name}: ${Math.round(count / seconds).toLocaleString('en')}/s, ${((user + system) / count).toFixed(2)} µs of CPU each here\n`,
  )
}

await using server = await startPostgres({ version: 15, settings: { shared_buffers: '256MB', max_wal_size: '4GB' } })
const target = await TestTarget.make(server)
const sink = target.sink().create(context())
await sink.open()
await sink.position?.()

await measure('snapshot rows', rows, async () => {
  for (let from = 0; from < rows; from += 5000) {
    const changes: Change[] = from === 0 ? [{ kind: 'schema', table, origin }] : []
    for (let id = from; id < Math.min(rows, from + 5000); id++)
      changes.push({ kind: 'insert', table, after: row(id, 0), origin: snapshot })
    await sink.write({ changes, open: 'table', bytes: 0 }, never)
  }
  await sink.flush('snapshot', never)
})
await target.run('VACUUM ANALYZE public.bench')

for (const [name, pick] of [
  ['updates of random rows', () => Math.floor(Math.random() * rows)],
  ['updates of neighbouring rows', (n: number) => n % rows],
] as const) {
  const updates = Math.min(rows, 300_000)
  await measure(name, updates, async () => {
    for (let from = 0; from < updates; from += 5000) {
      const changes: Change[] = []
      for (let n = from; n < from + 5000; n++) changes.push({ kind: 'update', table, after: row(pick(n), n), origin })
      await sink.write({ changes, position: `${name} ${from}`, bytes: 0 }, never)
      await sink.flush(`${name} ${from}`, never)
    }
  })
}

const times: number[] = []
for (let n = 0; n < 2000; n++) {
  const start = performance.now()
  const change: Change = { kind: 'update', table, after: row(n, n), origin }
  await sink.write({ changes: [change], position: `one ${n}`, bytes: 0 }, never)
  await sink.flush(`one ${n}`, never)
  times.push(performance.now() - start)
}
times.sort((a, b) => a - b)
const at = (share: number) => times[Math.floor(times.length * share)]!.toFixed(2)
stdout.write(`one change, written and committed: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`)
await sink.close()
