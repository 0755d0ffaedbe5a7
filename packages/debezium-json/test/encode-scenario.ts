import { type Change, type EncodedRecord, type Encoder, silentLogger, tableName } from '@cdc/core'
import { debeziumJson, topicName } from '../src/index.ts'
import type { TopicRecord } from './golden-records.ts'
import { parseTree, type Tree } from './json-tree.ts'

/** A recorded connector's configuration as options of the format: what is not the format's is left out. */
export function optionsOf(config: Readonly<Record<string, string>>): Record<string, string> {
  const options: Record<string, string> = {
    'topic.prefix': 'srv1',
    // Debezium's default; ours is to fail
    'event.converting.failure.handling.mode': 'warn',
  }
  for (const [name, value] of Object.entries(config)) {
    if (name === 'table.include.list') continue
    if (name === 'transforms.unwrap.type') options.unwrap = 'true'
    else options[name] = value
  }
  return options
}

/** Encodes changes as a sink would: a new encoder at each shape. Records by topic, topics in alphabetical order. */
export async function encodeAll(
  changes: readonly Change[],
  options: Readonly<Record<string, string>>,
): Promise<TopicRecord[]> {
  const { configured, problems } = debeziumJson.configure(options)
  if (configured === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
  const context = { pipeline: 'golden', logger: silentLogger, report() {}, role: 'value' as const }
  const format = configured.create(context)
  const boundaries = await format.boundaries!()
  const encoders = new Map<string, Encoder>()
  const topics = new Map<string, TopicRecord[]>()
  const put = (topic: string, records: readonly EncodedRecord[]) => {
    const all = topics.get(topic) ?? []
    topics.set(topic, all)
    for (const record of records) all.push(topicRecord(topic, record))
  }
  for (const change of changes) {
    if (change.kind === 'schema') encoders.set(tableName(change.table), await format.encoder(change.table))
    else if ('table' in change)
      put(topicName('srv1', change.table), encoders.get(tableName(change.table))!.encode(change))
    else for (const record of boundaries.encode(change)) put(`srv1.${record.destination}`, [record])
  }
  const names = [...topics.keys()].sort()
  return names.flatMap((name) => topics.get(name)!)
}

function topicRecord(topic: string, { key, value, headers }: EncodedRecord): TopicRecord {
  const tree = (part: Uint8Array | string | null): Tree | undefined =>
    part === null ? undefined : parseTree(part as string)
  return {
    topic,
    key: tree(key),
    value: tree(value),
    headers: Object.entries(headers ?? {}).map(([name, header]) => [name, parseTree(header as string)]),
  }
}
