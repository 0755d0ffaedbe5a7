import type { Position } from '@cdc/core'
import type { Connection } from './connection.ts'
import type { Flight } from './flight.ts'
import type { ServerError } from './server-error.ts'

/** What is remembered of a target table, by its quoted name. */
export interface TableRecord {
  /** The source tables that were written into it. */
  readonly sources: readonly string[]
  /** Did a snapshot of this pipeline fill it from empty? Then it may be emptied to be filled again. */
  readonly filled?: true
  /** Did this pipeline create it? */
  readonly created?: true
  /** Columns that a person was asked to rename here, old name to new one: changes from before that still come. */
  readonly renames?: Readonly<Record<string, string>>
  /**
   * The columns that each source table had when it was last written here, as name and type. They are kept with the
   * rows, so that a renamed column can be told from a new one at whatever moment a process ended.
   */
  readonly columns?: Readonly<Record<string, KeptColumns>>
}
/** By their names, the types as the source names them. */
export type KeptColumns = Readonly<Record<string, string>>
export type TableRecords = Readonly<Record<string, TableRecord>>

/** What is remembered of the target's tables. */
export interface TableMemory {
  readonly records: TableRecords
  /** Without what the open transaction adds. */
  readonly kept: TableRecords
  /** Remembers something of a table, with the next position. */
  record(table: string, change: TableRecord): void
  /** Remembers it at once, with no open transaction; the position stays. false: there is none, so nothing to add to. */
  recordNow(connection: Connection, table: string, change: TableRecord): Promise<boolean>
  /** Is the table one that another pipeline or sink writes too? */
  isShared(connection: Connection, table: string): Promise<boolean>
}

/** Where this sink stands, kept in the target and fenced against other processes. */
export interface PositionKeeper extends TableMemory {
  /** For people who may create what it is kept in where this sink may not. */
  readonly createSql: string
  /** Reads where the sink stands, for a process that is going to write. */
  read(connection: Connection): Promise<Position | undefined>
  /** Where the sink stands, without waiting for anybody. undefined: nowhere. */
  peek(connection: Connection): Promise<Position | undefined>
  /** The same inside of a transaction, to whose end the sink cannot move on: it waits. */
  hold(connection: Connection): Promise<Position | undefined>
  /** Makes what it is kept in, where that is missing. Outside of any transaction. */
  create(connection: Connection): Promise<void>
  /** Adds what begins a transaction. */
  addLock(flight: Flight): void
  /** Adds the new position; in the same flight or transaction comes the COMMIT. */
  addWrite(flight: Flight, position: Position): void
  /** Was it one of these statements that found another process's mark, in the last flight that has them? */
  isConflict(cause: ServerError): boolean
  conflict(cause: unknown): Error
  committed(): void
  rolledBack(): void
  /** Forgets the position. Keeps what is known of the tables, unless `rows` goes with it. */
  forget(connection: Connection, rows: boolean): Promise<boolean>
}
