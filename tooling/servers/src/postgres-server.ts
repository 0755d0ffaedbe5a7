import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import pg from 'pg'
import type { Binaries } from './binaries.ts'
import { copyCluster, superuser } from './data-directory.ts'
import { IdleSessions, isLook } from './idle-sessions.ts'
import { clearServerFolder } from './leftovers.ts'
import { logFile, Postmaster, type StopMode } from './postmaster.ts'
import { processTree } from './process-tree.ts'
import type { PostgresVersion } from './versions.ts'
import { unwatch } from './watch.ts'

/** What is enough to talk to a server from another process. */
export interface ServerAddress {
  readonly version: PostgresVersion
  readonly port: number
  readonly dataDir: string
  readonly pid: number
}

/** A running PostgreSQL, on 127.0.0.1, reached with a password (SCRAM). */
export class PostgresConnection implements ServerAddress {
  readonly host = '127.0.0.1'
  readonly user = superuser.user
  readonly password = superuser.password
  readonly version: PostgresVersion
  readonly port: number
  readonly dataDir: string
  readonly #idle = new IdleSessions()
  #pid: number

  constructor(address: ServerAddress) {
    this.version = address.version
    this.port = address.port
    this.dataDir = address.dataDir
    this.#pid = address.pid
  }

  /** The postmaster's. Another one after a restart. */
  get pid(): number {
    return this.#pid
  }

  protected setPid(pid: number): void {
    this.#pid = pid
  }

  url(database = 'postgres'): string {
    return `postgresql://${this.user}:${this.password}@${this.host}:${this.port}/${encodeURIComponent(database)}`
  }

  /** A connected client; end it yourself. Loss of the connection shows in its queries only. */
  async client(database = 'postgres'): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url(database), ssl: false })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  /**
   * Runs one statement, or several without parameters (the last one's rows), on a connection of its own; what only
   * looks may share one with looks before and after it.
   */
  // biome-ignore lint/suspicious/noExplicitAny: rows of any statement, read in tests
  async query<R = any>(sql: string, database = 'postgres', parameters?: readonly unknown[]): Promise<R[]> {
    if (isLook(sql)) return this.#look(sql, database, parameters)
    if (/\b(DATABASE|pg_stat_activity|pg_terminate_backend)\b/.test(sql)) await this.#idle.clear()
    const client = await this.client(database)
    try {
      return await rowsOf<R>(client, sql, parameters)
    } finally {
      await client.end()
    }
  }

  async #look<R>(sql: string, database: string, parameters?: readonly unknown[]): Promise<R[]> {
    const idle = this.#idle.take(database)
    const client = idle ?? (await this.client(database))
    try {
      const rows = await rowsOf<R>(client, sql, parameters)
      this.#idle.give(database, client)
      return rows
    } catch (failure) {
      await client.end().catch(() => {})
      // the server may have restarted, or ended the session, since it was used last
      if (idle === undefined || (failure as { severity?: string }).severity === 'ERROR') throw failure
      return this.query<R>(sql, database, parameters)
    }
  }

  /** Makes an empty database with a name that nobody else has, starting with `prefix`, and gives the name. */
  async createDatabase(prefix = 'test'): Promise<string> {
    const name = `${prefix}_${process.pid}_${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`
    // template0 has no sessions, so that databases can be made side by side
    await this.query(`CREATE DATABASE "${name}" TEMPLATE template0`)
    return name
  }

  /** What the server has logged since it was made. */
  log(): string {
    return readFileSync(logFile(this.dataDir), 'utf8')
  }

  /** Sends a signal to all processes of the server: SIGSTOP freezes it, SIGCONT lets it go on. Not on Windows. */
  signal(signal: NodeJS.Signals): void {
    for (const pid of processTree(this.pid)) {
      try {
        process.kill(pid, signal)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
  }
}

async function rowsOf<R>(client: pg.Client, sql: string, parameters?: readonly unknown[]): Promise<R[]> {
  const result = await client.query(sql, parameters as unknown[] | undefined)
  const last = Array.isArray(result) ? result.at(-1) : result
  return (last?.rows ?? []) as R[]
}

/** What `snapshot` has made. Gone with the server. */
export interface ServerSnapshot {
  readonly folder: string
}

/** A server that this process started. */
export class PostgresServer extends PostgresConnection implements AsyncDisposable {
  readonly #binaries: Binaries
  #postmaster: Postmaster

  constructor(version: PostgresVersion, binaries: Binaries, dataDir: string, port: number, postmaster: Postmaster) {
    super({ version, port, dataDir, pid: postmaster.pid })
    this.#binaries = binaries
    this.#postmaster = postmaster
  }

  /** Stops it and keeps its data: `start` brings it back on the same port. */
  async halt(mode: StopMode = 'fast', timeout?: number): Promise<void> {
    await this.#postmaster.stop(mode, timeout)
  }

  /** After `halt`. */
  async start(): Promise<void> {
    this.#postmaster = await Postmaster.start(this.#binaries, this.dataDir, this.port)
    this.setPid(this.#postmaster.pid)
  }

  async restart(mode: StopMode = 'fast', timeout?: number): Promise<void> {
    await this.halt(mode, timeout)
    await this.start()
  }

  /** A copy of the data directory, slots and all, as a snapshot of its disk would be. Halts it for the time. */
  async snapshot(): Promise<ServerSnapshot> {
    await this.halt()
    const folder = `${this.dataDir}.${randomUUID()}`
    await copyCluster(this.dataDir, folder)
    await this.start()
    return { folder }
  }

  /** Brings it back, on the same port, as it was when the snapshot was taken. What it has done since is gone. */
  async restore({ folder }: ServerSnapshot): Promise<void> {
    await this.halt('immediate')
    rmSync(this.dataDir, { recursive: true, force: true })
    await copyCluster(folder, this.dataDir)
    await this.start()
  }

  get running(): boolean {
    return this.#postmaster.running
  }

  /** Stops it and removes its data. */
  async stop(mode: StopMode = 'immediate'): Promise<void> {
    const folder = dirname(this.dataDir)
    try {
      await this.#postmaster.stop(mode)
    } finally {
      await clearServerFolder(folder)
      rmSync(folder, { recursive: true, force: true })
      await unwatch(folder)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
