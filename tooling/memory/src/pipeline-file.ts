import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PostgresConnection } from '@cdc/servers'

export type SinkKind = 'blackhole' | 'filesystem' | 'jdbc'

export interface PipelineSetup {
  readonly server: PostgresConnection
  readonly database: string
  readonly sink: SinkKind
  /** For jdbc. */
  readonly target?: string | undefined
  readonly mode: 'snapshot' | 'initial'
  /** Lines below `pipeline:`. */
  readonly limits?: readonly string[]
}

/** A pipeline over all tables of a database, as a file in a folder of its own. The slot has the database's name. */
export function pipelineFile({ server, database, sink, target, mode, limits = [] }: PipelineSetup): string {
  const folder = mkdtempSync(join(tmpdir(), 'cdc-memory-'))
  const text = `
name: memory
source:
  connector: postgres-cdc
  hostname: ${server.host}
  port: ${server.port}
  username: ${server.user}
  password: ${server.password}
  database-name: ${database}
  schema-name: public
  table-name: .*
  slot.name: ${database}
  scan.startup.mode: ${mode}
  sslmode: disable
sink:
${sinkLines(sink, server, target, folder).join('\n')}
state: ${folder}/state
${limits.length === 0 ? '' : `pipeline:\n${limits.map((line) => `  ${line}`).join('\n')}`}
`
  const file = join(folder, 'pipeline.yaml')
  writeFileSync(file, text)
  return file
}

function sinkLines(sink: SinkKind, server: PostgresConnection, target: string | undefined, folder: string): string[] {
  switch (sink) {
    case 'blackhole':
      return ['  connector: blackhole']
    case 'filesystem':
      return [
        '  connector: filesystem',
        `  path: ${folder}/files`,
        '  format: debezium-json',
        '  debezium-json.topic.prefix: memory',
      ]
    case 'jdbc':
      return [
        '  connector: jdbc',
        `  url: jdbc:postgresql://${server.host}:${server.port}/${target}?sslmode=disable`,
        `  username: ${server.user}`,
        `  password: ${server.password}`,
      ]
  }
}
