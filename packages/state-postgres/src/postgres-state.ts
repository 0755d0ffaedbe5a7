import type { StateStoreFactory } from '@cdc/core'
import type { ConnectionOptions } from '@cdc/pg-replication'
import { parseConnectionUrl } from './connection-url.ts'
import { PostgresStore } from './postgres-store.ts'
import { StateTable } from './state-table.ts'

/** How to reach the database: a URL or single options. */
export type PostgresStateOptions = ({ readonly url: string } | { readonly connection: ConnectionOptions }) & {
  /** `schema.table`, or `table` in `public`; made when it is not there. Default `public.cdc_state`. */
  readonly table?: string
}

/**
 * Keeps state in a table of a PostgreSQL database: a row a pipeline and entry. The lease is an advisory lock of a
 * session that stays open, so it needs a connection to the server itself and not to a pooler.
 */
export function postgresState(where: string | PostgresStateOptions): StateStoreFactory {
  const options = typeof where === 'string' ? { url: where } : where
  const connection = 'url' in options ? parseConnectionUrl(options.url) : options.connection
  const table = new StateTable(options.table ?? 'public.cdc_state')
  return (pipeline) => new PostgresStore(connection, table, pipeline)
}
