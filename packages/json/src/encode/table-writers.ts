import { type Context, type EncodedRecord, type Row, type Table, type Truncate, tableName } from '@cdc/core'
import { error } from '../errors.ts'
import type { JsonValues } from '../options.ts'
import { RowWriter } from './row-writer.ts'

/** What the encoders of a table have in common: writers of its rows and keys, and what a TRUNCATE becomes. */
export class TableWriters {
  readonly table: Table
  readonly name: string
  readonly keyed: boolean
  readonly #rows: RowWriter
  readonly #keys: RowWriter
  readonly #values: JsonValues
  readonly #context: Context

  constructor(table: Table, values: JsonValues, context: Context) {
    this.table = table
    this.name = tableName(table)
    this.keyed = table.key.length > 0
    this.#values = values
    this.#context = context
    this.#rows = new RowWriter(
      table,
      table.columns.map((_, index) => index),
      values,
    )
    this.#keys = new RowWriter(table, table.key, values)
  }

  /** The key columns' object, in the key's own order; null where the table has no key. */
  key(row: Row, old?: Row): string | null {
    return this.keyed ? this.#keys.write(row, old, true) : null
  }

  row(row: Row, old: Row | undefined, whole: boolean): string {
    // with nulls left out, a cell that was left out for another reason would be read as null
    return this.#rows.write(row, old, whole || this.#values['encode.ignore-null-fields'])
  }

  /** An old row: what it lacks was outside the replica identity, and is left out. */
  oldRow(row: Row): string {
    return this.#rows.write(row, undefined, false)
  }

  movesKey(before: Row | undefined, after: Row): before is Row {
    return before !== undefined && this.keyed && this.#keys.differ(before, after)
  }

  truncate({ table }: Truncate): readonly EncodedRecord[] {
    switch (this.#values['encode.truncate']) {
      case 'write':
        return [record(null, '{"before":null,"after":null,"op":"t"}')]
      case 'fail':
        throw error('JSON_TRUNCATE', {
          message: `Table ${this.name} was truncated at the source.`,
          where: { table: this.name },
        })
      case 'skip':
        this.#context.logger.warn(
          { pipeline: this.#context.pipeline, table: tableName(table) },
          'a TRUNCATE is not written down (encode.truncate: skip)',
        )
        return []
    }
  }
}

export const record = (key: string | null, value: string | null): EncodedRecord => ({
  key,
  value,
  destination: 'table',
})
