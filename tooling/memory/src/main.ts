/** `pnpm test:memory`: everything at full size, as a table. `--only TEXT`; `--scale 0.1` for a tenth of each size. */
import { parseArgs } from 'node:util'
import { startPostgres } from '@cdc/servers'
import { MB } from './bound.ts'
import * as run from './cases.ts'

const { values } = parseArgs({ options: { only: { type: 'string' }, scale: { type: 'string', default: '1' } } })
const scaled = (size: number) => Math.max(2, Math.round(size * Number(values.scale)))

const server = await startPostgres({
  version: 15,
  settings: {
    max_wal_size: '8GB',
    shared_buffers: '256MB',
    synchronous_commit: 'off',
    max_locks_per_transaction: '512',
  },
})
const sinks = ['blackhole', 'filesystem', 'jdbc'] as const
const written = ['filesystem', 'jdbc'] as const
const count = (size: number) => scaled(size).toLocaleString('en')
const cases: readonly (readonly [name: string, run: () => Promise<run.Outcome & Partial<run.Leak>>])[] = [
  ...sinks.map(
    (sink) =>
      [`snapshot of ${count(1e6)} rows to ${sink}`, () => run.snapshot(server, sink, scaled(1_000_000))] as const,
  ),
  ...written.map(
    (sink) =>
      [`transaction of ${count(5e6)} rows to ${sink}`, () => run.transaction(server, sink, scaled(5_000_000))] as const,
  ),
  ...sinks.flatMap((sink) =>
    (Object.keys(run.cells) as (keyof typeof run.cells)[]).map(
      (kind) =>
        [
          `cell of ${count(100)} MB, ${kind}, to ${sink}`,
          () => run.largeCell(server, sink, kind, scaled(100 * MB)),
        ] as const,
    ),
  ),
  [`target stopped for ${count(180)} s`, () => run.stoppedSink(server, scaled(180))],
  ...written.map(
    (sink) => [`${count(2000)} tables to ${sink}`, () => run.manyTables(server, sink, scaled(2000))] as const,
  ),
  ...written.map(
    (sink) => [`${count(1600)} columns to ${sink}`, () => run.manyColumns(server, sink, scaled(1600), 2000)] as const,
  ),
  [`${count(10_000)} reconnects`, () => run.reconnects(server, scaled(10_000))],
]

let failed = 0
try {
  for (const [name, measure] of cases) {
    if (values.only !== undefined && !name.includes(values.only)) continue
    try {
      const { peak, bound, first, second } = await measure()
      const grows = first !== undefined && second !== undefined && second - first > run.tolerance
      const fails = peak > bound || grows
      if (fails) failed++
      const heap =
        first === undefined
          ? ''
          : `, heap ${(first / MB).toFixed(1)} MB half way, ${(second! / MB).toFixed(1)} at the end`
      console.log(
        `${fails ? 'FAILED' : 'ok    '} ${name.padEnd(52)} peak ${Math.round(peak / MB)} MB, bound ${Math.round(bound / MB)} MB${heap}`,
      )
    } catch (error) {
      failed++
      console.log(`FAILED ${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
} finally {
  await server.stop()
}
process.exitCode = failed === 0 ? 0 : 1
