import { appendFileSync, chmodSync, copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findBinaries } from './binaries.ts'
import { handOver, makeServerFolder } from './data-directory.ts'
import { clearServerFolder } from './leftovers.ts'
import { type PostgresConnection, PostgresServer } from './postgres-server.ts'
import { Postmaster } from './postmaster.ts'
import { settingLines, startOnFreePort } from './start-postgres.ts'
import { unwatch, watch } from './watch.ts'

export interface StandbyOptions {
  /** Lines of postgresql.conf, over those that it takes over from the primary. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where it finds the primary: the port of a proxy before it. Default: the primary's own. */
  readonly port?: number
  /** The physical slot that it streams from, made on the primary. Default `standby`. */
  readonly slot?: string
}

/** A standby that streams from its primary until it is promoted. */
export class StandbyServer extends PostgresServer {
  /** Ends recovery: it takes writes, on a timeline of its own. Resolves when it does. */
  async promote(): Promise<void> {
    const [row] = await this.query('SELECT pg_catalog.pg_promote(true, 60) AS done')
    if (row?.done !== true) throw new Error('The standby was not promoted within 60 s.')
  }
}

/**
 * Starts a physical standby of a running server of this machine (PostgreSQL 12 and later): a copy of its data
 * directory, taken between pg_backup_start and pg_backup_stop, that streams from a physical slot with
 * hot_standby_feedback. Logical slots are not part of it, as in any base backup; 17 and later bring them over with
 * `sync_replication_slots`.
 */
export async function startStandby(primary: PostgresConnection, options: StandbyOptions = {}): Promise<StandbyServer> {
  const { version } = primary
  const { slot = 'standby', settings = {} } = options
  const binaries = findBinaries(version)
  const folder = makeServerFolder()
  await watch(folder)
  try {
    const data = join(folder, 'data')
    await primary.query(`SELECT pg_create_physical_replication_slot('${slot}', true)`)
    await copyRunning(primary, data)
    const { host, user, password } = primary
    const { port = primary.port } = options
    const own = {
      primary_conninfo: `host=${host} port=${port} user=${user} password=${password} dbname=postgres sslmode=disable`,
      primary_slot_name: slot,
      hot_standby: 'on',
      hot_standby_feedback: 'on',
      // so that feedback, without which logical slots are not synchronised, goes out soon
      wal_receiver_status_interval: '1s',
      ...settings,
    }
    appendFileSync(join(data, 'postgresql.conf'), settingLines(own))
    writeOwned(join(data, 'standby.signal'), '')
    return await startOnFreePort(async (port) => {
      const postmaster = await Postmaster.start(binaries, data, port)
      return new StandbyServer(version, binaries, data, port, postmaster)
    })
  } catch (error) {
    await clearServerFolder(folder)
    await unwatch(folder)
    throw error
  }
}

async function copyRunning(primary: PostgresConnection, data: string): Promise<void> {
  const modern = primary.version >= 15
  // the backup ends with its session
  const session = await primary.client()
  try {
    await session.query(
      modern ? `SELECT pg_backup_start('standby', true)` : `SELECT pg_start_backup('standby', true, false)`,
    )
    copyTree(primary.dataDir, data)
    const { rows } = await session.query(
      `SELECT labelfile FROM ${modern ? 'pg_backup_stop(false)' : 'pg_stop_backup(false, false)'}`,
    )
    writeOwned(join(data, 'backup_label'), rows[0].labelfile)
  } finally {
    await session.end()
  }
}

/** What a base backup leaves out: https://www.postgresql.org/docs/current/protocol-replication.html (BASE_BACKUP) */
const withoutContent = new Set(['pg_wal', 'pg_replslot', 'pg_dynshmem', 'pg_notify', 'pg_serial', 'pg_stat_tmp'])
const leftOut = new Set(['postmaster.pid', 'postmaster.opts', 'pg_internal.init'])

function copyTree(from: string, to: string, top = true): void {
  mkdirSync(to)
  chmodSync(to, 0o700)
  handOver(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (leftOut.has(entry.name)) continue
    if (top && withoutContent.has(entry.name)) {
      mkdirSync(target)
      chmodSync(target, 0o700)
      handOver(target)
    } else if (entry.isDirectory()) copyTree(source, target, false)
    else copyFile(source, target)
  }
}

function copyFile(source: string, target: string): void {
  try {
    copyFileSync(source, target)
    chmodSync(target, statSync(source).mode)
    handOver(target)
  } catch (error) {
    // the server runs, and removes files as it goes; what matters of that is in its log
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function writeOwned(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 })
  handOver(path)
}
