import { type Cell, type Row, type Table, tableName } from '@cdc/core'
import { error } from '../errors.ts'
import type { JsonValues } from '../options.ts'
import { type CellReader, cellReader } from './cell-reader.ts'
import { Fault } from './fault.ts'
import type { JsonReader } from './json-reader.ts'

/** What to do with what is not as it should be. */
export interface RowRules {
  /** What a column is that the object lacks. */
  readonly missing: null | undefined
  /** Called with the column's name when a field cannot be read and is null instead. Absent: that is an error. */
  readonly faulty?: (column: string) => void
}

/** Reads objects as rows of a table: compiled once a shape. */
export class RowReader {
  readonly #table: Table
  readonly #places: ReadonlyMap<string, number>
  readonly #cells: readonly CellReader[]
  readonly #columns: readonly number[]
  readonly #failOnMissing: boolean

  /** `columns`: those that are there; the others of a row are undefined. */
  constructor(table: Table, columns: readonly number[], values: JsonValues) {
    this.#table = table
    this.#columns = columns
    this.#places = new Map(columns.map((index) => [table.columns[index]!.name, index]))
    this.#cells = table.columns.map(({ type }) => cellReader(type, values['encode.embedded-json']))
    this.#failOnMissing = values['fail-on-missing-field']
  }

  read(from: JsonReader, rules: RowRules): Row {
    const row: Cell[] = new Array(this.#table.columns.length).fill(undefined)
    const seen: boolean[] = []
    if (from.peek() !== '{') throw this.#wrong('an object was expected')
    from.object((name) => {
      const index = this.#places.get(name)
      if (index === undefined) {
        from.raw()
        return
      }
      seen[index] = true
      row[index] = from.takeNull() ? null : this.#cell(from, index, rules)
    })
    for (const index of this.#columns) if (seen[index] !== true) row[index] = this.#missing(index, rules)
    return row
  }

  #cell(from: JsonReader, index: number, { faulty }: RowRules): Cell {
    const start = from.at
    try {
      return this.#cells[index]!(from)
    } catch (failure) {
      if (!(failure instanceof Fault)) throw failure
      const { name } = this.#table.columns[index]!
      // a row without its key is none
      if (faulty === undefined || this.#table.key.includes(index)) throw this.#unfit(index, failure)
      from.goTo(start)
      from.raw()
      faulty(name)
      return null
    }
  }

  #missing(index: number, { missing }: RowRules): null | undefined {
    if (!this.#failOnMissing) return missing
    const column = this.#table.columns[index]!.name
    throw error('JSON_FIELD_MISSING', {
      message: `Could not find field with name '${column}' of ${tableName(this.#table)}.`,
      where: { table: tableName(this.#table), column },
    })
  }

  #unfit(index: number, { message }: Fault) {
    const { name, native } = this.#table.columns[index]!
    return error('JSON_FIELD', {
      message: `Fail to deserialize at field: ${name}. For ${native}, ${message} was expected.`,
      where: { table: tableName(this.#table), column: name },
    })
  }

  #wrong(why: string) {
    return error('JSON_FIELD', {
      message: `A record of ${tableName(this.#table)} cannot be read as a row: ${why}.`,
      where: { table: tableName(this.#table) },
    })
  }
}
