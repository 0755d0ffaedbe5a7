import {
  CdcError,
  type ConfiguredFormat,
  choice,
  duration,
  integer,
  type OptionRule,
  type OptionValues,
  option,
  prefix,
  text,
} from '@cdc/core'
import { schemaTypeWith, tableNameType } from '@cdc/flink-schema'
import { z } from 'zod'
import type { KafkaAdapter } from '../open-client.ts'
import { readProperties } from '../settings/properties.ts'
import { metadataFault, metadataKeys } from './metadata-columns.ts'
import { boundedFields, boundedGroupRule, boundedRule, boundsOf, type OffsetMode } from './offset-options.ts'

const pattern = z.string().superRefine((value, context) => {
  try {
    wholeName(value)
  } catch {
    context.addIssue({ code: 'custom', message: 'is no regular expression' })
  }
})

/** A pattern must match a whole name, as Flink has it. */
const wholeName = (written: string) => new RegExp(`^(?:${written})$`, 'u')

/**
 * What every source that reads Kafka can be told. Names are Flink's
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/kafka/); `client`, `schema`, `table-name`
 * and `errors.*` are ours.
 */
export const sourceFields = {
  topic: text({ doc: 'The topics that are read, with `;` between them.', example: 'orders;orders-eu' }),
  'topic-pattern': text(
    { doc: 'Instead of `topic`: a regular expression that must match whole names.', example: 'orders-.*' },
    pattern,
  ),
  'properties.*': prefix({
    doc: 'Settings of the Java client under its own names; `properties.bootstrap.servers` is required. Those that are not supported are refused by name. To `properties.group.id`, when given, offsets are committed once they are durable in every sink.',
    example: 'localhost:9092',
    secret: true,
  }),
  client: choice(['platformatic', 'kafkajs'], {
    doc: 'The Kafka client that is used; both read alike.',
    default: 'platformatic',
  }),
  schema: option(
    schemaTypeWith(metadataKeys),
    {
      doc: "The columns of the rows, as between the brackets of Flink's CREATE TABLE, METADATA columns included, or a map from column to type. Needed where the format cannot tell them.",
      example: "id BIGINT, name STRING, ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', PRIMARY KEY (id) NOT ENFORCED",
    },
    'String or map',
  ),
  'table-name': text(
    {
      doc: "With `schema`: what the rows are called, `schema.table` or `table` (then in `public`). Default: the topic's name, where there is one topic without a dot in its name.",
      example: 'shop.orders',
    },
    tableNameType,
  ),
  'key.fields-prefix': text({
    doc: "What the names of the key's columns begin with, and the fields of the key format do not. Needs `value.fields-include: EXCEPT_KEY`.",
    example: 'k_',
  }),
  'value.fields-include': choice(['ALL', 'EXCEPT_KEY'], {
    doc: 'Whether the columns of the key stand in the value too, and are read from there.',
    default: 'ALL',
  }),
  'scan.assignment': choice(['fixed', 'group'], {
    doc: "`fixed`: this process reads every partition. `group`: all processes with the same `properties.group.id` share the partitions, and take over from each other (Kafka's consumer groups).",
    default: 'fixed',
  }),
  ...boundedFields,
  'scan.topic-partition-discovery.interval': duration({
    doc: 'How often new partitions, and with `topic-pattern` new topics, are looked for; they are read from their earliest offset. 0: never.',
    default: '5 min',
  }),
  'scan.parallelism': integer(
    { doc: 'Only 1: one reader a process. More processes: `scan.assignment: group`.' },
    { min: 1, max: 1 },
  ),
  'errors.tolerance': choice(['none', 'all'], {
    doc: '`all`: records that cannot be read are left out, counted, logged, and kept in `errors.dead-letter-file`.',
    default: 'none',
  }),
  'errors.dead-letter-file': text({
    doc: 'Where records that cannot be read are kept, with their place and the code of the error. Needed with `errors.tolerance: all`.',
    example: '/var/lib/cdc/unreadable.jsonl',
  }),
}

type Values = OptionValues<typeof sourceFields>

/** The names in a list of Flink's, with `;` between them. */
export function listOf(written: string | undefined): readonly string[] {
  return (written ?? '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

const topics: OptionRule<typeof sourceFields> = (values, problem) => {
  const { topic, 'topic-pattern': written } = values
  if (topic !== undefined && written !== undefined)
    problem('topic', "Option 'topic' and 'topic-pattern' shouldn't be set together.")
  if (topic === undefined && written === undefined) problem('topic', "Either 'topic' or 'topic-pattern' must be set.")
}

const properties: OptionRule<typeof sourceFields> = (values, problem) => {
  try {
    readProperties(values['properties.*'] ?? {})
  } catch (fault) {
    problem('properties.*', CdcError.from(fault).message)
  }
}

const named: OptionRule<typeof sourceFields> = (values, problem) => {
  if (values.schema === undefined || values['table-name'] !== undefined || defaultName(values) !== undefined) return
  problem(
    'table-name',
    "With 'schema', rows need a name: 'table-name' is missing, and it is not clear from the topics.",
    'Add: table-name: public.orders',
  )
}

/** Both connectors have more options than are known here. */
interface ValueFormat {
  readonly format?: ConfiguredFormat
  readonly 'value.format'?: ConfiguredFormat
}

const metadata: OptionRule<typeof sourceFields> = (values, problem) => {
  const { format, 'value.format': valueFormat = format } = values as ValueFormat
  const envelopes = valueFormat?.holds === 'retract' && ['json', 'debezium-json'].includes(valueFormat.name)
  for (const column of values.schema?.columns ?? []) {
    const fault = metadataFault(column, envelopes)
    if (fault !== undefined) problem('schema', fault)
  }
}

const overlap: OptionRule<typeof sourceFields> = (values, problem) => {
  if (values['key.fields-prefix'] === undefined || values['value.fields-include'] === 'EXCEPT_KEY') return
  problem(
    'key.fields-prefix',
    "A key prefix is not allowed when option 'value.fields-include' is set to 'ALL'. Set it to 'EXCEPT_KEY' instead to avoid field overlaps.",
  )
}

const kept: OptionRule<typeof sourceFields> = (values, problem) => {
  if (values['errors.tolerance'] === 'all' && values['errors.dead-letter-file'] === undefined)
    problem(
      'errors.tolerance',
      "Option 'errors.tolerance: all' needs 'errors.dead-letter-file', where records that cannot be read are kept.",
      'Add: errors.dead-letter-file: /var/lib/cdc/unreadable.jsonl',
    )
}

const grouped: OptionRule<typeof sourceFields> = (values, problem) => {
  if (values['scan.assignment'] !== 'group') return
  if (values['properties.*']?.['group.id'] === undefined)
    problem(
      'scan.assignment',
      "'scan.assignment: group' needs 'properties.group.id', which says whose partitions are shared.",
      'Add: properties.group.id: the same name for all of its processes',
    )
  if (values['scan.bounded.mode'] !== undefined && values['scan.bounded.mode'] !== 'unbounded')
    problem('scan.bounded.mode', "A group reads without an end: 'scan.bounded.mode' needs 'scan.assignment: fixed'.")
}

export const sourceRules = [topics, properties, named, metadata, overlap, kept, boundedRule, boundedGroupRule, grouped]

function defaultName({ topic }: Partial<Values>): string | undefined {
  const [name, ...more] = listOf(topic)
  return name === undefined || more.length > 0 || name.includes('.') ? undefined : name
}

/** `table-name`, or what stands for it. Only with `schema`. */
export function tableNameOf(values: Partial<Values>): string {
  return values['table-name'] ?? defaultName(values) ?? 'public.records'
}

/** What reading topics is told, whichever connector reads. */
export interface IntakeSettings {
  readonly connector: string
  readonly topics: readonly string[] | RegExp
  readonly properties: Readonly<Record<string, string>>
  readonly adapter: KafkaAdapter
  readonly startup: OffsetMode
  /** Are the partitions shared with the other members of the group? */
  readonly shared: boolean
  /** undefined: reading has no end. */
  readonly bounds: OffsetMode | undefined
  /** Milliseconds; undefined: never. */
  readonly discovery: number | undefined
  readonly deadLetters: string | undefined
}

export const isShared = (values: Pick<Values, 'scan.assignment'>) => values['scan.assignment'] === 'group'

/** Members of a group look for new partitions by a property of the client. */
function memberProperties(properties: Values['properties.*'], interval: number): Values['properties.*'] {
  return interval > 0 ? { 'metadata.max.age.ms': String(interval), ...properties } : properties
}

/** The options that all sources share. */
export function intakeSettings(connector: string, values: Values, startup: OffsetMode): IntakeSettings {
  const written = values['topic-pattern']
  const bounds = boundsOf(values)
  const interval = values['scan.topic-partition-discovery.interval']
  const shared = isShared(values)
  return {
    connector,
    topics: written === undefined ? listOf(values.topic) : wholeName(written),
    properties: shared ? memberProperties(values['properties.*'], interval) : values['properties.*'],
    adapter: values.client,
    startup,
    shared,
    bounds,
    discovery: bounds === undefined && interval > 0 ? interval : undefined,
    deadLetters: values['errors.tolerance'] === 'all' ? values['errors.dead-letter-file'] : undefined,
  }
}
