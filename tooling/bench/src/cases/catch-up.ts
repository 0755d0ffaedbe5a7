import { type Bench, type Case, type Group, Lazy } from '../bench.ts'
import { cpuPerChange, type Measurement, median } from '../measurement.ts'
import { measurePipeline, type PipelineMeasurement } from '../pipeline-job.ts'
import { freshName, placeFor, type SinkKind, sinkKinds, sinkNames, sourceOptions } from '../places.ts'
import { type RateCase, rateCase, rateRows, type Target } from '../rate-case.ts'
import { receiverName, receiveToNowhere, receiveWithPeer } from '../references/receive.ts'
import { subscriptionCatchUp } from '../references/subscription.ts'
import { fixed, thousands } from '../table.ts'
import { type Backlog, copySlot, dropBacklog, dropSlot, makeBacklog, settle } from '../workload/backlog.ts'
import { fill, insert, update, updatedRow } from '../workload/items.ts'

const targets: Readonly<Record<(typeof sinkKinds)[number], Target>> = {
  blackhole: { ratio: 0.95, cpu: 1.5 },
  filesystem: { ratio: 0.9, cpu: 4 },
  jdbc: { ratio: 0.9 },
}

/** A backlog, and how a target looks before its first change. */
export interface Stream {
  readonly name: string
  readonly backlog: Lazy<Backlog>
  readonly before: (database: string) => Promise<void>
}

/** One transaction of inserts into an empty table. */
export function insertStream({ source, target }: Bench, count: number): Stream {
  return {
    name: `stream of ${thousands(count)} inserts in one transaction`,
    before: (database) => fill(target, database, 0),
    backlog: new Lazy(() =>
      makeBacklog(source, {
        changes: count,
        caughtUp: `SELECT FROM items WHERE id = ${count}`,
        prepare: (database) => fill(source, database, 0),
        change: (database) => insert(source, database, 1, count),
      }),
    ),
  }
}

/** Updates of one row each, of a table of 100,000 rows or fewer, in transactions of `each`. */
export function updateStream({ source, target }: Bench, count: number, each = 1): Stream {
  const rows = Math.min(100_000, count)
  const size = each === 1 ? 'transactions of one update' : `updates in transactions of ${thousands(each)}`
  return {
    name: `stream of ${thousands(count)} ${size}`,
    before: (database) => fill(target, database, rows),
    backlog: new Lazy(() =>
      makeBacklog(source, {
        changes: count,
        caughtUp: `SELECT FROM items WHERE id = ${updatedRow(count, rows)} AND quantity = ${count}`,
        prepare: (database) => fill(source, database, rows),
        change: (database) => update(source, database, rows, count, each),
      }),
    ),
  }
}

/** Both streams into each sink, and the first over TLS. */
export function catchUps(bench: Bench): Group {
  const inserts = insertStream(bench, bench.scale.inserts)
  const updates = updateStream(bench, bench.scale.updates)
  const cases = [inserts, updates].flatMap((stream) =>
    sinkKinds.map((sink) => rateCase(catchUp(bench, stream, sink, bench.scale.runs, targets[sink]))),
  )
  return { cases: [...cases, overTls(bench, inserts)], close: () => closeStreams(bench, [inserts, updates]) }
}

/** One transaction that is larger than any memory may hold. Once only: it takes minutes. */
export function largeTransaction(bench: Bench): Group {
  const stream = insertStream(bench, bench.scale.large)
  const cases = sinkKinds.map((sink) => rateCase(catchUp(bench, stream, sink, 1, {})))
  return { cases, close: () => closeStreams(bench, [stream]) }
}

export async function closeStreams({ source }: Bench, streams: readonly Stream[]): Promise<void> {
  for (const { backlog } of streams) await backlog.ifMade((made) => dropBacklog(source, made))
}

/** What a case of this stream into this sink does. */
export function catchUp(bench: Bench, stream: Stream, sink: SinkKind, runs: number, target?: Target): RateCase {
  return {
    name: `${stream.name} -> ${sinkNames[sink]}`,
    runs,
    ...(target === undefined ? {} : { target }),
    run: async () => {
      const backlog = await stream.backlog.get()
      const ours = await readBacklog(bench, backlog, sink, stream.before)
      return { ours, references: await references(bench, stream, backlog, sink) }
    },
  }
}

/** Ours: from a copy of the slot until every change is durable in the sink. */
export async function readBacklog(
  bench: Bench,
  backlog: Backlog,
  sink: SinkKind,
  before?: (database: string) => Promise<void>,
  options: { readonly source?: Readonly<Record<string, string>>; readonly cores?: string | undefined } = {},
): Promise<PipelineMeasurement> {
  const place = await placeFor(bench, sink, before)
  const slot = await copySlot(bench.source, backlog)
  await settle(bench.source, bench.target)
  const stand = { 'slot.name': slot, 'scan.startup.mode': 'committed-offset' }
  try {
    const job = {
      name: freshName(),
      source: { ...sourceOptions(bench.source, backlog.database), ...stand, ...options.source },
      sink: place.options,
      changes: backlog.changes,
      tables: backlog.changed,
      state: bench.folder,
    }
    const measured = await measurePipeline(job, options.cores)
    return { ...measured, record: await place.check?.(backlog.changes) }
  } finally {
    await dropSlot(bench.source, backlog.database, slot)
    await place.drop()
  }
}

async function references(bench: Bench, stream: Stream, backlog: Backlog, sink: SinkKind) {
  const { source, target } = bench
  if (sink === 'jdbc') {
    const database = await target.createDatabase('target')
    try {
      await stream.before(database)
      await settle(source, target)
      return { "subscription's catch-up": await subscriptionCatchUp(source, backlog, target, database) }
    } finally {
      await target.query(`DROP DATABASE "${database}" WITH (FORCE)`)
    }
  }
  await settle(source, target)
  const received = { [receiverName]: await receiveToNowhere(source, backlog) }
  if (sink !== 'blackhole') return received
  return { ...received, 'pg-logical-replication': await receiveWithPeer(source, backlog) }
}

const tlsLimit = 1.5

/** The same over TLS, with the plain connection of the same run as its reference. */
function overTls(bench: Bench, stream: Stream): Case {
  const name = `${stream.name} -> blackhole, over TLS`
  return {
    name,
    async measure(progress) {
      const runs: { ours: Measurement; references: { 'ours without TLS': Measurement } }[] = []
      for (let i = 1; i <= bench.scale.runs; i++) {
        progress(`${name} (${i} of ${bench.scale.runs})`)
        const backlog = await stream.backlog.get()
        const read = (sslmode: string) =>
          readBacklog(bench, backlog, 'blackhole', stream.before, { source: { sslmode } })
        const plain = await read('disable')
        runs.push({ ours: await read('require'), references: { 'ours without TLS': plain } })
      }
      const [row] = rateRows({ name }, runs)
      const tls = median(runs.map((run) => run.ours))
      const plain = median(runs.map((run) => run.references['ours without TLS']))
      const more = cpuPerChange(tls)! - cpuPerChange(plain)!
      const met = more <= tlsLimit ? 'met' : 'not met'
      return [{ ...row!, cpu: `${row!.cpu}, ${fixed(more)} more`, target: `≤ ${tlsLimit} µs more`, met }]
    },
  }
}
