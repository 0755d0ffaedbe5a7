import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { PostgresServer } from '@cdc/servers'
import type { Bench } from './bench.ts'
import { type RecordSize, type TopicKind, topicFor, topicKinds, topicNames } from './kafka/topic-places.ts'

/** `filesystem`: debezium-json on disk. */
export const sinkKinds = ['blackhole', 'filesystem', 'jdbc'] as const

export type SinkKind = (typeof sinkKinds)[number] | TopicKind

/** How a case's name tells the sink. */
export const sinkNames: Readonly<Record<SinkKind, string>> = {
  ...topicNames,
  blackhole: 'blackhole',
  filesystem: 'debezium-json file',
  jdbc: 'jdbc',
}

/** Where a run writes to. */
export interface Place {
  readonly options: Readonly<Record<string, unknown>>
  /** Where the sink's own count is not enough: throws unless so many changes are there. */
  readonly check?: (changes: number) => Promise<RecordSize>
  readonly drop: () => Promise<void>
}

/** A fresh place to write to; `prepare` makes what must be in a target database before. */
export async function placeFor(
  { target, folder, kafka }: Bench,
  sink: SinkKind,
  prepare: (database: string) => Promise<void> = async () => undefined,
): Promise<Place> {
  if (isTopic(sink)) return topicFor(kafka, sink)
  if (sink === 'blackhole') return { options: { connector: 'blackhole' }, drop: async () => undefined }
  if (sink === 'filesystem') {
    const path = mkdtempSync(join(folder, 'files-'))
    return {
      options: { connector: 'filesystem', path, format: ['debezium-json', { 'topic.prefix': 'bench' }] },
      drop: async () => rmSync(path, { recursive: true, force: true }),
    }
  }
  const database = await target.createDatabase('target')
  await prepare(database)
  return {
    options: jdbcOptions(target, database),
    drop: async () => {
      await target.query(`DROP DATABASE "${database}" WITH (FORCE)`)
    },
  }
}

const isTopic = (sink: SinkKind): sink is TopicKind => topicKinds.some((kind) => kind === sink)

export function jdbcOptions({ host, port, user, password }: PostgresServer, database: string) {
  const url = `jdbc:postgresql://${host}:${port}/${database}?sslmode=disable`
  return { connector: 'jdbc', url, username: user, password }
}

export function sourceOptions(
  { host, port, user, password }: PostgresServer,
  database: string,
): Record<string, string | number> {
  return {
    hostname: host,
    port,
    username: user,
    password,
    'database-name': database,
    'schema-name': 'public',
    'table-name': '.*',
    sslmode: 'disable',
  }
}

let names = 0

/** A pipeline's name that no other run has. */
export const freshName = () => `bench_run_${process.pid}_${++names}`
