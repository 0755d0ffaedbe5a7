import type { Position, PositionParts } from '@cdc/core'
import type { TableName } from '../table-name.ts'
import type { Connection } from './connection.ts'
import type { Fence } from './fence.ts'
import { type Flight, Statement } from './flight.ts'
import { quoteQualified } from './quote.ts'

interface Known {
  readonly position: Position
  readonly token: string
}

/**
 * The rows that say how far each part of a position has come: one for each part, beside the table that has whole
 * positions. A target transaction moves some of them; that each is as this process last saw it is found in the same
 * statement that writes it, so no lock is ever held while this process has something else to do.
 */
export class PartRows {
  readonly #key: readonly [pipeline: string, sink: string]
  readonly #parts: PositionParts
  readonly #table: string
  readonly #update: Statement
  readonly #insert: Statement
  #known: ReadonlyMap<string, Known> = new Map()
  #sent: ReadonlyMap<string, Known> = new Map()
  /** Was the table there when it was last looked for? */
  exists = false

  constructor(pipeline: string, sink: string, { schema, name }: Required<TableName>, parts: PositionParts) {
    this.#key = [pipeline, sink]
    this.#parts = parts
    this.#table = quoteQualified(schema, `${name}_parts`)
    const moved = 'pg_catalog.json_to_recordset($3::json) AS m(part text, "position" text, token text)'
    this.#update = new Statement(
      `WITH own AS (UPDATE ${this.#table} AS p SET "position" = m."position", token = $4, updated = pg_catalog.clock_timestamp()
       FROM ${moved} WHERE p.pipeline = $1 AND p.sink = $2 AND p.part = m.part AND p.token = m.token RETURNING 1)
       SELECT 1 / (CASE WHEN pg_catalog.count(*) = $5::int8 THEN 1 ELSE 0 END) FROM own`,
    )
    this.#insert = new Statement(
      `INSERT INTO ${this.#table} (pipeline, sink, part, "position", token) SELECT $1, $2, m.part, m."position", $4 FROM ${moved}`,
    )
  }

  get createSql(): string {
    return `CREATE TABLE IF NOT EXISTS ${this.#table} (pipeline text NOT NULL, sink text NOT NULL, part text NOT NULL, "position" text NOT NULL, token text NOT NULL, updated timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), PRIMARY KEY (pipeline, sink, part)) WITH (fillfactor = 10)`
  }

  get table(): string {
    return this.#table
  }

  /** Where all parts stand together, whoever moves them. undefined: there are none. */
  get position(): Position | undefined {
    if (this.#known.size === 0) return undefined
    return this.#parts.join(new Map([...this.#known].map(([part, { position }]) => [part, position])))
  }

  /** Reads all of them, and waits for nobody: a transaction that still commits is found by the next comparison. */
  async read(connection: Connection, lock = ''): Promise<void> {
    this.#known = new Map()
    const [[found] = []] = await connection.query('SELECT pg_catalog.to_regclass($1)', [this.#table])
    this.exists = found !== null
    if (!this.exists) return
    const rows = await connection.query(
      `SELECT part, "position", token FROM ${this.#table} WHERE pipeline = $1 AND sink = $2 ORDER BY part ${lock}`,
      this.#key,
    )
    this.#known = new Map(rows.map(([part, position, token]) => [part!, { position: position!, token: token! }]))
  }

  /**
   * Adds what moves parts to where they are in `position`, and takes over those that another process has moved last:
   * whose token is not the fence's.
   */
  addWrite(flight: Flight, position: Position, token: string, fence: Fence): void {
    const moved = []
    const added = []
    const sent = new Map<string, Known>()
    for (const [part, at] of this.#parts.parts(position)) {
      const known = this.#known.get(part)
      if (known?.position === at && fence.owns(known.token)) continue
      sent.set(part, { position: at, token })
      if (known === undefined) added.push({ part, position: at })
      else moved.push({ part, position: at, token: known.token })
    }
    this.#sent = sent
    if (moved.length > 0)
      fence.mark(flight, flight.run(this.#update, [...this.#key, JSON.stringify(moved), token, String(moved.length)]))
    if (added.length > 0) fence.mark(flight, flight.run(this.#insert, [...this.#key, JSON.stringify(added), token]))
  }

  committed(): void {
    this.#known = new Map([...this.#known, ...this.#sent])
    this.#sent = new Map()
  }

  addForget(flight: Flight): void {
    flight.run(`DELETE FROM ${this.#table} WHERE pipeline = $1 AND sink = $2`, this.#key)
  }

  async forget(connection: Connection): Promise<boolean> {
    await this.read(connection)
    if (this.#known.size === 0) return false
    await connection.query(`DELETE FROM ${this.#table} WHERE pipeline = $1 AND sink = $2`, this.#key)
    return true
  }
}
