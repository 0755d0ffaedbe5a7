import type { Place } from '../places.ts'
import type { BenchKafka } from './broker.ts'

/** What is written to Kafka and how: connector, format, guarantee. */
export const topicKinds = ['kafka', 'kafka-avro', 'kafka-exact', 'upsert-kafka', 'upsert-kafka-exact'] as const

export type TopicKind = (typeof topicKinds)[number]

/** How a case's name tells it. */
export const topicNames: Readonly<Record<TopicKind, string>> = {
  kafka: 'kafka, debezium-json',
  'kafka-avro': 'kafka, debezium-avro-confluent',
  'kafka-exact': 'kafka, debezium-json, exactly once',
  'upsert-kafka': 'upsert-kafka, json',
  'upsert-kafka-exact': 'upsert-kafka, json, exactly once',
}

/** Bytes of a record, on the average of the first few. */
export interface RecordSize {
  readonly key: number
  readonly value: number
}

/** A topic of its own that a run writes to. */
export interface TopicPlace extends Place {
  readonly topic: string
  /** Throws unless the broker has that many records; tells how large they are. */
  check(changes: number): Promise<RecordSize>
}

/** A fresh topic; `settings` are of the sink, beside those that the kind needs. The sink makes it. */
export async function topicFor(
  kafka: BenchKafka,
  kind: TopicKind,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<TopicPlace> {
  const topic = kafka.freshTopic()
  const exact = kind.endsWith('-exact')
  const guarantee = {
    'sink.delivery-guarantee': 'exactly-once',
    'sink.transactional-id-prefix': topic,
    // one transaction of the source is one of Kafka, and this machine may be busy
    'properties.transaction.timeout.ms': '600000',
  }
  return {
    topic,
    options: {
      topic,
      'properties.bootstrap.servers': await kafka.servers(),
      ...(await writing(kafka, kind)),
      ...(exact ? guarantee : {}),
      ...settings,
    },
    drop: () => kafka.drop(topic),
    async check(changes) {
      const size = await sizeOf(kafka, topic)
      const found = exact ? await committed(kafka, topic) : await kafka.count(topic)
      if (found !== changes) throw new Error(`Topic ${topic} has ${found} records instead of ${changes}.`)
      return size
    },
  }
}

async function writing(kafka: BenchKafka, kind: TopicKind): Promise<Readonly<Record<string, unknown>>> {
  if (kind.startsWith('upsert-kafka'))
    return { connector: 'upsert-kafka', 'key.format': ['json', {}], 'value.format': ['json', {}] }
  const format =
    kind === 'kafka-avro'
      ? ['debezium-avro-confluent', { 'topic.prefix': 'bench', url: await kafka.registry() }]
      : ['debezium-json', { 'topic.prefix': 'bench' }]
  return { connector: 'kafka', 'topic.prefix': 'bench', format }
}

async function sizeOf(kafka: BenchKafka, topic: string): Promise<RecordSize> {
  for await (const records of kafka.read(topic)) {
    const mean = (bytes: readonly number[]) => Math.round(bytes.reduce((sum, one) => sum + one, 0) / bytes.length)
    if (records.length > 0)
      return {
        key: mean(records.map(({ key }) => key?.length ?? 0)),
        value: mean(records.map(({ value }) => value?.length ?? 0)),
      }
  }
  throw new Error(`Topic ${topic} is empty.`)
}

/** As a reader counts that sees committed records alone: markers have offsets too. */
async function committed(kafka: BenchKafka, topic: string): Promise<number> {
  let count = 0
  for await (const records of kafka.read(topic)) count += records.length
  return count
}
