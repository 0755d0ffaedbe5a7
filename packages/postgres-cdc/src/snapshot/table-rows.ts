import { CdcError, failpoint, type Row, tableName } from '@cdc/core'
import { CopyTextReader } from '@cdc/pg-replication'
import { error } from '../errors.ts'
import type { PreparedTable } from './prepare.ts'

/** Takes the rows of one COPY. The promise, where there is one, holds the server back. */
export type RowsTaker = (rows: readonly Row[], bytes: number) => void | Promise<void>

/** What one COPY of a table brings, as rows. */
export class TableRows {
  readonly #prepared: PreparedTable
  readonly #reader: CopyTextReader
  readonly #take: RowsTaker
  #seen = 0

  constructor(prepared: PreparedTable, take: RowsTaker) {
    this.#prepared = prepared
    this.#reader = new CopyTextReader(prepared.columns)
    this.#take = take
  }

  chunk(text: Buffer): void | Promise<void> {
    const rows = this.#reader.push(text)
    const bytes = this.#reader.bytes - this.#seen
    this.#seen = this.#reader.bytes
    if (rows.length === 0) return
    const held = failpoint('snapshot.chunk')
    return held === undefined ? this.#take(rows, bytes) : held.then(() => this.#take(rows, bytes))
  }

  /** The statement is over; the server has counted so many rows. Throws COPY_TRUNCATED and SNAPSHOT_INCOMPLETE. */
  done(sent: number): void {
    const { rows } = this.#reader
    this.#reader.end()
    if (sent !== rows)
      throw error('SNAPSHOT_INCOMPLETE', { message: `The server sent ${sent} rows and ${rows} arrived.` })
  }

  /** The error, with the table that it was met in. */
  placed(failure: unknown): CdcError {
    return CdcError.from(failure).at({ table: tableName(this.#prepared.table) })
  }
}
