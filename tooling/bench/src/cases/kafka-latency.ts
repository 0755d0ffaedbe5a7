import { waitFor } from '@cdc/servers'
import type { Bench, Group } from '../bench.ts'
import { topicFor } from '../kafka/topic-places.ts'
import { percentile } from '../measurement.ts'
import { startPipeline } from '../pipeline-job.ts'
import { freshName, sourceOptions } from '../places.ts'
import { type Produced, produce } from '../references/produce.ts'
import { fixed, megabytes, noRow, type TableRow } from '../table.ts'
import { fill } from '../workload/items.ts'
import { commitTime, type Latency, middle, rateOfLoad, runLoad, timesOf, told, waits } from './latency.ts'

const limits = { p50: 4, p99: 12 }

/** The broker stamps what it appends, in whole milliseconds: half of one is added. */
const halfStamp = 500

type Acknowledged = Pick<Latency, 'p50' | 'p99' | 'max'>

/** Commit in the source to the broker's time of the record, under a steady load; and what one request takes there. */
export function kafkaLatency(bench: Bench): Group {
  const name = `latency -> kafka, debezium-json at ${rateOfLoad.toLocaleString('en')} tx/s`
  return {
    cases: [
      {
        name,
        async measure(progress) {
          const ours: Latency[] = []
          const theirs: Acknowledged[] = []
          for (let i = 1; i <= bench.scale.runs; i++) {
            progress(`${name} (${i} of ${bench.scale.runs})`)
            ours.push(await throughPipeline(bench))
            const records = bench.scale.seconds * rateOfLoad
            const record = { key: 12, value: 800 }
            theirs.push(requests(await produce(bench.kafka, { records, record, perSecond: rateOfLoad })))
          }
          return [
            row(name, middle(ours), theirs.toSorted((a, b) => a.p50 - b.p50)[theirs.length >> 1]!, { ours, theirs }),
          ]
        },
      },
    ],
    close: async () => undefined,
  }
}

const requests = ({ waits: all }: Produced): Acknowledged => ({
  p50: percentile(all, 0.5),
  p99: percentile(all, 0.99),
  max: all.at(-1)!,
})

function row(name: string, ours: Latency, theirs: Acknowledged, figures: unknown): TableRow {
  return {
    ...noRow,
    case: name,
    ours: told(ours),
    reference: `a record made before, acknowledged ${told(theirs)}`,
    ratio: fixed(theirs.p50 / ours.p50),
    cpu: fixed(ours.cpu),
    peakRss: ours.peakRss === undefined ? '' : megabytes(ours.peakRss),
    target: `p50 ≤ ${limits.p50} ms, p99 ≤ ${limits.p99} ms`,
    met: ours.p50 <= limits.p50 && ours.p99 <= limits.p99 ? 'met' : 'not met',
    figures,
  }
}

/** Ours: milliseconds from commit to record. */
export async function throughPipeline(bench: Bench): Promise<Latency> {
  const { source, kafka, scale } = bench
  const place = await topicFor(kafka, 'kafka', { 'topic.creation.default.message.timestamp.type': 'LogAppendTime' })
  const from = await source.createDatabase('latency')
  await fill(source, from, 0)
  const slot = freshName()
  const child = startPipeline({
    name: slot,
    source: { ...sourceOptions(source, from), 'slot.name': slot },
    sink: place.options,
    tables: 1,
    state: bench.folder,
  })
  await child.said('streaming')
  const { warmUp, load } = await runLoad(source, from, scale.seconds)
  const wanted = await changesOf(bench, from)
  const arrived = async () => (await kafka.count(place.topic)) === wanted
  await waitFor(arrived, { timeout: 120_000, interval: 100, describe: 'all records to be in the topic' })
  child.stop()
  const { cpu, changes, peakRss } = await child.result()
  await source.query(`SELECT pg_drop_replication_slot('${slot}')`, from)
  const commits = await timesOf(source, from, warmUp, commitTime)
  const measured = waits(commits, await appendTimes(bench, place.topic))
  await source.query(`DROP DATABASE "${from}" WITH (FORCE)`)
  await place.drop()
  return { perSecond: load.transactions / load.seconds, ...measured, cpu: (cpu ?? 0) / changes, peakRss }
}

/** Every row was inserted, and updated at most once. */
export async function changesOf({ source }: Bench, database: string): Promise<number> {
  const [found] = await source.query<{ changes: number }>(
    "SELECT (count(*) + count(*) FILTER (WHERE status = 'paid'))::int AS changes FROM items",
    database,
  )
  return found!.changes
}

/** When the last record of each row was appended, in microseconds. */
export async function appendTimes({ kafka }: Bench, topic: string): Promise<Map<number, number>> {
  const times = new Map<number, number>()
  for await (const records of kafka.read(topic))
    for (const { key, timestamp } of records) {
      const { id } = JSON.parse(key!.toString()) as { id: number }
      times.set(id, Number(timestamp) * 1000 + halfStamp)
    }
  return times
}
