import { type Cell, type Change, isTableChange, type Position, type Row, type Table, tableName } from '@cdc/core'
import { keyOf, rowKey } from '../cell.ts'

type Cells = Map<string, Cell>

interface Held {
  /** Every column that any shape ever had: a target drops nothing. */
  readonly columns: Set<string>
  readonly rows: Map<string, Cells>
}

/** One durable step of a sink. */
export interface StoreCommit {
  readonly sink: string
  readonly position?: Position
  readonly changes: readonly Change[]
}

/** What somebody who looks at the target finds, at one moment. */
export interface StoreView {
  rows(table: Table): readonly Row[]
}

/**
 * The target of memory sinks: tables and positions. It outlives the sinks that write to it. Written to only in whole
 * steps, so nobody ever sees half of one.
 */
export class MemoryStore implements StoreView {
  /** The steps in their order: who wrote what, and the position that came with it. */
  readonly commits: StoreCommit[] = []
  readonly #tables = new Map<string, Held>()
  readonly #positions = new Map<string, Position>()
  #next = 0
  #epoch = 0

  /** Where a sink stands; without a name, the only one. */
  position(sink?: string): Position | undefined {
    if (sink !== undefined) return this.#positions.get(sink)
    return [...this.#positions.values()][0]
  }

  /** Sets a position back or forth behind the sink's back, as a restored backup would. undefined forgets it. */
  setPosition(sink: string, position: Position | undefined): void {
    if (position === undefined) this.#positions.delete(sink)
    else this.#positions.set(sink, position)
  }

  /** The rows in the table's columns; a column that is not there gives undefined. */
  rows(table: Table): readonly Row[] {
    const held = this.#tables.get(tableName(table))
    if (held === undefined) return []
    return [...held.rows.values()].map((row) => table.columns.map(({ name }) => row.get(name)))
  }

  /** The names of the tables that were ever written to. */
  tables(): readonly string[] {
    return [...this.#tables.keys()]
  }

  /** The columns that a table has, in the order in which they came. */
  columns(table: string): readonly string[] {
    return [...(this.#tables.get(table)?.columns ?? [])]
  }

  /** All changes that are durable, in the order in which they became so. */
  changes(): readonly Change[] {
    return this.commits.flatMap(({ changes }) => changes)
  }

  /** Loses every connection that is open now: the instances that have one fail at their next call. */
  cut(): void {
    this.#epoch++
  }

  /** Counts the cuts. */
  get epoch(): number {
    return this.#epoch
  }

  /** Applies changes, and sets the position, in one step. */
  commit(sink: string, changes: readonly Change[], position?: Position): void {
    for (const change of changes) this.#apply(change)
    if (position !== undefined) this.#positions.set(sink, position)
    this.commits.push({ sink, changes, ...(position === undefined ? {} : { position }) })
  }

  /** For logs and fingerprints. */
  toJSON(): string {
    return 'memory store'
  }

  #apply(change: Change): void {
    if (!isTableChange(change)) return
    const { table } = change
    const { columns, rows } = this.#held(table)
    if (change.kind === 'schema') for (const { name } of table.columns) columns.add(name)
    else if (change.kind === 'truncate') rows.clear()
    else if (change.kind === 'delete') rows.delete(place(table, rows, change.before))
    else if (change.kind === 'insert') this.#put(table, rows, change.after)
    else this.#update(table, rows, change.before, change.after)
  }

  #held(table: Table): Held {
    const held = this.#tables.get(tableName(table)) ?? { columns: new Set(), rows: new Map() }
    this.#tables.set(tableName(table), held)
    return held
  }

  #put(table: Table, rows: Held['rows'], row: Row): void {
    const at = table.key.length === 0 ? `#${this.#next++}` : keyOf(row, table.key)
    rows.set(at, cellsOf(table, row, rows.get(at)))
  }

  /** A key change moves the row. A row that is not there is made, if there is enough to make it of. */
  #update(table: Table, rows: Held['rows'], before: Row | undefined, after: Row): void {
    const from = place(table, rows, before ?? after)
    const old = rows.get(from)
    if (table.key.length === 0) {
      if (old !== undefined) rows.set(from, cellsOf(table, after, old))
      return
    }
    const to = keyOf(after, table.key)
    if (from !== to) rows.delete(from)
    const base = old ?? rows.get(to)
    if (base === undefined && after.includes(undefined)) return
    rows.set(to, cellsOf(table, after, base))
  }
}

function cellsOf(table: Table, row: Row, old: Cells | undefined): Cells {
  const cells: Cells = new Map(old)
  for (const [index, { name }] of table.columns.entries()) {
    const cell = row[index]
    if (cell !== undefined) cells.set(name, cell)
    else if (!cells.has(name)) cells.set(name, undefined)
  }
  return cells
}

function place(table: Table, rows: Held['rows'], row: Row): string {
  if (table.key.length > 0) return keyOf(row, table.key)
  const wanted = rowKey(row)
  for (const [at, cells] of rows) if (rowKey(table.columns.map(({ name }) => cells.get(name))) === wanted) return at
  return ''
}
