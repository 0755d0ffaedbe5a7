import { Statement } from './flight.ts'
import { quoteIdentifier } from './quote.ts'
import type { TableWriter, WrittenColumn } from './table-writer.ts'

let stagings = 0
const ordinal = '"cdc ordinal"'

/** The SQL of one table, each text made when it is first asked for. */
export class TableStatements {
  readonly #writer: TableWriter
  /** The key's columns with their equality operators at the target. */
  readonly #operators: ReadonlyMap<string, string>
  readonly #known = new Map<string, Statement>()
  readonly #rows = `pg_temp.cdc_rows_${stagings}`
  readonly #keys = `pg_temp.cdc_keys_${stagings++}`

  constructor(writer: TableWriter, operators: ReadonlyMap<string, string>) {
    this.#writer = writer
    this.#operators = operators
  }

  get insert(): Statement {
    return this.#make('insert', () => {
      const { columns, target } = this.#writer
      const values = columns.map((_, i) => `$${i + 1}`).join(', ')
      return `INSERT INTO ${target.sql} (${names(columns)}) OVERRIDING SYSTEM VALUE VALUES (${values})`
    })
  }

  /** Updates a whole row, or inserts it where it is missing. Parameters: all columns, in order. */
  get upsert(): Statement {
    return this.#make('upsert', () => {
      const { columns, target } = this.#writer
      const params = new Map(columns.map(({ name }, i) => [name, `$${i + 1}`]))
      const set = this.#settable(columns)
      const match = this.#match((name) => params.get(name)!)
      // the parameters get their types from the first place that they stand in
      const first =
        set.length === 0
          ? `SELECT 1 FROM ${target.sql} AS t WHERE ${match}`
          : `UPDATE ${target.sql} AS t SET ${set.map(({ name }) => `${quoteIdentifier(name)} = ${params.get(name)}`).join(', ')} WHERE ${match} RETURNING 1`
      const cells = columns.map((column) => this.#typed(column, params.get(column.name)!)).join(', ')
      return `WITH found AS (${first}) INSERT INTO ${target.sql} (${names(columns)}) OVERRIDING SYSTEM VALUE SELECT ${cells} WHERE NOT EXISTS (SELECT 1 FROM found)`
    })
  }

  /** Updates some cells of a row; `checked` fails with 22012 where the row is missing. Parameters: key, then cells. */
  patch(columns: readonly WrittenColumn[], checked: boolean): Statement {
    return this.#make(`patch ${checked} ${columns.map(({ index }) => index)}`, () => {
      const { keys, target } = this.#writer
      const match = this.#match((name) => `$${keys.findIndex((key) => key.name === name) + 1}`)
      const set = columns.map(({ name }, i) => `${quoteIdentifier(name)} = $${keys.length + i + 1}`).join(', ')
      const update = `UPDATE ${target.sql} AS t SET ${set} WHERE ${match}`
      if (!checked) return update
      return `WITH found AS (${update} RETURNING 1) SELECT 1 / pg_catalog.count(*) FROM found`
    })
  }

  /** Moves a row to another key and updates cells. Parameters: old key, then these columns, key columns among them. */
  move(columns: readonly WrittenColumn[]): Statement {
    return this.#make(`move ${columns.map(({ index }) => index)}`, () => {
      const { keys, target } = this.#writer
      const set = columns.map(({ name }, i) => `${quoteIdentifier(name)} = $${keys.length + i + 1}`).join(', ')
      const match = this.#match((name) => `$${keys.findIndex((key) => key.name === name) + 1}`)
      return `UPDATE ${target.sql} AS t SET ${set} WHERE ${match}`
    })
  }

  /** Parameters: key. */
  get delete(): Statement {
    return this.#make('delete', () => {
      const { keys, target } = this.#writer
      return `DELETE FROM ${target.sql} AS t WHERE ${this.#match((name) => `$${keys.findIndex((key) => key.name === name) + 1}`)}`
    })
  }

  get copyIn(): Statement {
    return this.#make('copy', () => `COPY ${this.#writer.target.sql} (${names(this.#writer.columns)}) FROM STDIN`)
  }

  /** Both staging tables have the target's types and none of its constraints. They live as long as the session. */
  get createStaging(): string[] {
    const { columns, keys, target } = this.#writer
    const create = (name: string, list: string) =>
      `CREATE TEMPORARY TABLE ${name} ON COMMIT DELETE ROWS AS SELECT ${list} FROM ${target.sql} WITH NO DATA`
    return [create(this.#rows, names(columns)), create(this.#keys, `${names(keys)}, 0 AS ${ordinal}`)]
  }

  get emptyStaging(): string {
    return `TRUNCATE ${this.#rows}, ${this.#keys}`
  }

  copyRows(columns: readonly WrittenColumn[]): Statement {
    return this.#make(
      `copy rows ${columns.map(({ index }) => index)}`,
      () => `COPY ${this.#rows} (${names(columns)}) FROM STDIN`,
    )
  }

  get copyKeys(): Statement {
    return this.#make('copy keys', () => `COPY ${this.#keys} (${names(this.#writer.keys)}) FROM STDIN`)
  }

  /** The same with each key's ordinal behind it, for `readStaged`. */
  get copyNumberedKeys(): Statement {
    return this.#make(
      'copy numbered keys',
      () => `COPY ${this.#keys} (${names(this.#writer.keys)}, ${ordinal}) FROM STDIN`,
    )
  }

  /** Updates these columns of the rows that are staged. undefined: there is nothing to set. */
  updateStaged(columns: readonly WrittenColumn[]): Statement | undefined {
    const set = this.#settable(columns)
    if (set.length === 0) return undefined
    return this.#make(`update staged ${columns.map(({ index }) => index)}`, () => {
      const list = set.map(({ name }) => `${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`).join(', ')
      return `UPDATE ${this.#writer.target.sql} AS t SET ${list} FROM ${this.#rows} AS s WHERE ${this.#matchStaged()}`
    })
  }

  /** How many staged rows have their row at the target. */
  get countStaged(): Statement {
    return this.#make(
      'count staged',
      () => `SELECT pg_catalog.count(*) FROM ${this.#rows} AS s WHERE ${this.#staged()}`,
    )
  }

  /** Inserts what is staged; `missing`: only the rows that the target has not. */
  insertStaged(missing: boolean): Statement {
    return this.#make(`insert staged ${missing}`, () => {
      const { columns, target } = this.#writer
      const insert = `INSERT INTO ${target.sql} (${names(columns)}) OVERRIDING SYSTEM VALUE SELECT ${names(columns)} FROM ${this.#rows} AS s`
      return missing ? `${insert} WHERE NOT ${this.#staged()}` : insert
    })
  }

  get deleteStaged(): Statement {
    return this.#make(
      'delete staged',
      () => `DELETE FROM ${this.#writer.target.sql} AS t USING ${this.#keys} AS s WHERE ${this.#matchStaged()}`,
    )
  }

  /** The rows whose keys are staged, locked: the key's ordinal, then all columns of the target. */
  get readStaged(): Statement {
    return this.#make('read staged', () => {
      const { target } = this.#writer
      const all = target.columns.filter(({ generated }) => !generated).map(({ name }) => `t.${quoteIdentifier(name)}`)
      return `SELECT ${[`s.${ordinal}`, ...all].join(', ')} FROM ${target.sql} AS t, ${this.#keys} AS s WHERE ${this.#matchStaged()} FOR UPDATE OF t`
    })
  }

  get copyAll(): Statement {
    return this.#make('copy all', () => {
      const all = this.#writer.target.columns.filter(({ generated }) => !generated)
      return `COPY ${this.#writer.target.sql} (${names(all)}) FROM STDIN`
    })
  }

  #make(id: string, sql: () => string): Statement {
    let statement = this.#known.get(id)
    if (statement === undefined) {
      statement = new Statement(sql())
      this.#known.set(id, statement)
    }
    return statement
  }

  /** A column GENERATED ALWAYS AS IDENTITY can be inserted and not updated. */
  #settable(columns: readonly WrittenColumn[]): readonly WrittenColumn[] {
    return columns.filter(({ name, isKey }) => !isKey && !this.#isAlways(name))
  }

  #isAlways(name: string): boolean {
    return this.#writer.target.columns.find((column) => column.name === name)?.identity === 'always'
  }

  /** A parameter that stands nowhere else would be taken for text. */
  #typed({ name, isKey }: WrittenColumn, param: string): string {
    return !isKey && this.#isAlways(name) ? `${param}::int8` : param
  }

  #match(value: (name: string) => string): string {
    return [...this.#operators]
      .map(([name, operator]) => `t.${quoteIdentifier(name)} ${operator} ${value(name)}`)
      .join(' AND ')
  }

  #matchStaged(): string {
    return this.#match((name) => `s.${quoteIdentifier(name)}`)
  }

  #staged(): string {
    return `EXISTS (SELECT 1 FROM ${this.#writer.target.sql} AS t WHERE ${this.#matchStaged()})`
  }
}

const names = (columns: readonly { name: string }[]) => columns.map(({ name }) => quoteIdentifier(name)).join(', ')
