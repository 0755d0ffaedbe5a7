import type { Row } from '@cdc/core'
import type { Relation } from './relation.ts'

/** What an old row holds. `K`: cells of the replica identity, all others undefined. `O`: all (identity FULL). */
export type OldRow = 'K' | 'O'

/**
 * Takes what is decoded, synchronously and in the order of the stream: one call a message. Rows are its own to keep;
 * nothing in them refers to the buffer. What it throws comes out of `decode`.
 *
 * LSNs are unsigned 64-bit numbers; times are microseconds since 1970-01-01 UTC; OIDs and xids are unsigned.
 */
export interface PgOutputHandler {
  /** `commitLsn`: where the commit record lies. Every change up to `commit` belongs to this transaction. */
  begin(xid: number, commitLsn: bigint, commitTime: bigint): void
  /** `endLsn`: the end of the commit record, and the only LSN that may be acknowledged for this transaction. */
  commit(commitLsn: bigint, endLsn: bigint, commitTime: bigint): void
  /** Comes before the first change of a table on this connection, and again when its shape may have changed. */
  relation(relation: Relation): void
  insert(relation: Relation, row: Row): void
  /**
   * `before` is undefined when the server sent no old row: under identity default or index with its columns unchanged.
   * Cells of `row` are undefined where a TOAST value did not change.
   */
  update(relation: Relation, before: Row | undefined, kind: OldRow | undefined, row: Row): void
  delete(relation: Relation, before: Row, kind: OldRow): void
  /** All of them at once, in one statement. */
  truncate(relations: readonly Relation[], cascade: boolean, restartIdentity: boolean): void
  /**
   * From `pg_logical_emit_message`; PostgreSQL 14 and later, and only when asked for. One that is not transactional
   * comes outside of begin and commit, or inside of those of a transaction that it does not belong to.
   */
  message(transactional: boolean, lsn: bigint, prefix: string, content: Uint8Array): void
  /** The transaction came from another node, where its commit has this LSN. May repeat in one transaction. */
  origin(lsn: bigint, name: string): void
  /**
   * Tells the name of a type that is not built in, before the Relation that has it. Under a domain: the name of the
   * type that the domain is made on. An empty schema is pg_catalog.
   */
  type(oid: number, schema: string, name: string): void
}
