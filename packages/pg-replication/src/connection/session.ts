import type { Socket } from 'node:net'
import { CdcError, failpoint } from '@cdc/core'
import type pg from 'pg'
import { pgError } from '../errors.ts'
import { localError, postgresError, sqlStateOf } from '../postgres-error.ts'
import { type Connected, connect, type PgClient } from './connect.ts'
import { CopyOut, type CopyTarget } from './copy-out.ts'
import { aborted, within } from './deadline.ts'
import { describeHost } from './dial.ts'
import type { ConnectionOptions } from './options.ts'
import { pinSettings } from './settings.ts'

/** A row with every value as the server's text, or null. */
export type TextRow = Readonly<Record<string, string | null>>

export interface QueryOptions {
  /** Milliseconds; past them the connection is destroyed with QUERY_TIMEOUT. 0: none. Default: the connection's. */
  readonly timeout?: number | undefined
  /** Aborting destroys the connection: nothing else stops a query for certain. */
  readonly signal?: AbortSignal | undefined
  /** What goes on, for messages: `reading the catalog`. */
  readonly doing?: string | undefined
}

export interface CopyOptions {
  /** Aborting destroys the connection. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds without a byte from the server; past them the connection is destroyed. 0: no limit. Default: the connection's. */
  readonly silence?: number | undefined
  /** What goes on, for messages: `reading public.orders`. */
  readonly doing?: string | undefined
}

export interface SessionOptions extends ConnectionOptions {
  /** `true`: a walsender connection bound to the database (`replication=database`), which also takes simple SQL. */
  readonly replication?: boolean | undefined
}

/**
 * One connection with every setting pinned that changes what values look like, how names are found or how long things
 * may take. Calls are serial: a second waits for the first. Errors are CdcErrors by SQLSTATE.
 */
export class Session {
  /** `server_version_num`: 150018 is 15.18. */
  readonly serverVersion: number
  /** The backend's process id, as pg_stat_activity has it. */
  readonly pid: number
  /** Is the connection encrypted? */
  readonly encrypted: boolean
  /** Does a pooler (PgBouncer, RDS Proxy, ...) stand between? Snapshots and settings do not survive one. */
  readonly pooled: boolean
  /** Is the server Greenplum or a relative of it? */
  readonly greenplum: boolean
  readonly options: SessionOptions
  /**
   * Resolves once, when the connection has ended: undefined after `close`, else why (SERVER_SHUTDOWN for 57P01, ...).
   * Never rejects.
   */
  readonly closed: Promise<CdcError | undefined>
  readonly #client: PgClient
  readonly #socket: Socket
  #queue: Promise<unknown> = Promise.resolve()
  #closing = false
  /** Why we cut the connection, or what the server said last before it did. */
  #reason: CdcError | undefined

  private constructor(connected: Connected, options: SessionOptions, pinned: TextRow) {
    this.#client = connected.client
    this.#socket = connected.socket
    this.encrypted = connected.encrypted
    this.options = options
    this.serverVersion = Number(pinned.version)
    this.pid = Number(pinned.pid)
    this.pooled = this.pid !== connected.client.processID
    this.greenplum = /greenplum|cloudberry/i.test(pinned.product ?? '')
    this.closed = this.#watch()
  }

  /** Connects, by libpq's rules for TLS, and pins the settings. */
  static async open(options: SessionOptions, signal?: AbortSignal): Promise<Session> {
    const { connectTimeout: timeout = 30_000, replication = false } = options
    const connected = await connect(options, replication, signal)
    const doing = `preparing the session at ${describeHost(options)}`
    const late = () =>
      pgError('CONNECT_TIMEOUT', { message: `${describeHost(options)} did not answer within ${timeout} ms.` })
    try {
      const cut = () => connected.socket.destroy()
      await failpoint('connection.settings')
      const { rows } = await within({ timeout, signal, late }, connected.client.query(pinSettings), cut)
      return new Session(connected, options, rows[0] as TextRow)
    } catch (error) {
      connected.socket.destroy()
      throw postgresError(error, doing)
    }
  }

  /**
   * Runs one statement; parameters are bound as text. Without parameters it may hold several statements, and gives the
   * rows of the last. On a replication session nothing can be bound.
   */
  query<R extends TextRow = TextRow>(
    sql: string,
    params: readonly (string | null)[] = [],
    options: QueryOptions = {},
  ): Promise<R[]> {
    const { doing = 'running a statement', timeout = this.options.queryTimeout ?? 60_000, signal } = options
    return this.#serial(doing, async () => {
      const run = this.#client.query(params.length === 0 ? sql : { text: sql, values: [...params] })
      const late = () =>
        pgError('QUERY_TIMEOUT', { message: `There was no answer within ${timeout} ms while ${doing}.` })
      const result = (await within({ timeout, signal, late }, run, (why) => this.#cut(why))) as
        | pg.QueryResult
        | pg.QueryResult[]
      return (Array.isArray(result) ? result.at(-1)! : result).rows as R[]
    })
  }

  /** The same with each row as the list of its cells, so that columns may share a name. One statement. */
  async lists(
    sql: string,
    params: readonly (string | null)[] = [],
    options: QueryOptions = {},
  ): Promise<(string | null)[][]> {
    const { doing = 'running a statement', timeout = this.options.queryTimeout ?? 60_000, signal } = options
    return this.#serial(doing, async () => {
      const run = this.#client.query({ text: sql, values: [...params], rowMode: 'array' } as pg.QueryConfig)
      const late = () =>
        pgError('QUERY_TIMEOUT', { message: `There was no answer within ${timeout} ms while ${doing}.` })
      const { rows } = (await within({ timeout, signal, late }, run, (why) =>
        this.#cut(why),
      )) as unknown as pg.QueryArrayResult
      return rows as (string | null)[][]
    })
  }

  /**
   * Runs `COPY ... TO STDOUT`. Chunks are the raw text, end at the end of a row, and are valid until `onChunk` (and the
   * promise that it gave) is done. A promise from `onChunk` holds the server back until it resolves. Gives the server's
   * count of rows, and only after CommandComplete: a connection lost before is an error. When `onChunk` throws, the
   * connection is destroyed and the error passed on.
   */
  async copyOut(
    sql: string,
    onChunk: (chunk: Buffer) => void | Promise<void>,
    options: CopyOptions = {},
  ): Promise<number> {
    let rows = 0
    const done = (count: number) => {
      rows = count
    }
    await this.copiesOut([sql], { chunk: onChunk, done }, options)
    return rows
  }

  /** The same for several statements, one after the other and without a round trip between them. */
  async copiesOut(statements: readonly string[], target: CopyTarget, options: CopyOptions = {}): Promise<void> {
    const { doing = 'copying', silence = this.options.copySilence ?? 30 * 60_000, signal } = options
    const copy = new CopyOut(statements, this.#socket, target, silence)
    const cut = (why: CdcError) => this.#cut(why)
    copy.failed.then(cut).catch(() => {})
    try {
      await this.#serial(doing, () => {
        void this.#client.query(copy)
        return within({ signal, late: aborted }, copy.done, cut)
      })
    } catch (error) {
      // what the callee threw is passed on as it is
      throw copy.thrown === undefined ? error : copy.thrown.error
    }
  }

  /** Ends the connection; waits for it at most a second. */
  async close(): Promise<void> {
    this.#closing = true
    this.#client.end().catch(() => {})
    const timer = setTimeout(() => this.#socket.destroy(), 1000)
    await this.closed
    clearTimeout(timer)
  }

  /** Cuts the connection at once. */
  destroy(): void {
    this.#closing = true
    this.#socket.destroy()
  }

  /** For the replication stream: the socket, once nothing else will use this session. */
  socket(): Socket {
    return this.#socket
  }

  #serial<T>(doing: string, run: () => Promise<T>): Promise<T> {
    const mine = this.#queue.then(async () => {
      try {
        return await run()
      } catch (error) {
        throw this.#explain(error, doing)
      }
    })
    this.#queue = mine.catch(() => {})
    return mine
  }

  /** Where pg only knows that the connection ended, we may know why. */
  #explain(error: unknown, doing: string): CdcError {
    if (CdcError.is(error)) return error
    return sqlStateOf(error) === undefined && this.#reason !== undefined ? this.#reason : postgresError(error, doing)
  }

  #cut(why: CdcError): void {
    this.#reason ??= why
    this.#socket.destroy()
  }

  async #watch(): Promise<CdcError | undefined> {
    const { connection } = this.#client
    const where = `the connection to ${describeHost(this.options)}`
    let last: unknown
    connection.on('errorMessage', (message) => {
      last = message
    })
    // an error that is followed by ReadyForQuery did not end the connection
    connection.on('readyForQuery', () => {
      last = undefined
    })
    connection.on('error', (error) => {
      last ??= error
    })
    await new Promise<void>((resolve) => connection.once('end', resolve))
    if (this.#closing) return undefined
    this.#reason ??=
      last === undefined
        ? localError('CONNECTION_LOST', new Error('the server closed it'), where)
        : postgresError(last, where)
    return this.#reason
  }
}
