import { join } from 'node:path'
import type { PostgresConnection } from '@cdc/servers'
import type { Plan } from './plan.ts'

/** Where one seed's things are. */
export interface Place {
  readonly server: PostgresConnection
  readonly source: string
  readonly target: string
  readonly slot: string
  readonly folder: string
}

export const pipelineName = 'kill'

/** The YAML that the process is started with. */
export function pipelineYaml({ server, source, target, slot, folder }: Place, plan: Plan): string {
  const jdbc = `  - connector: jdbc
    url: jdbc:postgresql://${server.host}:${server.port}/${target}
    username: ${server.user}
    password: ${server.password}
`
  const files = `  - connector: filesystem
    path: ${join(folder, 'files')}
    format: debezium-json
    debezium-json.skipped.operations: none
    debezium-json.decimal.handling.mode: string
    sink.file-name: '${plan.files.name}'
    sink.rolling-policy.file-size: ${plan.files.size}
`
  const limits = Object.entries(plan.limits).map(([name, value]) => `  ${name}: ${value}\n`)
  return `name: ${pipelineName}
source:
  connector: postgres-cdc
  hostname: ${server.host}
  port: ${server.port}
  username: ${server.user}
  password: ${server.password}
  database-name: ${source}
  schema-name: public
  table-name: .*
  slot.name: ${slot}
  scan.snapshot.parallelism: ${plan.parallelism}
sinks:
${plan.sinks === 'files' ? '' : jdbc}${plan.sinks === 'jdbc' ? '' : files}state: ${plan.state === 'directory' ? join(folder, 'state') : server.url(target)}
pipeline:
${limits.join('')}  retry-initial-delay: 20ms
  retry-max-delay: 200ms
  retry-attempts: 100
  stall-timeout: 20s
`
}
