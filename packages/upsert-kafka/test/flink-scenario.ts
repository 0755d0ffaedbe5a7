import { type Change, type ConfiguredSink, isRowChange, type RowChange, readChanges } from '@cdc/core'
import { postgresCdc } from '@cdc/postgres-cdc'
import { sharedPostgres } from '@cdc/servers'
import { changesSql, type Recorded, setupSql } from '../../json/test/flink-recordings.ts'
import { batchOf, contextOf, signal } from '../../kafka-client/test/sink-feed.ts'
import type { TopicLog } from '../../kafka-client/test/topic-log.ts'

/** Statements before a source starts and after its snapshot, and how many row changes they are. */
export interface FlinkScenario {
  readonly name: string
  readonly setup: string
  readonly changes: string
  readonly tables: string
  readonly snapshotRows: number
  readonly allChanges: number
}

/** The rows that setup.sql makes, and these with the changes that changes.sql makes of them. */
const formats = (): FlinkScenario => ({
  name: 'flink_kafka',
  setup: setupSql(),
  changes: changesSql(),
  tables: 'fmt',
  snapshotRows: 2,
  allChanges: 6,
})

/** What the source gives for the statements that Flink's records were taken from. */
export async function flinkChanges(scenario: FlinkScenario = formats()): Promise<RowChange[]> {
  const server = await sharedPostgres(15)
  const database = await server.createDatabase(scenario.name)
  await server.query(scenario.setup, database)
  const source = postgresCdc({
    hostname: server.host,
    port: server.port,
    username: server.user,
    password: server.password,
    'database-name': database,
    'schema-name': 'public',
    'table-name': scenario.tables,
    'slot.name': database.toLowerCase(),
  })
  const read: RowChange[] = []
  let changed = false
  for await (const batch of readChanges(source, { name: scenario.name, signal: AbortSignal.timeout(50_000) })) {
    read.push(...batch.changes.filter(isRowChange))
    if (read.length >= scenario.snapshotRows && batch.position !== undefined && !changed) {
      changed = true
      await server.query(scenario.changes, database)
    }
    if (read.length === scenario.allChanges) break
  }
  await server.query(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${database}' AND NOT active`,
  )
  return read
}

/** Writes changes as one transaction. */
export async function written(sink: ConfiguredSink, changes: readonly Change[]): Promise<void> {
  const made = sink.create(contextOf())
  try {
    await made.open()
    await made.write(batchOf(changes, 'one'), signal)
    await made.flush('one', signal)
  } finally {
    await made.close()
  }
}

/** Writes changes, and gives what lies in the topic in the recordings' form. */
export async function stored(
  sink: ConfiguredSink,
  topics: TopicLog,
  topic: string,
  changes: readonly Change[],
): Promise<Recorded[]> {
  await written(sink, changes)
  return (await topics.read(topic)).map(({ key, value, headers, partition }) => {
    if (headers.length > 0 || partition !== 0)
      throw new Error('Flink writes no headers, and this topic has one partition.')
    return { key: key?.toString() ?? null, value: value?.toString() ?? null }
  })
}
