import { type Bench, type Case, type Group, Lazy } from '../bench.ts'
import type { TopicKind } from '../kafka/topic-places.ts'
import type { Measurement } from '../measurement.ts'
import type { PipelineMeasurement } from '../pipeline-job.ts'
import { sinkNames } from '../places.ts'
import { rateCase, type Target } from '../rate-case.ts'
import { copyName, copyToNowhere } from '../references/copy.ts'
import { produce, produceName } from '../references/produce.ts'
import { receiverName, receiveToNowhere } from '../references/receive.ts'
import { thousands } from '../table.ts'
import { settle } from '../workload/backlog.ts'
import { fill } from '../workload/items.ts'
import { closeStreams, insertStream, readBacklog, type Stream, updateStream } from './catch-up.ts'
import { readSnapshot } from './snapshot.ts'

/** Bytes of peak RSS into Kafka. */
export const kafkaMemory = 300 * 1024 * 1024

/** What is read, into any kind of topic, and what the source alone could do. */
interface Reading {
  readonly name: string
  readonly changes: number
  into(kind: TopicKind): Promise<PipelineMeasurement>
  /** The server's own program, that only reads. */
  readonly ceiling: string
  readToNowhere(): Promise<Measurement>
  readonly targets: Readonly<Record<'kafka' | 'upsert-kafka', Target>>
}

/** Snapshot, one large transaction, and many small ones into Kafka, counted at the broker. acks=all everywhere. */
export function kafkaSinks(bench: Bench): Group {
  const { source, scale } = bench
  const filled = new Lazy(async () => {
    const database = await source.createDatabase('snapshot')
    await fill(source, database, scale.rows)
    return database
  })
  const inserts = insertStream(bench, scale.inserts)
  const updates = updateStream(bench, scale.updates)
  const snapshot: Reading = {
    name: `snapshot of ${thousands(scale.rows)} rows`,
    changes: scale.rows,
    into: async (kind) => readSnapshot(bench, await filled.get(), kind, scale.rows),
    ceiling: copyName,
    readToNowhere: async () => copyToNowhere(source, await filled.get(), scale.rows),
    targets: { kafka: { rate: 130_000, cpu: 6 }, 'upsert-kafka': { rate: 150_000, cpu: 6 } },
  }
  const catchUp = { rate: 110_000, cpu: 6 }
  // one transaction after the other is decoded by the server, which is the slower one
  const small = { ratio: 0.9, cpu: 6 }
  const readings = [
    snapshot,
    streamed(bench, inserts, scale.inserts, { kafka: catchUp, 'upsert-kafka': catchUp }),
    streamed(bench, updates, scale.updates, { kafka: small, 'upsert-kafka': small }),
  ]
  return {
    cases: readings.flatMap((reading) => casesOf(bench, reading)),
    async close() {
      await closeStreams(bench, [inserts, updates])
      await filled.ifMade(async (database) => {
        await source.query(`DROP DATABASE "${database}" WITH (FORCE)`)
      })
    },
  }
}

function streamed(bench: Bench, stream: Stream, changes: number, targets: Reading['targets']): Reading {
  return {
    name: stream.name,
    changes,
    targets,
    into: async (kind) => readBacklog(bench, await stream.backlog.get(), kind),
    ceiling: receiverName,
    async readToNowhere() {
      await settle(bench.source)
      return receiveToNowhere(bench.source, await stream.backlog.get())
    },
  }
}

const atLeast = { ratio: 0.8, memory: kafkaMemory }

function casesOf(bench: Bench, reading: Reading): Case[] {
  return [
    besideCeilings(bench, reading, 'kafka'),
    besideOurs(bench, reading, 'kafka-avro', 'kafka', 'ours, debezium-json'),
    besideOurs(bench, reading, 'kafka-exact', 'kafka', 'ours, at least once'),
    besideCeilings(bench, reading, 'upsert-kafka'),
    besideOurs(bench, reading, 'upsert-kafka-exact', 'upsert-kafka', 'ours, at least once'),
  ]
}

/** Beside what the source alone and the broker alone can do. */
function besideCeilings({ kafka, scale }: Bench, reading: Reading, kind: 'kafka' | 'upsert-kafka'): Case {
  return rateCase({
    name: `${reading.name} -> ${sinkNames[kind]}`,
    runs: scale.runs,
    target: { ...reading.targets[kind], memory: kafkaMemory },
    async run() {
      const ours = await reading.into(kind)
      const read = await reading.readToNowhere()
      const { waits, ...written } = await produce(kafka, { records: reading.changes, record: ours.record! })
      return { ours, references: { [reading.ceiling]: read, [produceName]: written } }
    },
  })
}

/** Beside ourselves, with one thing changed. */
function besideOurs({ scale }: Bench, reading: Reading, kind: TopicKind, other: TopicKind, called: string): Case {
  return rateCase({
    name: `${reading.name} -> ${sinkNames[kind]}`,
    runs: scale.runs,
    target: atLeast,
    async run() {
      const ours = await reading.into(kind)
      return { ours, references: { [called]: await reading.into(other) } }
    },
  })
}
