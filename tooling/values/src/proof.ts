import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callback } from '@cdc/callback'
import { type Change, isRowChange, type RowChange, type Table } from '@cdc/core'
import { jdbc } from '@cdc/jdbc'
import { postgresCdc } from '@cdc/postgres-cdc'
import { directoryState, pipeline } from '@cdc/runtime'
import { type PostgresConnection, waitFor } from '@cdc/servers'
import { Random } from '@cdc/testkit'
import { typesSetUp } from '../../../packages/pg-replication/test/type-corpus.ts'
import { createStatements, insertStatements, type ProofTable, proofTables } from './tables.ts'

/** What the pipeline gave of one table, by the id of the row. */
export interface Seen {
  readonly table: Table
  readonly snapshot: ReadonlyMap<number, RowChange>
  readonly inserted: ReadonlyMap<number, RowChange>
  readonly deleted: ReadonlyMap<number, RowChange>
}

export interface Proof {
  readonly tables: readonly ProofTable[]
  readonly seen: ReadonlyMap<string, Seen>
  /** Rows as both servers print them, by table: the source's and the target's. */
  readonly source: ReadonlyMap<string, readonly string[]>
  readonly target: ReadonlyMap<string, readonly string[]>
}

/** A row's copy for the stream has the id of the original and this. */
export const copied = 1_000_000

/**
 * Random rows of every type: read by the snapshot, written once more by the server itself for the stream, and half of
 * the first deleted again. Everything goes into a target too, which makes its tables by itself.
 */
export async function runProof(server: PostgresConnection, seed: number, rows: number): Promise<Proof> {
  const random = new Random(seed)
  const tables = proofTables(server.version)
  const database = await server.createDatabase('values')
  const into = await server.createDatabase('values')
  const folder = mkdtempSync(join(tmpdir(), 'cdc-values-'))
  const changes: Change[] = []
  const stop = new AbortController()
  let streaming = false
  const run = pipeline({
    name: database,
    source: postgresCdc({
      hostname: server.host,
      port: server.port,
      username: server.user,
      password: server.password,
      'database-name': database,
      'schema-name': 'public',
      'table-name': '(scalars|arrays)',
      'slot.name': database,
      sslmode: 'disable',
    }),
    sinks: [
      callback({ accepts: 'retract', onBatch: (batch) => void changes.push(...batch.changes) }),
      jdbc({
        url: `jdbc:postgresql://${server.host}:${server.port}/${into}?sslmode=disable`,
        username: server.user,
        password: server.password,
      }),
    ],
    state: directoryState(folder),
    observer: (report) => {
      if (report.type === 'streaming') streaming = true
    },
  })
  try {
    for (const each of [database, into]) {
      await server.query(typesSetUp, each)
      for (const setting of oddSettings) await server.query(`ALTER DATABASE "${each}" SET ${setting}`)
    }
    await server.query(createStatements(tables), database)
    const statements = tables.flatMap((table) => insertStatements(random, table, rows))
    await server.query(`BEGIN; ${statements.join(';\n')}; COMMIT`, database)
    const running = run.run(stop.signal)
    const ended = running.then(() => {
      throw new Error('The pipeline ended by itself.')
    })
    ended.catch(() => {})
    await Promise.race([ended, waitFor(() => streaming, { timeout: 60_000, describe: 'the stream to run' })])
    for (const { name, columns } of tables) await copyRows(server, database, name, columns)
    const wanted = await printed(server, database, tables)
    const arrived = async () =>
      equal(await printed(server, into, tables, 'id'), await printed(server, database, tables, 'id'))
    await Promise.race([ended, waitFor(arrived, { timeout: 60_000, interval: 100, describe: 'the rows to arrive' })])
    stop.abort()
    await running
    return { tables, seen: seenIn(changes), source: wanted, target: await printed(server, into, tables) }
  } finally {
    stop.abort()
    rmSync(folder, { recursive: true, force: true })
    await drop(server, database, into)
  }
}

/** What changes how values print, at both ends. */
const oddSettings = [
  "datestyle = 'SQL, DMY'",
  "intervalstyle = 'iso_8601'",
  "timezone = 'Asia/Kolkata'",
  "bytea_output = 'escape'",
  'extra_float_digits = -5',
  "xmlbinary = 'hex'",
]

/** The server's own copy: no text is parsed again on the way. */
async function copyRows(
  server: PostgresConnection,
  database: string,
  name: string,
  columns: ProofTable['columns'],
): Promise<void> {
  const list = columns.map((column) => column.name).join(', ')
  await server.query(
    `BEGIN; INSERT INTO public.${name} SELECT id + ${copied}, ${list} FROM public.${name};
     DELETE FROM public.${name} WHERE id <= ${copied} AND id % 2 = 0; COMMIT`,
    database,
  )
}

/** Rows as the server prints them, with everything pinned that changes that. */
async function printed(
  server: PostgresConnection,
  database: string,
  tables: readonly ProofTable[],
  what = 't',
): Promise<Map<string, readonly string[]>> {
  const client = await server.client(database)
  try {
    await client.query(
      "SET datestyle = ISO; SET intervalstyle = postgres; SET timezone = UTC; SET bytea_output = hex; SET extra_float_digits = 3; SET search_path = ''",
    )
    const rows = new Map<string, readonly string[]>()
    for (const { name } of tables) {
      const { rows: found } = await client.query(`SELECT ${what}::text AS text FROM public.${name} AS t ORDER BY id`)
      rows.set(
        name,
        found.map((row: { text: string }) => row.text),
      )
    }
    return rows
  } finally {
    await client.end()
  }
}

function equal(a: ReadonlyMap<string, readonly string[]>, b: ReadonlyMap<string, readonly string[]>): boolean {
  return [...a].every(([name, rows]) => rows.join() === b.get(name)?.join())
}

function seenIn(changes: readonly Change[]): Map<string, Seen> {
  const seen = new Map<
    string,
    {
      table: Table
      snapshot: Map<number, RowChange>
      inserted: Map<number, RowChange>
      deleted: Map<number, RowChange>
    }
  >()
  for (const change of changes) {
    if (!isRowChange(change)) continue
    const { table } = change
    let of = seen.get(table.name)
    if (of === undefined) {
      of = { table, snapshot: new Map(), inserted: new Map(), deleted: new Map() }
      seen.set(table.name, of)
    }
    const row = change.kind === 'delete' ? change.before : change.after
    const kind = change.kind === 'delete' ? of.deleted : (row[0] as number) > copied ? of.inserted : of.snapshot
    kind.set(row[0] as number, change)
  }
  return seen
}

async function drop(server: PostgresConnection, ...databases: readonly string[]): Promise<void> {
  for (const database of databases) {
    const slots = `pg_replication_slots WHERE database = '${database}'`
    await waitFor(async () => {
      await server.query(`SELECT pg_drop_replication_slot(slot_name) FROM ${slots}`)
      await server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`)
      await server.query(`DROP DATABASE IF EXISTS "${database}"`)
      return true
    })
  }
}
