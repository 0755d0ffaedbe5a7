import { CdcError, type Cell, type Row, type Table, tableName } from '@cdc/core'
import { Fault, type Tolerance } from '@cdc/json/cells'
import { type CellText, cellText } from './cells.ts'
import { error } from './errors.ts'
import { BadLine, type Field, fieldsOf } from './line.ts'
import type { CsvValues, Dialect } from './options.ts'

/** Reads lines as rows of a table: compiled once a shape. */
export class RowReader {
  readonly #table: Table
  readonly #columns: readonly number[]
  readonly #cells: readonly CellText[]
  readonly #dialect: Dialect
  readonly #comments: boolean
  readonly #tolerance: Tolerance | undefined

  /** `columns`: those that are there; the others of a row are undefined. */
  constructor(
    table: Table,
    columns: readonly number[],
    values: CsvValues,
    dialect: Dialect,
    tolerance: Tolerance | undefined,
  ) {
    this.#table = table
    this.#columns = columns
    this.#cells = columns.map((position) => cellText(table.columns[position]!.type, values))
    this.#dialect = dialect
    this.#comments = values['allow-comments']
    this.#tolerance = tolerance
  }

  /** undefined: a comment, or what is left out. */
  read(bytes: Uint8Array): Row | undefined {
    try {
      const line = textOf(bytes)
      return this.#comments && line.startsWith('#') ? undefined : this.#row(fieldsOf(line, this.#dialect))
    } catch (failure) {
      const told = failure instanceof BadLine ? this.#malformed(failure.message) : failure
      if (this.#tolerance === undefined || !CdcError.is(told) || told.kind !== 'data') throw told
      this.#tolerance.leaveOut(this.#table, told)
      return undefined
    }
  }

  #row(fields: readonly Field[]): Row {
    if (fields.length !== this.#columns.length)
      throw error('CSV_COLUMNS', {
        message: `A record of ${tableName(this.#table)} has ${fields.length} fields, and ${this.#columns.length} columns.`,
        where: { table: tableName(this.#table) },
      })
    const row: Cell[] = new Array(this.#table.columns.length).fill(undefined)
    for (const [place, position] of this.#columns.entries()) row[position] = this.#cell(fields[place]!, place, position)
    return row
  }

  #cell({ text, quoted }: Field, place: number, position: number): Cell {
    if (!quoted && text === this.#dialect.none) return null
    try {
      return this.#cells[place]!.read(text)
    } catch (failure) {
      if (!(failure instanceof Fault)) throw failure
      const { name, native } = this.#table.columns[position]!
      // a row without its key is none
      if (this.#tolerance === undefined || this.#table.key.includes(position))
        throw error('CSV_FIELD', {
          message: `Fail to deserialize at field: ${name}. For ${native}, ${failure.message} was expected.`,
          where: { table: tableName(this.#table), column: name },
        })
      this.#tolerance.count('fields', this.#table, { column: name })
      return null
    }
  }

  #malformed(why: string) {
    return error('CSV_MALFORMED', {
      message: `A record of ${tableName(this.#table)} is no line of CSV: ${why}.`,
      where: { table: tableName(this.#table) },
    })
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new BadLine('it is not UTF-8')
  }
}
