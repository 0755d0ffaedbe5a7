import type { Position } from './batch.ts'
import type { SinkComparer, SourceComparer } from './compare.ts'
import type { Table } from './table.ts'

/** One thing that `doctor` looked at. */
export interface Check {
  /** What was looked at, as a short noun phrase: `wal_level`, `right to replicate`. */
  readonly name: string
  readonly status: 'ok' | 'warning' | 'failed'
  readonly message: string
  /** The code of the error that a run would stop with. */
  readonly code?: string
  /** What to run or to change, as text that can be pasted. */
  readonly hint?: string
}

/** A statement that a run would send, with the reason. */
export interface PlannedStatement {
  readonly sql: string
  readonly reason: string
}

/** Something a source keeps at the server between runs: a replication slot, a publication. */
export interface Resource {
  readonly type: string
  readonly name: string
  /** Is it this pipeline's own? */
  readonly own: boolean
  readonly active: boolean
  /** Bytes of log that it holds back, where known. */
  readonly retained?: bigint
  readonly details: Readonly<Record<string, string>>
}

/**
 * What the commands for operators ask of a source, beside reading. Connects by itself for each call and changes
 * nothing, except in `drop` and `reset`.
 */
export interface SourceAdmin {
  /** The tables that a run would read, with their types. */
  tables(): Promise<readonly Table[]>
  plan(): Promise<readonly PlannedStatement[]>
  /** `after`: what a run would go on from, so that it can also be said whether it can; nothing where there was no run. */
  check(after?: Position): Promise<readonly Check[]>
  resources(): Promise<readonly Resource[]>
  /** Drops one by name; refuses what is active unless `force`. */
  drop(name: string, options: { readonly force: boolean }): Promise<void>
  /** Drops what a run of this pipeline made at the server, so that the next starts over. Says what it did. */
  reset(): Promise<readonly string[]>
  /** Opens a connection for comparing rows: `cdc verify`. Absent: the source cannot. */
  compare?(): Promise<SourceComparer>
}

/** The same for a sink. `tables` are the source's, as the sink would get them (routed). */
export interface SinkAdmin {
  plan(tables: readonly Table[]): Promise<readonly PlannedStatement[]>
  check(tables: readonly Table[]): Promise<readonly Check[]>
  /** Forgets the stored position, and with `rows` empties the pipeline's tables too. Says what it did. */
  reset(tables: readonly Table[], options: { readonly rows: boolean }): Promise<readonly string[]>
  /** Opens a connection for comparing rows: `cdc verify`. Absent: the sink cannot. */
  compare?(): Promise<SinkComparer>
}
