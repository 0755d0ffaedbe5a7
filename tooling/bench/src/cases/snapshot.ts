import { type Bench, type Group, Lazy } from '../bench.ts'
import { measurePipeline } from '../pipeline-job.ts'
import { freshName, placeFor, type SinkKind, sinkKinds, sinkNames, sourceOptions } from '../places.ts'
import { type RateCase, rateCase, type Target } from '../rate-case.ts'
import { copyIntoCopy, copyName, copyToNowhere } from '../references/copy.ts'
import { subscriptionCopy } from '../references/subscription.ts'
import { thousands } from '../table.ts'
import { settle } from '../workload/backlog.ts'
import { fill } from '../workload/items.ts'

const targets: Readonly<Record<(typeof sinkKinds)[number], Target>> = {
  blackhole: { ratio: 0.7 },
  filesystem: { ratio: 0.3 },
  jdbc: { ratio: 1 },
}

/** One table, read once, into each sink. */
export function snapshots(bench: Bench): Group {
  const { source, scale } = bench
  const filled = new Lazy(async () => {
    const database = await source.createDatabase('snapshot')
    await fill(source, database, scale.rows)
    return database
  })
  return {
    cases: sinkKinds.map((sink) =>
      rateCase({
        name: `snapshot of ${thousands(scale.rows)} rows -> ${sinkNames[sink]}`,
        runs: scale.runs,
        target: targets[sink],
        run: async () => {
          const database = await filled.get()
          const ours = await readSnapshot(bench, database, sink, scale.rows)
          return { ours, references: await references(bench, database, sink) }
        },
      } satisfies RateCase),
    ),
    close: () =>
      filled.ifMade(async (database) => {
        await source.query(`DROP DATABASE "${database}" WITH (FORCE)`)
      }),
  }
}

/** Ours: a snapshot and nothing after it. */
export async function readSnapshot(bench: Bench, database: string, sink: SinkKind, rows: number, tables = 1) {
  const place = await placeFor(bench, sink)
  await settle(bench.source, bench.target)
  try {
    const job = {
      name: freshName(),
      source: { ...sourceOptions(bench.source, database), 'scan.startup.mode': 'snapshot' },
      sink: place.options,
      changes: rows,
      tables,
      state: bench.folder,
    }
    const measured = await measurePipeline(job)
    return { ...measured, record: await place.check?.(rows) }
  } finally {
    await place.drop()
  }
}

async function references({ source, target, scale }: Bench, database: string, sink: SinkKind) {
  if (sink !== 'jdbc') return { [copyName]: await copyToNowhere(source, database, scale.rows) }
  const into = async <T>(measure: (database: string) => Promise<T>): Promise<T> => {
    const empty = await target.createDatabase('target')
    try {
      await fill(target, empty, 0)
      await settle(source, target)
      return await measure(empty)
    } finally {
      await target.query(`DROP DATABASE "${empty}" WITH (FORCE)`)
    }
  }
  return {
    "subscription's initial copy": await into((empty) => subscriptionCopy(source, database, target, empty, scale.rows)),
    'COPY piped into COPY': await into((empty) => copyIntoCopy(source, database, target, empty, scale.rows)),
  }
}
