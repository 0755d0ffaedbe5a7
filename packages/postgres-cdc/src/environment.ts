import type { SourceContext } from '@cdc/core'
import type { AutocreateMode, BlockingTransaction, ConnectionOptions } from '@cdc/pg-replication'
import type { PostgresCdcValues } from './option-fields.ts'
import { slotName } from './slot-name.ts'
import { TableRules } from './table-rules.ts'

/** What the options come to, once the pipeline's name is known. */
export interface Environment {
  readonly connector: string
  readonly connection: ConnectionOptions
  readonly database: string
  readonly slot: string
  readonly publication: { readonly name: string; readonly mode: AutocreateMode }
  readonly failover: boolean
  /** How long a busy slot is waited for, and how long at most between two looks. Milliseconds. */
  readonly busy: { readonly patience: number; readonly delay: number }
  readonly rules: TableRules
  readonly values: PostgresCdcValues
}

export const CONNECTOR = 'postgres-cdc'

export function environmentOf(values: PostgresCdcValues, pipeline: string): Environment {
  const given = values['debezium.*']
  const retries = Number(given['slot.max.retries'] ?? 6)
  const delay = Number(given['slot.retry.delay.ms'] ?? 10_000)
  return {
    connector: CONNECTOR,
    connection: {
      host: values.hostname,
      port: values.port,
      user: values.username,
      password: values.password,
      database: values['database-name'],
      ssl: {
        mode: values.sslmode,
        rootCert: values.sslrootcert,
        cert: values.sslcert,
        key: values.sslkey,
        keyPassword: values.sslpassword,
      },
      applicationName: `cdc ${pipeline}`.slice(0, 63),
      connectTimeout: values['connect.timeout'],
      queryTimeout: values['query.timeout'],
      copySilence: values['scan.snapshot.silence-timeout'],
    },
    database: values['database-name'],
    slot: slotName(values, pipeline),
    publication: {
      name: given['publication.name'] ?? 'dbz_publication',
      mode: (given['publication.autocreate.mode']?.trim().toLowerCase() ?? 'filtered') as AutocreateMode,
    },
    failover: given['slot.failover']?.trim().toLowerCase() === 'true',
    busy: { patience: retries * delay, delay },
    rules: new TableRules(values),
    values,
  }
}

/** Tells the log what the creation of a slot waits for: once for each set of processes. */
export function blockedLog(
  context: Pick<SourceContext, 'logger'>,
  slot: string,
): (blocking: readonly BlockingTransaction[]) => void {
  let told = ''
  return (blocking) => {
    const pids = blocking.map(({ pid }) => pid)
    if (blocking.length === 0 || pids.join() === told) return
    told = pids.join()
    const who = blocking.map(
      ({ pid, user, state, age }) => `PID ${pid} (${user ?? 'unknown'}, ${state ?? 'prepared'}, for ${age ?? 0} s)`,
    )
    context.logger.warn(
      { slot, pids },
      `The creation of slot ${slot} waits for transactions that run: ${who.join(', ')}.`,
    )
  }
}
