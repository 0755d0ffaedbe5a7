import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { type Bench, type Group, Lazy } from '../bench.ts'
import type { SinkKind } from '../places.ts'
import { rateCase } from '../rate-case.ts'
import { copyName, copyToNowhere } from '../references/copy.ts'
import { receiverName, receiveToNowhere } from '../references/receive.ts'
import { thousands } from '../table.ts'
import { type Backlog, dropBacklog, makeBacklog, settle } from '../workload/backlog.ts'
import { fill, type ItemsShape, insert } from '../workload/items.ts'
import { closeStreams, readBacklog, type Stream, updateStream } from './catch-up.ts'
import { tablesBacklog } from './many-tables.ts'
import { readSnapshot } from './snapshot.ts'

/** How cost grows: one thing is changed at a time, everything else as in the table of the benchmark. */
export function growth(bench: Bench): Group[] {
  const { rows, updates, inserts, tables } = bench.scale
  const cells = rows * 2
  return [
    ...[2, 8, 50, 200].map((columns) =>
      shaped(bench, `${columns} columns`, { columns }, Math.min(inserts, Math.ceil(cells / columns))),
    ),
    ...[10, 1_000, 10_000, 100_000].map((note) =>
      shaped(
        bench,
        `rows of ${thousands(note + 88)} bytes`,
        { note },
        Math.min(inserts, Math.ceil((rows * 200) / note)),
      ),
    ),
    ...[1, 10, 100, 10_000].map((each) => streamed(bench, updateStream(bench, updates, Math.min(each, updates)))),
    ...[updates, 4 * updates, 16 * updates].map((count) => streamed(bench, updateStream(bench, count, 100))),
    ...[1, Math.ceil(tables / 10), tables, tables * 4].map((count) => tabled(bench, count)),
    cores(bench),
  ]
}

/** Snapshot and stream of inserts of rows of this shape. */
function shaped(bench: Bench, name: string, shape: ItemsShape, count: number): Group {
  const { source, scale } = bench
  const backlog = new Lazy(() =>
    makeBacklog(source, {
      changes: count,
      caughtUp: 'SELECT',
      prepare: (database) => fill(source, database, 0, shape),
      change: (database) => insert(source, database, 1, count, shape),
    }),
  )
  return {
    cases: [
      snapshotOf(bench, `${name}: snapshot of ${thousands(count)} rows`, backlog, scale.runs, async () => count),
      streamOf(bench, `${name}: stream of ${thousands(count)} inserts`, backlog, scale.runs),
    ],
    close: () => closeBacklog(bench, backlog),
  }
}

function streamed(bench: Bench, stream: Stream): Group {
  return {
    cases: [streamOf(bench, stream.name, stream.backlog, bench.scale.runs)],
    close: () => closeStreams(bench, [stream]),
  }
}

function tabled(bench: Bench, tables: number): Group {
  const { source, scale } = bench
  const changes = scale.updates
  const backlog = tablesBacklog(bench, { tables, rows: changes, changes })
  const count = async ({ database, tables }: Backlog) => {
    let rows = 0
    const client = await source.client(database)
    for (const table of tables) rows += (await client.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n
    await client.end()
    return rows
  }
  const name = `${thousands(tables)} ${tables === 1 ? 'table' : 'tables'}`
  return {
    cases: [
      snapshotOf(bench, `${name}: snapshot`, backlog, scale.runs, count),
      streamOf(bench, `${name}: stream of ${thousands(changes)} inserts, 100 a transaction`, backlog, scale.runs),
    ],
    close: () => closeBacklog(bench, backlog),
  }
}

/** All that takes part, servers too, on one core and on all. */
function cores(bench: Bench): Group {
  const stream = updateStream(bench, bench.scale.updates, 100)
  const all = `0-${availableParallelism() - 1}`
  const pinned = (name: string, list: string, sink: SinkKind) =>
    rateCase({
      name: `${name}: ${stream.name} -> ${sink}`,
      runs: bench.scale.runs,
      run: async () => {
        const backlog = await stream.backlog.get()
        pin(bench, list)
        try {
          const ours = await readBacklog(bench, backlog, sink, stream.before, { cores: list })
          return { ours, references: { [receiverName]: await receiveToNowhere(bench.source, backlog) } }
        } finally {
          pin(bench, all)
        }
      },
    })
  const linux = process.platform === 'linux'
  return {
    cases: (['blackhole', 'jdbc'] as const).flatMap((sink) =>
      linux ? [pinned('1 core', '0', sink), pinned('all cores', all, sink)] : [],
    ),
    close: () => closeStreams(bench, [stream]),
  }
}

/** Backends are forked from the postmaster and stay where it is. */
function pin({ source, target }: Bench, cores: string): void {
  for (const { pid } of [source, target]) execFileSync('taskset', ['-a', '-p', '-c', cores, String(pid)])
}

function snapshotOf(
  bench: Bench,
  name: string,
  backlog: Lazy<Backlog>,
  runs: number,
  count: (made: Backlog) => Promise<number>,
) {
  return rateCase({
    name: `${name} -> blackhole`,
    runs,
    run: async () => {
      const made = await backlog.get()
      const rows = await count(made)
      const ours = await readSnapshot(bench, made.database, 'blackhole', rows, made.tables.length)
      await settle(bench.source)
      return { ours, references: { [copyName]: await copyToNowhere(bench.source, made.database, rows, made.tables) } }
    },
  })
}

function streamOf(bench: Bench, name: string, backlog: Lazy<Backlog>, runs: number) {
  return rateCase({
    name: `${name} -> blackhole`,
    runs,
    run: async () => {
      const made = await backlog.get()
      const ours = await readBacklog(bench, made, 'blackhole')
      await settle(bench.source)
      return { ours, references: { [receiverName]: await receiveToNowhere(bench.source, made) } }
    },
  })
}

function closeBacklog({ source }: Bench, backlog: Lazy<Backlog>): Promise<void> {
  return backlog.ifMade((made) => dropBacklog(source, made))
}
