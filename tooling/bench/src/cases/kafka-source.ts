import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '@cdc/servers'
import { type Bench, type Group, Lazy } from '../bench.ts'
import { type TopicPlace, topicFor } from '../kafka/topic-places.ts'
import type { Measurement } from '../measurement.ts'
import { measurePipeline, startPipeline } from '../pipeline-job.ts'
import { freshName, jdbcOptions, placeFor, sourceOptions } from '../places.ts'
import { rateCase, type Target } from '../rate-case.ts'
import { copyIntoCopy } from '../references/copy.ts'
import { thousands } from '../table.ts'
import { settle } from '../workload/backlog.ts'
import { fill } from '../workload/items.ts'
import { kafkaMemory } from './kafka-sinks.ts'

/** As Flink would declare the table that the topic has. */
const schema = `id BIGINT, name STRING, email STRING, status STRING, amount DECIMAL(12, 2), quantity INT,
  changed TIMESTAMP_LTZ(6), note STRING, PRIMARY KEY (id) NOT ENFORCED`

/** Each has a partition of the topic. */
const consumers = 4

interface Filled {
  readonly database: string
  readonly place: TopicPlace
}

/** A topic of rows by key, into a table. */
export function kafkaSource(bench: Bench): Group {
  const { source, kafka, scale } = bench
  const filled = new Lazy(async (): Promise<Filled> => {
    const database = await source.createDatabase('rows')
    await fill(source, database, scale.rows)
    const place = await topicFor(kafka, 'upsert-kafka', { 'topic.creation.default.partitions': String(consumers) })
    await measurePipeline({
      name: freshName(),
      source: { ...sourceOptions(source, database), 'scan.startup.mode': 'snapshot' },
      sink: place.options,
      changes: scale.rows,
      tables: 1,
      state: bench.folder,
    })
    await place.check(scale.rows)
    return { database, place }
  })
  const measured = (name: string, into: (bench: Bench, topic: string) => Promise<Measurement>, target: Target) =>
    rateCase({
      name,
      runs: scale.runs,
      target,
      async run() {
        const { database, place } = await filled.get()
        return { ours: await into(bench, place.topic), references: await references(bench, database) }
      },
    })
  const name = `topic of ${thousands(scale.rows)} records, upsert-kafka -> jdbc`
  return {
    cases: [
      measured(name, intoTable, { rate: 60_000, memory: kafkaMemory }),
      measured(`${name}, ${consumers} consumers of one group`, byGroup, { memory: kafkaMemory }),
    ],
    close: () =>
      filled.ifMade(async ({ database, place }) => {
        await place.drop()
        await source.query(`DROP DATABASE "${database}" WITH (FORCE)`)
      }),
  }
}

/** Ours: from the start until the last row is committed. */
async function intoTable(bench: Bench, topic: string): Promise<Measurement> {
  const { target, scale } = bench
  const place = await placeFor(bench, 'jdbc', (database) => fill(target, database, 0))
  await settle(target)
  try {
    const source = await reading(bench, topic)
    const job = { name: freshName(), source, sink: place.options, tables: 1, state: bench.folder }
    return await measurePipeline({ ...job, changes: scale.rows })
  } finally {
    await place.drop()
  }
}

/**
 * The same by processes that share the partitions, from the start of the first until the table has all rows. CPU of all
 * of them; memory of the largest.
 */
async function byGroup(bench: Bench, topic: string): Promise<Measurement> {
  const { target, scale, folder } = bench
  const database = await target.createDatabase('target')
  await fill(target, database, 0)
  await settle(target)
  const client = await target.client(database)
  try {
    const name = freshName()
    const group = { 'scan.assignment': 'group', 'properties.group.id': name }
    const source = { ...(await reading(bench, topic)), ...group }
    const start = performance.now()
    const children = Array.from({ length: consumers }, () => {
      const job = { name, source, sink: jdbcOptions(target, database), tables: 1 }
      return startPipeline({ ...job, state: mkdtempSync(join(folder, 'member-')) })
    })
    const all = async () => (await client.query('SELECT count(*)::int AS rows FROM items')).rows[0].rows === scale.rows
    await waitFor(all, { timeout: 3_600_000, interval: 20, describe: 'all rows to be in the table' })
    const seconds = (performance.now() - start) / 1000
    for (const child of children) child.stop()
    const results = await Promise.all(children.map((child) => child.result()))
    const cpu = results.reduce((sum, one) => sum + (one.cpu ?? 0), 0)
    const peakRss = Math.max(...results.map((one) => one.peakRss ?? 0))
    return { changes: scale.rows, seconds, cpu, peakRss }
  } finally {
    await client.end()
    await target.query(`DROP DATABASE "${database}" WITH (FORCE)`)
  }
}

async function reading({ kafka }: Bench, topic: string): Promise<Readonly<Record<string, unknown>>> {
  return {
    connector: 'upsert-kafka',
    topic,
    'properties.bootstrap.servers': await kafka.servers(),
    'table-name': 'items',
    schema,
    'key.format': ['json', {}],
    'value.format': ['json', {}],
  }
}

async function references({ source, target, scale }: Bench, database: string) {
  const empty = await target.createDatabase('target')
  try {
    await fill(target, empty, 0)
    await settle(source, target)
    return { 'COPY piped into COPY': await copyIntoCopy(source, database, target, empty, scale.rows) }
  } finally {
    await target.query(`DROP DATABASE "${empty}" WITH (FORCE)`)
  }
}
