import type { Position, PositionParts } from '@cdc/core'
import { error } from '../errors.ts'
import type { TableName } from '../table-name.ts'
import type { Connection } from './connection.ts'
import { Fence } from './fence.ts'
import { type Flight, Statement } from './flight.ts'
import { PartRows } from './part-rows.ts'
import type { PositionKeeper, TableRecord, TableRecords } from './position-keeper.ts'
import { quoteIdentifier, quoteQualified } from './quote.ts'
import { ServerError, translate } from './server-error.ts'

interface Known {
  readonly position: Position | undefined
  readonly token: string
}

/**
 * The row that says where this sink stands. It is locked in every target transaction and compared with what this
 * process last wrote there: who finds another's token rolls back, which makes the token the fence between two
 * processes.
 */
export class PositionStore implements PositionKeeper {
  readonly #key: readonly [pipeline: string, sink: string]
  readonly #schema: string
  readonly #table: string
  readonly #lock: Statement
  readonly #insert: Statement
  readonly #update: Statement
  readonly #fence = new Fence()
  #exists = false
  #known: Known | undefined
  #sent: Known | undefined
  /** The token inside of the open transaction. */
  #token = ''
  #records: TableRecords = {}
  /** A copy of its own. */
  #changed: Record<string, TableRecord> | undefined
  /** Present where this pipeline may have kept its position in parts before, for several processes. */
  readonly #parts: PartRows | undefined
  /** The position was found in parts, which go with the next write. */
  #gathered = false

  constructor(pipeline: string, sink: string, name: Required<TableName>, parts?: PositionParts) {
    this.#parts = parts && new PartRows(pipeline, sink, name, parts)
    this.#key = [pipeline, sink]
    this.#schema = name.schema
    this.#table = quoteQualified(name.schema, name.name)
    const own = 'pipeline = $1 AND sink = $2'
    this.#lock = new Statement(
      `SELECT 1 / pg_catalog.count(*) FROM (SELECT 1 FROM ${this.#table} WHERE ${own} AND token = $3 FOR UPDATE) AS own`,
    )
    this.#insert = new Statement(`INSERT INTO ${this.#table} (pipeline, sink, token) VALUES ($1, $2, $3)`)
    this.#update = new Statement(
      `WITH own AS (UPDATE ${this.#table} SET "position" = $4, token = $5, tables = coalesce($6, tables), updated = pg_catalog.clock_timestamp()
       WHERE ${own} AND token = $3 RETURNING 1) SELECT 1 / pg_catalog.count(*) FROM own`,
    )
  }

  /** For people who may create it where this sink may not. */
  get createSql(): string {
    return `CREATE TABLE IF NOT EXISTS ${this.#table} (pipeline text NOT NULL, sink text NOT NULL, "position" text, token text NOT NULL, tables text, updated timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), PRIMARY KEY (pipeline, sink)) WITH (fillfactor = 10)`
  }

  get records(): TableRecords {
    return this.#changed ?? this.#records
  }

  /** With what the open transaction adds, where it adds something. */
  get changed(): TableRecords | undefined {
    return this.#changed
  }

  /** What was last found in the row, or written there; '' where there is no row. */
  get token(): string {
    return this.#known?.token ?? ''
  }

  /** Without what the open transaction adds. */
  get kept(): TableRecords {
    return this.#records
  }

  /** Remembers something of a table, with the next position. */
  record(table: string, change: TableRecord): void {
    // one copy a transaction: made for each of thousands of tables it would cost more than all else
    this.#changed ??= { ...this.#records }
    this.#changed[table] = change
  }

  /** Remembers it at once, with no open transaction; the position stays. false: there is none, so nothing to add to. */
  async recordNow(connection: Connection, table: string, change: TableRecord): Promise<boolean> {
    if (this.#known === undefined) return false
    this.#records = { ...this.#records, [table]: change }
    await connection.query(`UPDATE ${this.#table} SET tables = $4 WHERE pipeline = $1 AND sink = $2 AND token = $3`, [
      ...this.#key,
      this.#known.token,
      JSON.stringify(this.#records),
    ])
    return true
  }

  /** Is the table one that another pipeline or sink writes too? */
  async isShared(connection: Connection, table: string): Promise<boolean> {
    const rows = await connection.query(
      `SELECT tables FROM ${this.#table} WHERE tables IS NOT NULL AND NOT (pipeline = $1 AND sink = $2)`,
      this.#key,
    )
    return rows.some(([tables]) => Object.hasOwn(JSON.parse(tables!) as TableRecords, table))
  }

  /** Reads where the sink stands. Waits for a transaction of an earlier process that may still commit. */
  async read(connection: Connection): Promise<Position | undefined> {
    const [[found] = []] = await connection.query('SELECT pg_catalog.to_regclass($1)', [this.#table])
    this.#exists = found !== null
    if (!this.#exists) return undefined
    try {
      const flight = connection.flight()
      flight.run('BEGIN')
      flight.run(`SET LOCAL lock_timeout = '10s'`)
      // also waits for a first row that is not committed yet; rolled back below
      flight.run(
        `INSERT INTO ${this.#table} (pipeline, sink, token) VALUES ($1, $2, '') ON CONFLICT DO NOTHING`,
        this.#key,
      )
      const at = flight.run(
        `SELECT "position", token, tables FROM ${this.#table} WHERE pipeline = $1 AND sink = $2 FOR UPDATE`,
        this.#key,
      )
      flight.run('ROLLBACK')
      const [position, token, tables] = (await flight.send())[at]!.rows[0]!
      this.#known = token === '' ? undefined : { position: position ?? undefined, token: token! }
      this.#records = tables === null || tables === undefined ? {} : (JSON.parse(tables) as TableRecords)
      return await this.#gather(connection, this.#known?.position)
    } catch (cause) {
      if (!(cause instanceof ServerError)) throw cause
      if (cause.code === '55P03') throw await this.#locked(connection)
      throw this.#unusable(cause)
    }
  }

  async #gather(connection: Connection, own: Position | undefined): Promise<Position | undefined> {
    await this.#parts?.read(connection)
    this.#gathered = own === undefined && this.#parts?.position !== undefined
    return own ?? this.#parts?.position
  }

  /** Where the sink stands, without waiting for anybody. undefined: nowhere. */
  async peek(connection: Connection): Promise<Position | undefined> {
    const [[found] = []] = await connection.query('SELECT pg_catalog.to_regclass($1)', [this.#table])
    if (found === null) return undefined
    const [[position] = []] = await connection.query(
      `SELECT "position" FROM ${this.#table} WHERE pipeline = $1 AND sink = $2`,
      this.#key,
    )
    return position ?? undefined
  }

  /** The same inside of a transaction, to whose end the sink cannot move on: it waits. */
  async hold(connection: Connection): Promise<Position | undefined> {
    const [[position] = []] = await connection.query(
      `SELECT "position" FROM ${this.#table} WHERE pipeline = $1 AND sink = $2 FOR UPDATE`,
      this.#key,
    )
    return position ?? undefined
  }

  /** Makes the table where it is missing. Outside of any transaction. */
  async create(connection: Connection): Promise<void> {
    if (this.#exists) return
    try {
      const [found] = await connection.query('SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1', [this.#schema])
      if (found === undefined) await connection.query(`CREATE SCHEMA ${quoteIdentifier(this.#schema)}`)
      await this.make(connection, this.createSql)
    } catch (cause) {
      if (cause instanceof ServerError) throw this.#unusable(cause)
      throw cause
    }
    this.#exists = true
  }

  /** Runs a statement that makes what may be there already. */
  async make(connection: Connection, sql: string): Promise<void> {
    try {
      await connection.query(sql)
    } catch (cause) {
      if (!(cause instanceof ServerError)) throw cause
      // where two processes make it at once, IF NOT EXISTS does not help the one that comes second
      if (cause.code !== '42P07' && cause.code !== '23505') throw this.#unusable(cause, sql)
      await connection.query(sql)
    }
  }

  /** Adds what begins a transaction: the row is locked, and is what this process last saw. */
  addLock(flight: Flight): void {
    this.#token = this.#known?.token ?? this.#fence.next()
    const statement = this.#known === undefined ? this.#insert : this.#lock
    this.#fence.mark(flight, flight.run(statement, [...this.#key, this.#token]))
  }

  addWrite(flight: Flight, position: Position): void {
    const tables = this.#changed === undefined ? null : JSON.stringify(this.#changed)
    this.#sent = { position, token: this.#fence.next() }
    this.#fence.mark(flight, flight.run(this.#update, [...this.#key, this.#token, position, this.#sent.token, tables]))
    if (this.#gathered) this.#parts!.addForget(flight)
  }

  isConflict(cause: ServerError): boolean {
    return this.#fence.isConflict(cause)
  }

  committed(): void {
    this.#known = this.#sent
    this.#gathered = false
    this.keep()
  }

  /** What was recorded of tables is written. */
  keep(): void {
    this.#records = this.records
    this.#changed = undefined
  }

  rolledBack(): void {
    this.#changed = undefined
  }

  conflict(cause: unknown) {
    return error('POSITION_CONFLICT', {
      message: `Another process has written the position of pipeline '${this.#key[0]}', sink '${this.#key[1]}' in ${this.#table} since this one last did. Nothing of this transaction was kept.`,
      cause,
    })
  }

  /**
   * Forgets the position. Keeps the row, which knows the tables, unless `rows` goes with it; their columns are read
   * anew with the rows.
   */
  async forget(connection: Connection, rows: boolean): Promise<boolean> {
    const [[found] = []] = await connection.query('SELECT pg_catalog.to_regclass($1)', [this.#table])
    if (found === null) return false
    const own = 'WHERE pipeline = $1 AND sink = $2'
    if (rows) return (await connection.query(`DELETE FROM ${this.#table} ${own} RETURNING 1`, this.#key)).length > 0
    const [[tables] = []] = await connection.query(`SELECT tables FROM ${this.#table} ${own}`, this.#key)
    const sql = `UPDATE ${this.#table} SET "position" = NULL, token = $3, tables = $4 ${own} RETURNING 1`
    return (await connection.query(sql, [...this.#key, this.#fence.next(), withoutColumns(tables ?? null)])).length > 0
  }

  async #locked(connection: Connection) {
    await connection.query('ROLLBACK')
    const rows = await connection.query(
      `SELECT DISTINCT pid FROM pg_catalog.pg_locks WHERE relation = pg_catalog.to_regclass($1) AND granted AND pid <> pg_catalog.pg_backend_pid()`,
      [this.#table],
    )
    const pids = rows.map(([pid]) => pid).join(', ')
    return error('POSITION_LOCKED', {
      message: `The position of pipeline '${this.#key[0]}', sink '${this.#key[1]}' in ${this.#table} is locked by another session (PID ${pids || 'unknown'}).`,
      hint: `If no other process of this pipeline runs: SELECT pg_terminate_backend(${rows[0]?.[0] ?? 'pid'})`,
    })
  }

  #unusable(cause: ServerError, sql = this.createSql) {
    if (/^(08|25|40|53|57)/.test(cause.code)) return translate(cause, `using ${this.#table}`)
    return error('POSITION_TABLE', {
      message: `The table ${this.#table} that keeps the position cannot be used: ${cause.message}.`,
      hint: `Run at the target as a user who may: ${sql}; then GRANT SELECT, INSERT, UPDATE, DELETE on it.`,
      where: { option: 'sink.state-table' },
      cause,
    })
  }
}

function withoutColumns(tables: string | null): string | null {
  if (tables === null) return null
  const records = Object.entries(JSON.parse(tables) as TableRecords)
  return JSON.stringify(Object.fromEntries(records.map(([name, { columns: _, ...record }]) => [name, record])))
}
