import { type PostgresServer, waitFor } from '@cdc/servers'
import type { Bench, Group } from '../bench.ts'
import { percentile } from '../measurement.ts'
import { startPipeline } from '../pipeline-job.ts'
import { freshName, jdbcOptions, sourceOptions } from '../places.ts'
import { MeasuredChild } from '../processes.ts'
import { fixed, megabytes, noRow, type TableRow } from '../table.ts'
import { fill } from '../workload/items.ts'

/** What `children/load.ts` is to do. */
export interface LoadJob {
  readonly connection: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly password: string
    readonly database: string
  }
  readonly perSecond: number
  readonly transactions: number
}

export interface LoadResult {
  readonly transactions: number
  readonly seconds: number
}

/** Milliseconds from a commit in the source until its row was committed in the target. */
export interface Latency {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly cpu?: number | undefined
  readonly peakRss?: number | undefined
}

export const rateOfLoad = 1000
const warmUpSeconds = 2
const limits = { p50: 4, p99: 20 }

/** Commit in the source to commit in the target, under a steady load; and the same through a subscription. */
export function latency(bench: Bench): Group {
  const name = `latency -> jdbc at ${rateOfLoad.toLocaleString('en')} tx/s`
  return {
    cases: [
      {
        name,
        async measure(progress) {
          const ours: Latency[] = []
          const theirs: Latency[] = []
          for (let i = 1; i <= bench.scale.runs; i++) {
            progress(`${name} (${i} of ${bench.scale.runs})`)
            ours.push(await inDatabases(bench, (databases) => throughPipeline(bench, databases)))
            theirs.push(await inDatabases(bench, (databases) => throughSubscription(bench, databases)))
          }
          return [row(name, middle(ours), middle(theirs), { ours, theirs })]
        },
      },
    ],
    close: async () => undefined,
  }
}

/** The run in the middle. */
export const middle = (runs: readonly Latency[]) => runs.toSorted((a, b) => a.p50 - b.p50)[Math.floor(runs.length / 2)]!

export const told = ({ p50, p99, max }: Pick<Latency, 'p50' | 'p99' | 'max'>) =>
  `p50 ${fixed(p50)}, p99 ${fixed(p99)}, max ${fixed(max)} ms`

function row(name: string, ours: Latency, theirs: Latency, figures: unknown): TableRow {
  return {
    ...noRow,
    case: name,
    ours: told(ours),
    reference: `subscription ${told(theirs)}`,
    ratio: fixed(theirs.p50 / ours.p50),
    cpu: fixed(ours.cpu),
    peakRss: ours.peakRss === undefined ? '' : megabytes(ours.peakRss),
    target: `p50 ≤ ${limits.p50} ms, p99 ≤ ${limits.p99} ms`,
    met: ours.p50 <= limits.p50 && ours.p99 <= limits.p99 ? 'met' : 'not met',
    figures,
  }
}

interface Databases {
  readonly from: string
  readonly into: string
}

async function inDatabases<T>({ source, target }: Bench, run: (databases: Databases) => Promise<T>): Promise<T> {
  const from = await source.createDatabase('latency')
  const into = await target.createDatabase('latency')
  try {
    await fill(source, from, 0)
    await fill(target, into, 0)
    return await run({ from, into })
  } finally {
    await target.query(`DROP DATABASE "${into}" WITH (FORCE)`)
    await source.query(`DROP DATABASE "${from}" WITH (FORCE)`)
  }
}

async function throughPipeline(bench: Bench, { from, into }: Databases): Promise<Latency> {
  const slot = freshName()
  const child = startPipeline({
    name: slot,
    source: { ...sourceOptions(bench.source, from), 'slot.name': slot },
    sink: jdbcOptions(bench.target, into),
    tables: 1,
    state: bench.folder,
  })
  await child.said('streaming')
  const measured = await underLoad(bench, from, into)
  child.stop()
  const { cpu, changes, peakRss } = await child.result()
  await bench.source.query(`SELECT pg_drop_replication_slot('${slot}')`, from)
  return { ...measured, cpu: (cpu ?? 0) / changes, peakRss }
}

async function throughSubscription(bench: Bench, { from, into }: Databases): Promise<Latency> {
  const { host, port, user, password } = bench.source
  await bench.source.query('CREATE PUBLICATION latency FOR TABLE items', from)
  const dsn = `host=${host} port=${port} user=${user} password=${password} dbname=${from} sslmode=disable`
  await bench.target.query(`CREATE SUBSCRIPTION ${into} CONNECTION '${dsn}' PUBLICATION latency`, into)
  try {
    const client = await bench.target.client(into)
    // its worker stamps its commits with the time of the source's, so the rows have to say when they came
    await client.query(`ALTER TABLE items ADD arrived timestamptz;
      CREATE FUNCTION arrive() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.arrived := clock_timestamp(); RETURN NEW; END $$;
      CREATE TRIGGER arrive BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION arrive();
      ALTER TABLE items ENABLE ALWAYS TRIGGER arrive`)
    const ready = "SELECT FROM pg_subscription_rel WHERE srsubstate = 'r'"
    await waitFor(async () => (await client.query(ready)).rowCount === 1, { timeout: 120_000 })
    await client.end()
    return await underLoad(bench, from, into, 'arrived')
  } finally {
    await bench.target.query(`DROP SUBSCRIPTION ${into}`, into)
  }
}

/** Both servers stamp their commits from one machine's clock, so nothing need watch while it runs. */
async function underLoad(
  { source, target, scale }: Bench,
  from: string,
  into: string,
  arrival = commitTime,
): Promise<Latency> {
  const { warmUp, load } = await runLoad(source, from, scale.seconds)
  const last =
    'SELECT max(id)::int AS id, count(*)::int AS rows, count(*) FILTER (WHERE status = $1)::int AS paid FROM items'
  const wanted = await source.query(last, from, ['paid'])
  const client = await target.client(into)
  const arrived = async () => JSON.stringify((await client.query(last, ['paid'])).rows) === JSON.stringify(wanted)
  await waitFor(arrived, { timeout: 120_000, interval: 100, describe: 'all rows to arrive in the target' })
  await client.end()
  const commits = await timesOf(source, from, warmUp, commitTime)
  return {
    perSecond: load.transactions / load.seconds,
    ...waits(commits, await timesOf(target, into, warmUp, arrival)),
  }
}

/** The load, from its first transaction to its last; rows before `warmUp` do not count. */
export async function runLoad(
  { host, port, user, password }: PostgresServer,
  database: string,
  seconds: number,
  uncounted = warmUpSeconds,
) {
  const warmUp = uncounted * rateOfLoad
  const transactions = warmUp + seconds * rateOfLoad
  const job = { connection: { host, port, user, password, database }, perSecond: rateOfLoad, transactions }
  return { warmUp, load: await new MeasuredChild<LoadJob, LoadResult>('load', job).result() }
}

/** Milliseconds from commit to arrival, both in microseconds. */
export function waits(commits: ReadonlyMap<number, number>, arrivals: ReadonlyMap<number, number>) {
  const waited = [...commits].map(([id, at]) => (arrivals.get(id)! - at) / 1000).toSorted((a, b) => a - b)
  return { p50: percentile(waited, 0.5), p99: percentile(waited, 0.99), max: waited.at(-1)! }
}

/** When a row's last transaction committed. */
export const commitTime = 'pg_xact_commit_timestamp(xmin)'

/** A time of each row, in microseconds. */
export async function timesOf(
  server: PostgresServer,
  database: string,
  first: number,
  time: string,
): Promise<Map<number, number>> {
  const rows = await server.query<{ id: number; at: string }>(
    `SELECT id::int, (extract(epoch FROM ${time}) * 1000000)::bigint::text AS at FROM items WHERE id >= ${first}`,
    database,
  )
  return new Map(rows.map(({ id, at }) => [id, Number(at)]))
}
