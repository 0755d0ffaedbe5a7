import { CdcError, type Check, type Context, isTableChange, type SourceAdmin, type Table, tableName } from '@cdc/core'
import { openKafkaClient } from '../open-client.ts'
import { readProperties } from '../settings/properties.ts'
import { startOffsets } from './look-up-offsets.ts'
import { lookUpTopics, partitionsOf } from './topic-list.ts'
import { TopicSource, type TopicSourceSpec } from './topic-source.ts'

/** How many changes are looked at for their tables. */
const enough = 1000

/** What the commands for operators ask of a source that reads topics. Changes nothing. */
export function topicSourceAdmin(spec: TopicSourceSpec, context: Context): SourceAdmin {
  const group = spec.intake.properties['group.id']
  const { layout } = spec.records
  return {
    tables: async () => (layout === undefined ? tablesIn(spec, context) : [layout.table]),
    plan: async () => [],
    check: () => check(spec),
    resources: async () => [],
    drop: async () => {},
    reset: async () => {
      if (spec.intake.shared) return resetGroup(spec)
      return group === undefined ? [] : [`The offsets that group '${group}' has committed are left as they are.`]
    },
  }
}

/** What the members of a group go by without a sink that remembers. Refused while there are members. */
async function resetGroup({ intake }: TopicSourceSpec): Promise<string[]> {
  const { groupId, isolation, offsetReset: reset } = readProperties(intake.properties)
  if (intake.startup.mode === 'group-offsets')
    return ['The offsets that the group has committed are left as they are: scan.startup.mode is group-offsets.']
  const client = await openKafkaClient(intake.properties, intake.adapter)
  try {
    const admin = client.admin()
    const partitions = partitionsOf(await lookUpTopics(admin, intake.topics))
    const signal = new AbortController().signal
    const starts = await startOffsets(intake.startup, partitions, { admin, groupId, isolation, reset }, signal)
    await admin.alterGroupOffsets(groupId!, starts)
    return [`Set the group's offsets of ${starts.length} partitions to where scan.startup.mode says.`]
  } finally {
    await client.close()
  }
}

/** The tables that the first rows are of. */
async function tablesIn({ intake, records }: TopicSourceSpec, context: Context): Promise<Table[]> {
  const source = new TopicSource(
    {
      intake: { ...intake, shared: false, startup: { mode: 'earliest-offset' }, bounds: { mode: 'latest-offset' } },
      records,
    },
    {
      ...context,
      wants: { message: false, transaction: false },
      limits: { rows: enough, bytes: 1_000_000 },
      shapes: new Map(),
    },
  )
  const tables = new Map<string, Table>()
  try {
    await source.open()
    for await (const { changes } of source.read(undefined, new AbortController().signal)) {
      for (const change of changes) if (isTableChange(change)) tables.set(tableName(change.table), change.table)
      if (changes.length > 0) break
    }
  } finally {
    await source.close()
  }
  return [...tables.values()]
}

async function check({ intake }: TopicSourceSpec): Promise<Check[]> {
  const checks: Check[] = []
  let name = 'broker'
  try {
    const client = await openKafkaClient(intake.properties, intake.adapter)
    try {
      const admin = client.admin()
      checks.push({ name, status: 'ok', message: `cluster ${await admin.clusterId()}` })
      name = 'topics'
      const topics = await lookUpTopics(admin, intake.topics)
      const message = `${topics.size} topics, ${partitionsOf(topics).length} partitions`
      checks.push({ name, status: topics.size === 0 ? 'warning' : 'ok', message })
    } finally {
      await client.close()
    }
  } catch (error) {
    const { code, message, hint } = CdcError.from(error)
    checks.push({ name, status: 'failed', code, message, ...(hint === undefined ? {} : { hint }) })
  }
  return checks
}
