import type { Table } from './table.ts'
import type { Row } from './value.ts'

/** What is the same for every change of one source transaction: one shared object. */
export interface Transaction {
  /** The source's connector name, `postgres-cdc`. */
  readonly connector: string
  readonly database: string
  /** The transaction's id at the source (PostgreSQL: xid, unsigned decimal). Absent on snapshot rows. */
  readonly id?: string
  /** Microseconds since 1970-01-01 UTC. On snapshot rows: when the snapshot was taken. */
  readonly commitTime: bigint
  /** Where the commit lies in the source's log (PostgreSQL: the commit record's LSN). On snapshot rows: the cut. */
  readonly commit: bigint
  /**
   * Where the commit before it in the stream ends, or where a message that belongs to no transaction lies. Absent on
   * snapshot rows and until a first one has been seen.
   */
  readonly previousCommit?: bigint
  /** Snapshot rows only: the newest transaction id that the snapshot can hold, in the form of `id`. */
  readonly horizon?: string
  /** Where the source itself had it from (PostgreSQL: the replication origin and the commit's LSN there). */
  readonly replicationOrigin?: { readonly name: string; readonly commit: bigint }
}

/** Place of a row in a snapshot, in Debezium's words. */
export type SnapshotMark = 'first' | 'first_in_data_collection' | 'true' | 'last_in_data_collection' | 'last'

/** Where a change comes from: what metadata columns and envelopes need. */
export interface Origin {
  readonly transaction: Transaction
  /** The change's own place in the log (PostgreSQL: LSN). Ordered only inside its transaction. */
  readonly offset: bigint
  /** Ordinal of the change in its transaction, from 0. On snapshot rows: 0. */
  readonly order: number
  /** Present on snapshot rows only. */
  readonly snapshot?: SnapshotMark
}

export interface Insert {
  readonly kind: 'insert'
  readonly table: Table
  readonly after: Row
  readonly origin: Origin
}
/** `before` is absent when the source did not send it (identity default and the key did not change). */
export interface Update {
  readonly kind: 'update'
  readonly table: Table
  readonly before?: Row
  readonly after: Row
  readonly origin: Origin
}
/** Cells of `before` outside the replica identity are `undefined`. */
export interface Delete {
  readonly kind: 'delete'
  readonly table: Table
  readonly before: Row
  readonly origin: Origin
}
export interface Truncate {
  readonly kind: 'truncate'
  readonly table: Table
  readonly cascade?: boolean
  readonly restartIdentity?: boolean
  readonly origin: Origin
}
/**
 * Rows of this table look like `table` from here on. Comes before a table's first row after *every* start; sinks
 * treat it as idempotent, and a replayed older shape never drops anything.
 */
export interface SchemaChange {
  readonly kind: 'schema'
  readonly table: Table
  readonly previous?: Table
  readonly origin: Origin
}
/** A logical decoding message. Reaches only sinks whose definition takes 'message'. */
export interface Message {
  readonly kind: 'message'
  readonly prefix: string
  readonly content: Uint8Array
  readonly transactional: boolean
  readonly origin: Origin
}
/** Bounds of a source transaction. Reaches only sinks whose definition takes 'transaction'. */
export interface Boundary {
  readonly kind: 'begin' | 'commit'
  readonly origin: Origin
}

export type RowChange = Insert | Update | Delete
export type TableChange = RowChange | Truncate | SchemaChange
export type Change = TableChange | Message | Boundary

/** Changelog kinds as Flink names them. */
export type RowKind = '+I' | '-U' | '+U' | '-D'

/** Is there a row in it? */
export function isRowChange(change: Change): change is RowChange {
  return change.kind === 'insert' || change.kind === 'update' || change.kind === 'delete'
}

/** Does it belong to a table? */
export function isTableChange(change: Change): change is TableChange {
  return change.kind !== 'message' && change.kind !== 'begin' && change.kind !== 'commit'
}
