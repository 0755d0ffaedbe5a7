import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Session } from '@cdc/pg-replication'
import type { PostgresServer } from '@cdc/servers'
import { type Measurement, measureCommand } from './measure.ts'

/** A client program of PostgreSQL, from `CDC_PG_BIN`, the PATH or Debian's place for them. undefined: not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [process.env.CDC_PG_BIN ?? '', ...(process.env.PATH ?? '').split(delimiter)]
  for (const version of [18, 17, 16, 15, 14]) folders.push(`/usr/lib/postgresql/${version}/bin`)
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(existsSync)
}

/** `COPY TO` to nowhere: the ceiling of a snapshot. */
export async function copyToNowhere(server: PostgresServer, database: string, rows: number): Promise<Measurement> {
  const { host, port, user, password } = server
  const session = await Session.open({ host, port, user, password, database, ssl: { mode: 'disable' } })
  try {
    const start = performance.now()
    await session.copyOut('COPY public.items TO STDOUT', () => undefined)
    return { changes: rows, seconds: (performance.now() - start) / 1000 }
  } finally {
    await session.close()
  }
}

/** `pg_recvlogical` to nowhere over a copy of the slot: the ceiling of a stream. undefined where it is not installed. */
export async function receiveToNowhere(
  server: PostgresServer,
  database: string,
  slot: string,
  changes: number,
): Promise<Measurement | undefined> {
  const program = findProgram('pg_recvlogical')
  if (program === undefined) return undefined
  const copy = `${slot}_reference`
  await server.query(`SELECT pg_copy_logical_replication_slot('${slot}', '${copy}')`, database)
  const [end] = await server.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn', database)
  const options = ['-o', 'proto_version=1', '-o', 'publication_names=dbz_publication']
  const where = ['-h', server.host, '-p', String(server.port), '-U', server.user, '-d', database]
  // a keepalive past the end is what stops it, so something must follow the end
  await server.query("SELECT pg_logical_emit_message(false, 'bench', 'end')", database)
  const args = [...where, '--slot', copy, '--start', '--endpos', end!.lsn, ...options, '-f', '/dev/null', '--no-loop']
  const result = await measureCommand(program, args, changes, { PGPASSWORD: server.password })
  await server.query(`SELECT pg_drop_replication_slot('${copy}')`, database)
  return result
}
