import { type Row, type Table, tableName } from '@cdc/core'
import { completed, keyOf, rowKey } from './cell.ts'
import { type Edit, isTableEdit, type TableEdit } from './edit.ts'

interface Held {
  readonly shape: Table
  /** By key; rows of a table without one by a running number. */
  readonly rows: Map<string, Row>
}

/**
 * The oracle: what tables hold after edits, worked out one by one in the simplest way. An edit that a database would
 * refuse or ignore (an update of a missing row) is an error here, since it means that a generator is wrong.
 */
export class Model {
  readonly #tables = new Map<string, Held>()
  #next = 0

  /** Applies edits in their order. */
  apply(edits: Iterable<Edit>): this {
    for (const edit of edits) if (isTableEdit(edit)) this.#edit(edit)
    return this
  }

  /** The tables in their last shape. */
  tables(): Table[] {
    return [...this.#tables.values()].map(({ shape }) => shape)
  }

  /** The rows of a table, in no order that means anything. `[]` for a table that it does not know. */
  rows(table: Table | string): readonly Row[] {
    return [...(this.#tables.get(typeof table === 'string' ? table : tableName(table))?.rows.values() ?? [])]
  }

  /** A copy that goes its own way. */
  clone(): Model {
    const copy = new Model()
    for (const [name, { shape, rows }] of this.#tables) copy.#tables.set(name, { shape, rows: new Map(rows) })
    copy.#next = this.#next
    return copy
  }

  #edit(edit: TableEdit): void {
    const name = tableName(edit.table)
    const held = this.#tables.get(name)
    if (edit.kind === 'schema') {
      this.#tables.set(name, held === undefined ? { shape: edit.table, rows: new Map() } : reshape(held, edit.table))
      return
    }
    const { rows } = held ?? this.#begin(edit.table)
    if (edit.kind === 'truncate') rows.clear()
    else if (edit.kind === 'insert') rows.set(this.#place(edit.table, edit.after), edit.after)
    else if (edit.kind === 'delete') rows.delete(find(rows, edit.table, edit.before))
    else {
      const from = find(rows, edit.table, edit.before ?? edit.after)
      const old = rows.get(from)
      if (old === undefined) throw new Error(`An update of a row that ${name} does not hold.`)
      rows.delete(from)
      const whole = completed(edit.after, old)
      rows.set(edit.table.key.length === 0 ? from : keyOf(whole, edit.table.key), whole)
    }
  }

  #begin(shape: Table): Held {
    const held = { shape, rows: new Map<string, Row>() }
    this.#tables.set(tableName(shape), held)
    return held
  }

  #place(table: Table, row: Row): string {
    return table.key.length === 0 ? `#${this.#next++}` : keyOf(row, table.key)
  }
}

function find(rows: ReadonlyMap<string, Row>, table: Table, row: Row): string {
  if (table.key.length > 0) return keyOf(row, table.key)
  const wanted = rowKey(row)
  for (const [place, held] of rows) if (rowKey(held) === wanted) return place
  return ''
}

/** Rows keep the cells of columns that are still there by name; new columns are null. */
function reshape({ shape, rows }: Held, next: Table): Held {
  const from = next.columns.map(({ name }) => shape.columns.findIndex((column) => column.name === name))
  const moved = new Map<string, Row>()
  for (const [place, row] of rows) {
    const cells = from.map((index) => (index < 0 ? null : row[index]))
    moved.set(next.key.length === 0 ? place : keyOf(cells, next.key), cells)
  }
  return { shape: next, rows: moved }
}
