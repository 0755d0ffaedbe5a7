import { type Row, type Table, tableName } from '@cdc/core'
import { type CellText, cellText } from './cells.ts'
import { error } from './errors.ts'
import { fieldText } from './line.ts'
import { type CsvValues, type Dialect, dialectOf } from './options.ts'

/** Writes some columns of a table's rows as a line: compiled once a shape. */
export class RowWriter {
  readonly #table: Table
  readonly #columns: readonly number[]
  readonly #cells: readonly CellText[]
  readonly #dialect: Dialect

  constructor(table: Table, columns: readonly number[], values: CsvValues) {
    this.#table = table
    this.#columns = columns
    this.#cells = columns.map((position) => cellText(table.columns[position]!.type, values))
    this.#dialect = dialectOf(values)
  }

  /** The line without a line break. Cells that were not sent are taken from `old`. */
  write(row: Row, old: Row | undefined): string {
    let line = ''
    for (let place = 0; place < this.#columns.length; place++) {
      const position = this.#columns[place]!
      const sent = row[position]
      const cell = sent === undefined ? old?.[position] : sent
      if (cell === undefined) throw this.#notSent(position)
      if (place > 0) line += this.#dialect.delimiter
      line += cell === null ? this.#dialect.none : this.#field(this.#cells[place]!, cell, position)
    }
    return line
  }

  #field(text: CellText, cell: Exclude<Row[number], null | undefined>, position: number): string {
    const written = text.write(cell)
    if (written === undefined) throw this.#notHeld(position)
    if (text.bare && written !== this.#dialect.none) return written
    return fieldText(written, this.#dialect) ?? this.#throw(position)
  }

  #throw(position: number): never {
    throw this.#notHeld(position)
  }

  #notHeld(position: number) {
    const [table, column] = [tableName(this.#table), this.#table.columns[position]!.name]
    return error('CSV_VALUE_NOT_HELD', {
      message: `Column "${column}" of table ${table} has a value that cannot be one field of a line.`,
      where: { table, column },
    })
  }

  #notSent(position: number) {
    const [table, column] = [tableName(this.#table), this.#table.columns[position]!.name]
    return error('CSV_CELL_NOT_SENT', {
      message: `A change of ${table} lacks the value of column "${column}", which was not changed and so not sent, and a line cannot leave it out.`,
      hint: `ALTER TABLE ${table} REPLICA IDENTITY FULL makes the server send whole old rows.`,
      where: { table, column },
    })
  }
}
