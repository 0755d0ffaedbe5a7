import { type Bench, type Group, Lazy } from '../bench.ts'
import { rate } from '../measurement.ts'
import type { PipelineMeasurement } from '../pipeline-job.ts'
import { rateCase } from '../rate-case.ts'
import { copyName, copyToNowhere } from '../references/copy.ts'
import { receiverName, receiveToNowhere } from '../references/receive.ts'
import { fixed, noRow, thousands } from '../table.ts'
import { type Backlog, dropBacklog, makeBacklog, settle } from '../workload/backlog.ts'
import { fill, insertStatement } from '../workload/items.ts'
import { readBacklog } from './catch-up.ts'
import { readSnapshot } from './snapshot.ts'

/** Rows that all tables hold together before the backlog, and changes in it. */
export interface ManyTables {
  readonly tables: number
  readonly rows: number
  readonly changes: number
}

const rowsPerTransaction = 100

/** Many tables with rows, then a backlog that goes round them in transactions of 100 inserts. */
export function tablesBacklog({ source }: Bench, { tables, rows, changes }: ManyTables): Lazy<Backlog> {
  const names = Array.from({ length: tables }, (_, i) => `items_${i + 1}`)
  const each = Math.max(1, Math.floor(rows / tables))
  const rounds = Math.max(1, Math.floor(changes / rowsPerTransaction))
  return new Lazy(() =>
    makeBacklog(source, {
      tables: names,
      changed: Math.min(tables, rounds),
      changes: rounds * rowsPerTransaction,
      caughtUp: 'SELECT',
      async prepare(database) {
        await fill(source, database, each, {}, 'items')
        await source.query(
          `DO $$ BEGIN FOR i IN 1..${tables} LOOP
             EXECUTE format('CREATE TABLE %I (LIKE items INCLUDING ALL)', 'items_' || i);
             EXECUTE format('INSERT INTO %I SELECT * FROM items', 'items_' || i);
           END LOOP; END $$`,
          database,
        )
        await source.query('DROP TABLE items', database)
        await source.query('ANALYZE', database)
      },
      async change(database) {
        const client = await source.client(database)
        for (let round = 0; round < rounds; round++) {
          const first = each + 1 + round * rowsPerTransaction
          await client.query(insertStatement(first, first + rowsPerTransaction - 1, {}, names[round % tables]))
        }
        await client.end()
      },
    }),
  )
}

/** Start, snapshot and stream of many tables. */
export function manyTables(bench: Bench): Group {
  const { source, scale } = bench
  const { tables } = scale
  const changes = scale.updates
  const backlog = tablesBacklog(bench, { tables, rows: changes, changes })
  const named = `${thousands(tables)} tables`
  const starts: PipelineMeasurement[] = []
  const count = async ({ database, tables }: Backlog) => {
    const parts = tables.map((table) => `SELECT count(*) AS n FROM ${table}`)
    const [row] = await source.query<{ n: number }>(
      `SELECT sum(n)::int AS n FROM (${parts.join(' UNION ALL ')}) AS counts`,
      database,
    )
    return row!.n
  }
  const snapshot = rateCase({
    name: `${named}: snapshot -> blackhole`,
    runs: scale.runs,
    run: async () => {
      const made = await backlog.get()
      const rows = await count(made)
      const ours = await readSnapshot(bench, made.database, 'blackhole', rows, made.tables.length)
      starts.push(ours)
      return { ours, references: { [copyName]: await copyToNowhere(source, made.database, rows, made.tables) } }
    },
  })
  const stream = rateCase({
    name: `${named}: stream of ${thousands(changes)} inserts, 100 a transaction -> blackhole`,
    runs: scale.runs,
    run: async () => {
      const made = await backlog.get()
      const ours = await readBacklog(bench, made, 'blackhole')
      await settle(source)
      return { ours, references: { [receiverName]: await receiveToNowhere(source, made) } }
    },
  })
  return {
    cases: [
      {
        name: snapshot.name,
        async measure(progress) {
          const rows = await snapshot.measure(progress)
          const sorted = starts.toSorted((a, b) => rate(a) - rate(b))
          const start = sorted[Math.floor(sorted.length / 2)]!.snapshot.began
          const ours = `${fixed(start)} s`
          return [{ ...noRow, case: `${named}: start until the snapshot begins`, ours, figures: start }, ...rows]
        },
      },
      stream,
    ],
    close: () => backlog.ifMade((made) => dropBacklog(source, made)),
  }
}
