import type { Position, PositionParts } from '@cdc/core'
import { error } from '../errors.ts'
import type { TableName } from '../table-name.ts'
import type { Connection } from './connection.ts'
import { Fence } from './fence.ts'
import { type Flight, Statement } from './flight.ts'
import { PartRows } from './part-rows.ts'
import type { PositionKeeper, TableRecord, TableRecords } from './position-keeper.ts'
import { PositionStore } from './position-store.ts'
import { quoteQualified } from './quote.ts'
import type { ServerError } from './server-error.ts'

/**
 * Where a sink stands that several processes write through, each moving parts of its own: a row for each part. A
 * process that has lost a part, and does not know it yet, finds another's token in the row and rolls back.
 *
 * What is known of tables stays in the one row of pipeline and sink. A whole position there is of a time when one
 * process moved everything; the first transaction puts it into parts.
 */
export class PartStore implements PositionKeeper {
  readonly #main: PositionStore
  readonly #rows: PartRows
  readonly #parts: PositionParts
  readonly #key: readonly [pipeline: string, sink: string]
  readonly #table: string
  readonly #fence = new Fence()
  readonly #spread: Statement
  readonly #remember: Statement
  #exists = false
  /** A position from before there were parts. */
  #whole: Position | undefined

  constructor(pipeline: string, sink: string, name: Required<TableName>, parts: PositionParts) {
    this.#main = new PositionStore(pipeline, sink, name)
    this.#rows = new PartRows(pipeline, sink, name, parts)
    this.#parts = parts
    this.#key = [pipeline, sink]
    this.#table = quoteQualified(name.schema, name.name)
    this.#spread = new Statement(
      `WITH own AS (UPDATE ${this.#table} SET "position" = NULL, token = $3 WHERE pipeline = $1 AND sink = $2 AND token = $4 RETURNING 1)
       SELECT 1 / pg_catalog.count(*) FROM own`,
    )
    this.#remember = new Statement(
      `INSERT INTO ${this.#table} AS t (pipeline, sink, token, tables) VALUES ($1, $2, $3, $4::text)
       ON CONFLICT (pipeline, sink) DO UPDATE SET tables = (coalesce(t.tables, '{}')::jsonb || ($4::text)::jsonb)::text`,
    )
  }

  get createSql(): string {
    return `${this.#main.createSql}; ${this.#rows.createSql}`
  }

  get records(): TableRecords {
    return this.#main.records
  }

  get kept(): TableRecords {
    return this.#main.kept
  }

  record(table: string, change: TableRecord): void {
    this.#main.record(table, change)
  }

  recordNow(connection: Connection, table: string, change: TableRecord): Promise<boolean> {
    return this.#main.recordNow(connection, table, change)
  }

  isShared(connection: Connection, table: string): Promise<boolean> {
    return this.#main.isShared(connection, table)
  }

  async read(connection: Connection): Promise<Position | undefined> {
    this.#whole = await this.#main.read(connection)
    await this.#rows.read(connection)
    return this.#whole ?? this.#rows.position
  }

  async peek(connection: Connection): Promise<Position | undefined> {
    const whole = await this.#main.peek(connection)
    await this.#rows.read(connection)
    return whole ?? this.#rows.position
  }

  async hold(connection: Connection): Promise<Position | undefined> {
    const whole = await this.#main.hold(connection)
    await this.#rows.read(connection, 'FOR UPDATE')
    return whole ?? this.#rows.position
  }

  async create(connection: Connection): Promise<void> {
    if (this.#exists) return
    await this.#main.create(connection)
    if (!this.#rows.exists) await this.#main.make(connection, this.#rows.createSql)
    this.#exists = true
  }

  /** Nothing: who waits for a lock here would wait for a process that may be frozen. */
  addLock(): void {}

  addWrite(flight: Flight, position: Position): void {
    const token = this.#fence.next()
    if (this.#whole !== undefined)
      this.#fence.mark(flight, flight.run(this.#spread, [...this.#key, token, this.#main.token]))
    this.#rows.addWrite(flight, this.#all(position), token, this.#fence)
    const { changed } = this.#main
    if (changed !== undefined) flight.run(this.#remember, [...this.#key, token, JSON.stringify(changed)])
  }

  isConflict(cause: ServerError): boolean {
    return this.#fence.isConflict(cause)
  }

  conflict(cause: unknown) {
    return error('PART_TAKEN', {
      message: `Another process of pipeline '${this.#key[0]}' has taken a part of what sink '${this.#key[1]}' was writing over: its row in ${this.#rows.table} has changed. Nothing of this transaction was kept.`,
      cause,
    })
  }

  committed(): void {
    this.#rows.committed()
    this.#main.keep()
    this.#whole = undefined
  }

  rolledBack(): void {
    this.#main.rolledBack()
  }

  async forget(connection: Connection, rows: boolean): Promise<boolean> {
    const parts = await this.#rows.forget(connection)
    return (await this.#main.forget(connection, rows)) || parts
  }

  /** With a whole position goes what others are going to move: nobody would find it any more. */
  #all(position: Position): Position {
    if (this.#whole === undefined) return position
    return this.#parts.join(new Map([...this.#parts.parts(this.#whole), ...this.#parts.parts(position)]))
  }
}
