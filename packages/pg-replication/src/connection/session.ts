import type { CdcError } from '@cdc/core'
import type { ConnectionOptions } from './options.ts'

/** A row with every value as the server's text, or null. */
export type TextRow = Readonly<Record<string, string | null>>

export interface QueryOptions {
  /** Milliseconds; past them the connection is destroyed with QUERY_TIMEOUT. 0: none. Default 60 000. */
  readonly timeout?: number
  /** Aborting destroys the connection: nothing else stops a query for certain. */
  readonly signal?: AbortSignal
}

export interface CopyOptions {
  /** Aborting destroys the connection. */
  readonly signal?: AbortSignal
  /** Milliseconds without a byte from the server; past them the connection is destroyed with QUERY_TIMEOUT. Default 30 min. */
  readonly silence?: number
}

export interface SessionOptions extends ConnectionOptions {
  /** `true`: a walsender connection bound to the database (`replication=database`), which also takes simple SQL. */
  readonly replication?: boolean
}

/**
 * One ordinary connection with every setting pinned that changes what values look like, how names are found or how
 * long things may take. Queries are serial. Errors are CdcErrors by SQLSTATE.
 */
export declare class Session {
  private constructor()
  static open(options: SessionOptions, signal?: AbortSignal): Promise<Session>
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
  /**
   * Resolves once, when the connection has ended: undefined after `close`, else why (SERVER_SHUTDOWN for 57P01, ...).
   * Never rejects.
   */
  readonly closed: Promise<CdcError | undefined>
  /** Runs one statement; parameters are bound as text. With no parameters it may hold several statements. */
  query<R extends TextRow = TextRow>(sql: string, params?: readonly (string | null)[], options?: QueryOptions): Promise<R[]>
  /**
   * Runs `COPY ... TO STDOUT`. Chunks are the raw text; a chunk always ends at the end of a row, and belongs to the
   * callee. A promise from `onChunk` holds the server back until it resolves. Gives the server's count of rows, and
   * only after CommandComplete: a connection lost before is an error. When `onChunk` throws, the connection is
   * destroyed and the error passed on.
   */
  copyOut(sql: string, onChunk: (chunk: Buffer) => void | Promise<void>, options?: CopyOptions): Promise<number>
  /** Ends the connection; waits for it at most a second. */
  close(): Promise<void>
  /** Cuts the connection at once. */
  destroy(): void
}
