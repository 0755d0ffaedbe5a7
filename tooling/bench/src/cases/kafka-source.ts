import { type Bench, type Group, Lazy } from '../bench.ts'
import { type TopicPlace, topicFor } from '../kafka/topic-places.ts'
import { measurePipeline } from '../pipeline-job.ts'
import { freshName, placeFor, sourceOptions } from '../places.ts'
import { rateCase } from '../rate-case.ts'
import { copyIntoCopy } from '../references/copy.ts'
import { thousands } from '../table.ts'
import { settle } from '../workload/backlog.ts'
import { fill } from '../workload/items.ts'
import { kafkaMemory } from './kafka-sinks.ts'

/** As Flink would declare the table that the topic has. */
const schema = `id BIGINT, name STRING, email STRING, status STRING, amount DECIMAL(12, 2), quantity INT,
  changed TIMESTAMP_LTZ(6), note STRING, PRIMARY KEY (id) NOT ENFORCED`

/** Of the topic, so that several consumers have their shares of it. */
const partitions = '4'

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
    const place = await topicFor(kafka, 'upsert-kafka', { 'topic.creation.default.partitions': partitions })
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
  return {
    cases: [
      rateCase({
        name: `upsert-kafka, ${thousands(scale.rows)} rows -> jdbc`,
        runs: scale.runs,
        target: { rate: 60_000, memory: kafkaMemory },
        async run() {
          const { database, place } = await filled.get()
          return { ours: await intoTable(bench, place.topic), references: await references(bench, database) }
        },
      }),
    ],
    close: () =>
      filled.ifMade(async ({ database, place }) => {
        await place.drop()
        await source.query(`DROP DATABASE "${database}" WITH (FORCE)`)
      }),
  }
}

/** Ours: from the first record until the last row is committed. */
async function intoTable(bench: Bench, topic: string) {
  const { target, kafka, scale } = bench
  const place = await placeFor(bench, 'jdbc', (database) => fill(target, database, 0))
  await settle(target)
  try {
    return await measurePipeline({
      name: freshName(),
      source: {
        connector: 'upsert-kafka',
        topic,
        'properties.bootstrap.servers': await kafka.servers(),
        'table-name': 'items',
        schema,
        'key.format': ['json', {}],
        'value.format': ['json', {}],
      },
      sink: place.options,
      changes: scale.rows,
      tables: 1,
      state: bench.folder,
    })
  } finally {
    await place.drop()
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
