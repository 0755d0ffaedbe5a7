import { type Change, silentLogger, type Table, tableName } from '@cdc/core'
import { postgresCdc } from '@cdc/postgres-cdc'
import { sharedPostgres, waitFor } from '@cdc/servers'
import type pg from 'pg'
import { goldenSql } from './golden-records.ts'
import { runStatement, type Statement, statementsOf } from './run-sql.ts'

/** Every change that a scenario makes, and the database that it was run in. */
export interface ScenarioRun {
  readonly database: string
  readonly changes: readonly Change[]
}

/**
 * Runs a scenario once: its schema, then the source's snapshot, then its changes one after the other, each awaited
 * before the next so that the catalog tells of the shape that the change was made under.
 */
export async function runScenario(scenario: string): Promise<ScenarioRun> {
  const server = await sharedPostgres(15)
  const database = await server.createDatabase('inventory')
  const client = await server.client(database)
  const changes: Change[] = []
  const abort = new AbortController()
  const source = postgresCdc({
    hostname: server.host,
    port: server.port,
    username: server.user,
    password: server.password,
    'database-name': database,
    'schema-name': '.*',
    // replica identity nothing is refused by the source
    'table-name': '(?!ri_nothing$).*',
    'slot.name': database,
    'scan.snapshot.parallelism': 2,
    'debezium.skipped.operations': 'none',
  }).create({
    pipeline: scenario,
    logger: silentLogger,
    report: ({ type }) => {
      if (type === 'streaming') streaming = true
    },
    wants: { message: true, transaction: true },
    limits: { rows: 10_000, bytes: 64 << 20 },
    shapes: new Map(),
  })
  let streaming = false
  let failure: unknown
  let reading: Promise<void> | undefined
  const read = async () => {
    try {
      for await (const batch of source.read(undefined, abort.signal)) changes.push(...batch.changes)
    } catch (error) {
      failure = error
    }
  }
  const until = (condition: () => boolean, describe: string) =>
    waitFor(async () => failure !== undefined || condition(), { timeout: 20_000, describe }).then(() => {
      if (failure !== undefined) throw failure
    })
  try {
    await client.query('CREATE PUBLICATION dbz_publication FOR ALL TABLES')
    for (const statement of statementsOf(goldenSql(scenario, '1-schema.sql'))) await runStatement(client, statement)
    await client.query('RESET ALL')
    await source.open()
    reading = read()
    await until(() => streaming, 'the stream')
    await runChanges(client, statementsOf(goldenSql(scenario, '2-changes.sql')), changes, until)
    await until(() => changes.some(isMarker), 'the last change')
  } finally {
    abort.abort()
    await reading
    await source.close()
    await client.end()
    await drop(server, database)
  }
  return { database, changes }
}

const isMarker = (change: Change) => change.kind === 'insert' && change.table.name === 'zz_marker'

/** Runs one statement after the other, and waits for the commit of each that the stream shows. */
async function runChanges(
  client: pg.Client,
  statements: readonly Statement[],
  changes: readonly Change[],
  until: (condition: () => boolean, describe: string) => Promise<void>,
): Promise<void> {
  const send = (sql: string) => runStatement(client, { sql, fails: false })
  /** Commits, and waits. Nothing comes of what touched only temporary tables. */
  const commit = async (shown: boolean) => {
    const { rows } = await client.query('SELECT pg_current_xact_id_if_assigned()::xid::text AS xid')
    await send('COMMIT')
    const { xid } = rows[0] as { xid: string | null }
    if (!shown || xid === null) return
    await until(
      () => changes.some((one) => one.kind === 'commit' && one.origin.transaction.id === xid),
      `commit of ${xid}`,
    )
  }
  let open = false
  let shown = true
  for (const statement of statements) {
    const { sql, fails } = statement
    if (open && /\bTEMP\b/.test(sql)) shown = false
    if (/^COMMIT$/i.test(sql)) {
      await commit(shown)
      open = false
    } else if (!open && !fails && /^(INSERT|UPDATE|DELETE|TRUNCATE|SELECT)/i.test(sql)) {
      // the same in the log, and its transaction can be asked for its id
      await send('BEGIN')
      await send(sql)
      await commit(true)
    } else {
      await runStatement(client, statement)
      if (/^BEGIN$/i.test(sql)) [open, shown] = [true, true]
      if (/^ROLLBACK$/i.test(sql)) open = false
    }
  }
}

async function drop(server: Awaited<ReturnType<typeof sharedPostgres>>, database: string): Promise<void> {
  await waitFor(async () => {
    const slots = await server.query(`SELECT active_pid FROM pg_replication_slots WHERE slot_name = '${database}'`)
    if (slots.length === 0) return true
    await server.query(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${database}' AND active`,
    )
    await server.query(
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${database}' AND NOT active`,
    )
    return false
  })
  await server.query(`DROP DATABASE "${database}" WITH (FORCE)`)
}

/**
 * The changes as a connector with fewer tables would have them: `table.include.list` is also the order of its snapshot,
 * so the places of rows in that are counted anew. `names` are `schema.table`; undefined: all.
 */
export function changesOf(changes: readonly Change[], names: ReadonlySet<string> | undefined): Change[] {
  if (names === undefined) return [...changes]
  const kept = changes.filter((change) => !('table' in change) || names.has(tableName(change.table)))
  const order = [...names]
  const listed = (change: Change) => ('table' in change ? order.indexOf(tableName(change.table)) : 0)
  const rows = kept
    .filter((change) => change.kind === 'insert' && change.origin.snapshot !== undefined)
    .sort((a, b) => listed(a) - listed(b))
  const place = new Map(rows.map((change, at) => [change, at]))
  const tableAt = (at: number): Table | undefined => (rows[at] as { table: Table } | undefined)?.table
  return kept.map((change) => {
    const at = place.get(change)
    if (at === undefined || change.kind !== 'insert') return change
    const first = tableAt(at - 1) !== change.table
    const lastOfTable = tableAt(at + 1) !== change.table
    const snapshot =
      at === rows.length - 1
        ? 'last'
        : at === 0
          ? 'first'
          : lastOfTable
            ? 'last_in_data_collection'
            : first
              ? 'first_in_data_collection'
              : 'true'
    return { ...change, origin: { ...change.origin, transaction: change.origin.transaction, snapshot } }
  })
}
