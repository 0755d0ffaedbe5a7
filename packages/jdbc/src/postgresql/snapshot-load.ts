import { failpoint, type Insert } from '@cdc/core'
import { error } from '../errors.ts'
import type { Connection } from './connection.ts'
import { CopyEncoder } from './copy-encoder.ts'
import type { Flight } from './flight.ts'
import type { TableMemory } from './position-keeper.ts'
import { explainRow } from './segment.ts'
import { ServerError } from './server-error.ts'
import type { TableWriter } from './table-writer.ts'

/** How rows of a snapshot get into a table: straight by COPY, or over rows that are there. */
export type LoadMode = 'copy' | 'merge'

/**
 * Loads snapshot rows by one COPY that stays open over batches, so that encoding and the server's work overlap. It
 * must be ended before anything else is sent.
 */
export class SnapshotLoad {
  readonly #connection: Connection
  readonly #modes = new Map<string, LoadMode>()
  #writer: TableWriter | undefined
  #flight: Flight | undefined
  #encoder: CopyEncoder | undefined

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Is a COPY open for this table? */
  isOpen(writer: TableWriter): boolean {
    return this.#writer === writer
  }

  modeOf(writer: TableWriter): LoadMode | undefined {
    return this.#modes.get(writer.label)
  }

  /** Decides at a table's first row, inside of the transaction. Empties the table where this pipeline filled it before. */
  async decide(writer: TableWriter, store: TableMemory): Promise<LoadMode> {
    const { target, label } = writer
    const [found] = await this.#connection.query(`SELECT 1 FROM ${target.sql} LIMIT 1`)
    const record = store.records[target.sql]
    let empty = found === undefined
    if (!empty && record?.filled && record.sources.length === 1 && record.sources[0] === label) {
      empty = !(await store.isShared(this.#connection, target.sql))
      if (empty) await this.#empty(writer)
    }
    const sources = [...new Set([...(record?.sources ?? []), label])]
    store.record(target.sql, { ...record, sources, ...(empty ? { filled: true as const } : {}) })
    const mode = (empty || writer.keys.length === 0) && writer.copies ? 'copy' : 'merge'
    this.#modes.set(label, mode)
    return mode
  }

  start(writer: TableWriter): void {
    this.#writer = writer
    this.#encoder = new CopyEncoder(writer.columns.map(({ copy }) => copy))
    this.#flight = this.#connection.flight()
    this.#flight.copy(writer.statements.copyIn)
  }

  /** Adds a row to the open COPY. A promise is back-pressure. */
  add({ after }: Insert): void | Promise<void> {
    const message = this.#encoder!.add(after)
    if (message === undefined) return
    if (this.#flight!.refused) return this.end()
    return this.#flight!.data(message)
  }

  /** Ends the COPY, where one is open, and waits until the server has taken all of it. */
  async end(): Promise<void> {
    const [writer, flight, encoder] = [this.#writer, this.#flight, this.#encoder]
    if (writer === undefined) return
    this.#writer = this.#flight = this.#encoder = undefined
    try {
      const rest = encoder!.take()
      if (rest !== undefined) await flight!.data(rest)
      await failpoint('sink.load')
      flight!.copyDone()
      await flight!.send()
    } catch (cause) {
      throw cause instanceof ServerError ? explainRow(cause, writer, 'loading the snapshot') : cause
    }
  }

  /** DELETE and not TRUNCATE: who reads meanwhile keeps seeing the old rows. */
  async #empty(writer: TableWriter): Promise<void> {
    const { target, label } = writer
    if (target.children.length > 0)
      throw error('SNAPSHOT_OVER_ROWS', {
        message: `${label} is read anew, and ${target.schema}.${target.name} at the target cannot be emptied for it: foreign keys point at it.`,
        where: { table: label },
      })
    await this.#connection.query(`DELETE FROM ${target.sql}`)
  }
}
