import { CdcError, choice, flag, integer, type OptionRule, prefix, text } from '@cdc/core'
import { z } from 'zod'
import { readProperties } from '../settings/properties.ts'
import { topicPatternFault } from './topic-pattern.ts'
import type { TopicCreation } from './topics.ts'

const pattern = z
  .string()
  .min(1, 'must not be empty')
  .superRefine((value, context) => {
    const message = topicPatternFault(value)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

/**
 * What every sink that writes to Kafka can be told. Names are Flink's
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/kafka/), Debezium's (`topic.*`) and Kafka
 * Connect's (`topic.creation.*`, KIP-158); the rest is ours.
 */
export const sinkFields = {
  topic: text(
    {
      doc: 'The topic: one name, or a pattern with `${database}`, `${schema}`, `${table}` and `${prefix}` (`topic.prefix`), which gives each table one of its own.',
      required: true,
      example: '${prefix}.${schema}.${table}',
    },
    pattern,
  ),
  'properties.*': prefix({
    doc: 'Settings of the Java client under its own names; `properties.bootstrap.servers` is required. Those that are not supported are refused by name.',
    example: 'localhost:9092',
  }),
  client: choice(['platformatic', 'kafkajs'], {
    doc: 'The Kafka client that is used: `@platformatic/kafka`, or `kafkajs` (slower).',
    default: 'platformatic',
  }),
  'topic.prefix': text({
    doc: "Debezium's prefix of topic names, for `${prefix}` and for the topics that belong to no table. Default: the pipeline's name.",
    example: 'shop',
  }),
  'topic.delimiter': text({
    doc: 'Between the prefix and the rest, in the names of topics that belong to no table.',
    default: '.',
  }),
  'topic.transaction': text({
    doc: 'After the prefix and the delimiter, the topic of transaction records, where the format writes them.',
    default: 'transaction',
  }),
  'topic.heartbeat.prefix': text({
    doc: 'Before the delimiter and the prefix, the topic of heartbeat records, where the format writes them.',
    default: '__debezium-heartbeat',
  }),
  'topic.creation.enable': flag({ doc: 'Whether topics that are missing are made.', default: true }),
  'topic.creation.default.*': prefix({
    doc: "How they are made: `partitions`, `replication.factor` (default: the broker's), and any setting of a topic such as `cleanup.policy` or `retention.ms`.",
    example: '3',
  }),
  'sink.delivery-guarantee': choice(['none', 'at-least-once', 'exactly-once'], {
    doc: '`at-least-once`: a position is saved when all records before it are acknowledged. `exactly-once`: records and position are one Kafka transaction; readers need `isolation.level=read_committed`. Where processes share a Kafka source (`scan.assignment: group`), the position is the group’s offsets, in the same cluster. `none`: acknowledgements are not waited for.',
    default: 'at-least-once',
  }),
  'sink.transactional-id-prefix': text({
    doc: 'Begins the transactional id, which goes on with the names of pipeline and sink, in which a hyphen becomes `~`, and of processes that share a source with a name for each run. Required for exactly-once; unique for each pipeline of a cluster.',
    example: 'cdc',
  }),
  'sink.position-topic': text(
    {
      doc: 'Where exactly-once keeps the position: a compacted topic of one partition, of this sink alone. Default: `cdc-position.<pipeline>.<sink>`. Where processes share the source it only says which group has the position.',
    },
    z.string().regex(/^[\w.-]{1,249}$/, 'must be the name of a topic'),
  ),
  'sink.transaction-split': flag({
    doc: 'Whether a transaction of the source that takes longer than `properties.transaction.timeout.ms` is committed in parts, which readers see and which may be repeated after a crash. Else it is an error.',
    default: false,
  }),
  'sink.parallelism': integer({ doc: 'Only 1: one writer keeps the order of the source.' }, { min: 1, max: 1 }),
}

const creation: OptionRule<typeof sinkFields> = (values, problem) => {
  const own = values['topic.creation.default.*'] ?? {}
  for (const key of ['partitions', 'replication.factor']) {
    const value = own[key]
    if (value === undefined || /^([1-9]\d*|-1)$/.test(value)) continue
    const name = `topic.creation.default.${key}`
    problem(
      'topic.creation.default.*',
      `Option '${name}' must be a whole number of at least 1, or -1 for the broker's default.`,
    )
  }
}

const transactional: OptionRule<typeof sinkFields> = (values, problem) => {
  const exact = values['sink.delivery-guarantee'] === 'exactly-once'
  if (exact && values['sink.transactional-id-prefix'] === undefined)
    problem(
      'sink.transactional-id-prefix',
      'sink.transactional-id-prefix must be specified when using DeliveryGuarantee.EXACTLY_ONCE.',
    )
  if (!exact && values['sink.transaction-split'])
    problem('sink.transaction-split', "Option 'sink.transaction-split' needs 'sink.delivery-guarantee: exactly-once'.")
}

/** Every fault of the properties, before anything is connected. Files that they name are read. */
const properties: OptionRule<typeof sinkFields> = (values, problem) => {
  try {
    readProperties(values['properties.*'] ?? {})
  } catch (fault) {
    problem('properties.*', CdcError.from(fault).message)
  }
}

export const sinkRules = [creation, transactional, properties]

/** How missing topics are made. `keyed`: compacted, where the user names no `cleanup.policy`. */
export function topicCreation(
  enable: boolean,
  settings: Readonly<Record<string, string>>,
  keyed: boolean,
): TopicCreation {
  const { partitions, 'replication.factor': factor, ...config } = settings
  const given = (value: string | undefined) => (value === undefined || value === '-1' ? undefined : Number(value))
  const [count, replicas] = [given(partitions), given(factor)]
  return {
    enable,
    config: { ...(keyed ? { 'cleanup.policy': 'compact' } : {}), ...config },
    ...(count === undefined ? {} : { partitions: count }),
    ...(replicas === undefined ? {} : { replicationFactor: replicas }),
  }
}
