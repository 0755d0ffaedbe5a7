import { waitFor } from '@cdc/servers'
import { type Bench, type Case, type Group, Lazy } from '../bench.ts'
import { ConnectWorker, debeziumName } from '../debezium/connect-worker.ts'
import { measureDebezium, withTopic } from '../debezium/measure.ts'
import { freshName } from '../places.ts'
import { rateCase } from '../rate-case.ts'
import { fixed, megabytes, noRow, thousands } from '../table.ts'
import { copySlot, dropSlot, settle } from '../workload/backlog.ts'
import { fill } from '../workload/items.ts'
import { closeStreams, insertStream, readBacklog, type Stream, updateStream } from './catch-up.ts'
import { appendTimes, changesOf, throughPipeline } from './kafka-latency.ts'
import { commitTime, type Latency, rateOfLoad, runLoad, timesOf, told, waits } from './latency.ts'
import { readSnapshot } from './snapshot.ts'

const warmName = `${debeziumName}, its second half`

/** The real Debezium beside ours: the same tables and counts, the same broker, in turn. */
export function debezium(bench: Bench): Group[] {
  const streams = [insertStream(bench, bench.scale.inserts), updateStream(bench, bench.scale.updates)]
  return [
    snapshot(bench),
    { cases: streams.map((stream) => catchUp(bench, stream)), close: () => closeStreams(bench, streams) },
    { cases: [latencies(bench)], close: async () => undefined },
  ]
}

function snapshot(bench: Bench): Group {
  const { source, scale } = bench
  const filled = new Lazy(async () => {
    const database = await source.createDatabase('snapshot')
    await fill(source, database, scale.rows)
    return database
  })
  const one = rateCase({
    name: `snapshot of ${thousands(scale.rows)} rows -> kafka, debezium-json`,
    runs: scale.runs,
    async run() {
      const database = await filled.get()
      const ours = await readSnapshot(bench, database, 'kafka', scale.rows)
      await settle(source)
      const slot = freshName()
      const settings = { 'snapshot.mode': 'initial_only', 'publication.autocreate.mode': 'filtered' }
      const { cold, warm } = await measureDebezium(bench, scale.rows, { database, slot, settings })
      // it makes no slot that would stay
      await source.query('DROP PUBLICATION IF EXISTS dbz_publication', database)
      return { ours, references: { [debeziumName]: cold, [warmName]: warm } }
    },
  })
  return {
    cases: [one],
    close: () =>
      filled.ifMade(async (database) => {
        await source.query(`DROP DATABASE "${database}" WITH (FORCE)`)
      }),
  }
}

function catchUp(bench: Bench, stream: Stream): Case {
  const { source, scale } = bench
  return rateCase({
    name: `${stream.name} -> kafka, debezium-json`,
    runs: scale.runs,
    async run() {
      const backlog = await stream.backlog.get()
      const ours = await readBacklog(bench, backlog, 'kafka')
      const slot = await copySlot(source, backlog)
      await settle(source)
      const settings = { 'snapshot.mode': 'no_data', 'publication.autocreate.mode': 'disabled' }
      const { database, changes } = backlog
      const { cold, warm } = await measureDebezium(bench, changes, { database, slot, settings })
      await dropSlot(source, database, slot)
      return { ours, references: { [debeziumName]: cold, [warmName]: warm } }
    },
  })
}

function latencies(bench: Bench): Case {
  const name = `latency -> kafka, debezium-json at ${rateOfLoad.toLocaleString('en')} tx/s`
  return {
    name,
    async measure(progress) {
      progress(name)
      const ours = await throughPipeline(bench)
      const theirs = await throughDebezium(bench)
      const reference = `${debeziumName} ${told(theirs)}, ${fixed(theirs.cpu)} µs, ${megabytes(theirs.peakRss ?? 0)}`
      return [
        {
          ...noRow,
          case: name,
          ours: told(ours),
          reference,
          ratio: fixed(theirs.p50 / ours.p50),
          cpu: fixed(ours.cpu),
          peakRss: megabytes(ours.peakRss ?? 0),
          figures: { ours, theirs },
        },
      ]
    },
  }
}

async function throughDebezium(bench: Bench): Promise<Latency> {
  const { source, kafka, scale, folder } = bench
  const database = await source.createDatabase('latency')
  await fill(source, database, 0)
  return withTopic(bench, { 'message.timestamp.type': 'LogAppendTime' }, async (prefix, topic) => {
    const slot = freshName()
    const settings = { 'snapshot.mode': 'no_data', 'publication.autocreate.mode': 'filtered' }
    const worker = await ConnectWorker.start(kafka, folder, { source, database, slot, prefix, settings })
    try {
      const active = async () =>
        (await source.query(`SELECT FROM pg_replication_slots WHERE slot_name = '${slot}' AND active`)).length === 1
      await waitFor(active, { timeout: 120_000, interval: 100, describe: 'Debezium to stream' })
      // its machine has to be warm, as one that runs for long
      const { warmUp, load } = await runLoad(source, database, scale.seconds, 2 * scale.seconds)
      const wanted = await changesOf(bench, database)
      const arrived = async () => (await kafka.count(topic)) >= wanted
      await waitFor(arrived, { timeout: 120_000, interval: 100, describe: 'all records to be in the topic' })
      const cpu = worker.cpu() / wanted
      const peakRss = worker.peakRss()
      const commits = await timesOf(source, database, warmUp, commitTime)
      const measured = waits(commits, await appendTimes(bench, topic))
      return { perSecond: load.transactions / load.seconds, ...measured, cpu, peakRss }
    } finally {
      await worker.stop()
      await dropSlot(source, database, slot)
      await source.query(`DROP DATABASE "${database}" WITH (FORCE)`)
    }
  })
}
