import { type Row, type Table, tableName } from '@cdc/core'
import { error } from '../errors.ts'
import type { JsonValues } from '../options.ts'
import { type CellWriter, cellWriter } from './cell-writer.ts'
import { quoted } from './quoted.ts'

/** Writes some columns of a table's rows as an object: compiled once a shape. */
export class RowWriter {
  readonly #table: Table
  readonly #columns: readonly number[]
  /** `"name":`, once to begin with and once after another field. */
  readonly #first: readonly string[]
  readonly #next: readonly string[]
  readonly #cells: readonly CellWriter[]
  readonly #skipNull: boolean

  constructor(table: Table, columns: readonly number[], values: JsonValues) {
    this.#table = table
    this.#columns = columns
    this.#first = columns.map((index) => `${quoted(table.columns[index]!.name)}:`)
    this.#next = this.#first.map((name) => `,${name}`)
    this.#cells = columns.map((index) => cellWriter(table.columns[index]!.type, values))
    this.#skipNull = values['encode.ignore-null-fields']
  }

  /**
   * The object. Cells that were not sent are taken from `old`, and left out where it has none either; with `whole` that
   * is an error.
   */
  write(row: Row, old: Row | undefined, whole: boolean): string {
    const columns = this.#columns
    let text = '{'
    for (let place = 0; place < columns.length; place++) {
      const index = columns[place]!
      let cell = row[index]
      if (cell === undefined) {
        cell = old?.[index]
        if (cell === undefined) {
          if (whole) throw this.#notSent(index)
          continue
        }
      }
      if (cell === null && this.#skipNull) continue
      text += text.length === 1 ? this.#first[place]! : this.#next[place]!
      text += cell === null ? 'null' : this.#cells[place]!(cell as never)
    }
    return `${text}}`
  }

  /** Do two rows differ in these columns? A cell that was not sent is taken for unchanged. */
  differ(one: Row, other: Row): boolean {
    return this.#columns.some((index, place) => {
      const [a, b] = [one[index], other[index]]
      if (a === b || a === undefined || b === undefined) return false
      if (a === null || b === null) return true
      return this.#cells[place]!(a as never) !== this.#cells[place]!(b as never)
    })
  }

  #notSent(index: number) {
    const column = this.#table.columns[index]!.name
    const table = tableName(this.#table)
    return error('JSON_CELL_NOT_SENT', {
      message: `A change of ${table} lacks the value of column ${column}, which was not changed and so not sent, and the record cannot do without it.`,
      hint: `ALTER TABLE ${table} REPLICA IDENTITY FULL makes the server send whole old rows.`,
      where: { table, column },
    })
  }
}
