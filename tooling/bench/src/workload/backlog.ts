import type { PostgresServer } from '@cdc/servers'

/** A database with a slot that has everything still to give. */
export interface Backlog {
  readonly database: string
  /** Its name is also that of the database. Never read from: each run reads a copy. */
  readonly slot: string
  readonly publication: string
  readonly tables: readonly string[]
  /** How many of them the changes are in. */
  readonly changed: number
  readonly changes: number
  /** The log's end when all changes were in. Something follows it, so that a reader gets past it. */
  readonly end: string
  /** A query that gives a row once a target's `items` has the last change. */
  readonly caughtUp: string
}

export interface BacklogPlan {
  readonly tables?: readonly string[]
  /** Default: all. */
  readonly changed?: number
  readonly changes: number
  readonly caughtUp: string
  /** Makes the tables, with what is in them before. */
  prepare(database: string): Promise<void>
  /** Makes the changes. */
  change(database: string): Promise<void>
}

/** Makes a backlog in a database of its own. */
export async function makeBacklog(server: PostgresServer, plan: BacklogPlan): Promise<Backlog> {
  const { tables = ['items'], changed = tables.length, changes, caughtUp } = plan
  const database = await server.createDatabase('stream')
  const publication = 'dbz_publication'
  await plan.prepare(database)
  await server.query(
    `CREATE PUBLICATION ${publication} FOR TABLE ${tables.join(', ')} WITH (publish_via_partition_root = true)`,
    database,
  )
  await server.query(`SELECT pg_create_logical_replication_slot('${database}', 'pgoutput')`, database)
  await plan.change(database)
  const [end] = await server.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn() AS lsn', database)
  await server.query('SET synchronous_commit = on; SELECT txid_current()', database)
  return { database, slot: database, publication, tables, changed, changes, end: end!.lsn, caughtUp }
}

/** No checkpoint or vacuum may fall into the measurement that comes next, if it can be had before. */
export async function settle(...servers: readonly PostgresServer[]): Promise<void> {
  for (const server of servers) await server.query('CHECKPOINT')
}

let copies = 0

/** A slot that stands where the backlog begins. */
export async function copySlot(server: PostgresServer, { slot, database }: Backlog): Promise<string> {
  const copy = `bench_${process.pid}_${++copies}`
  await server.query(`SELECT pg_copy_logical_replication_slot('${slot}', '${copy}')`, database)
  return copy
}

/** Its reader may not be quite gone. */
export async function dropSlot(server: PostgresServer, database: string, slot: string): Promise<void> {
  const client = await server.client(database)
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await client.query('SELECT pg_drop_replication_slot($1)', [slot])
        return
      } catch (error) {
        if ((error as { code?: string }).code !== '55006' || attempt === 200) throw error
        await client.query('SELECT pg_sleep(0.05)')
      }
    }
  } finally {
    await client.end()
  }
}

/** The backlog is measured: its slot keeps no log any more. */
export async function dropBacklog(server: PostgresServer, { database, slot }: Backlog): Promise<void> {
  await dropSlot(server, database, slot)
  await server.query(`DROP DATABASE "${database}" WITH (FORCE)`)
}
