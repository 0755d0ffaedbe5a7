import { type Decoder, type Encoder, type Format, type FormatContext, type Row, type Table, tableName } from '@cdc/core'
import { Tolerance } from '@cdc/json/cells'
import { appendEncoder, keyEncoder, type RowWriters, rowDecoder, truncated, upsertEncoder } from '@cdc/row-records'
import { error, rowFaults } from './errors.ts'
import { type CsvValues, dialectOf } from './options.ts'
import { RowReader } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

/** `csv` in one role, with its options. */
export class CsvFormat implements Format {
  readonly #values: CsvValues
  readonly #context: FormatContext
  readonly #tolerance: Tolerance | undefined

  constructor(values: CsvValues, context: FormatContext) {
    this.#values = values
    this.#context = context
    if (values['ignore-parse-errors']) this.#tolerance = new Tolerance(context)
  }

  async encoder(table: Table): Promise<Encoder> {
    const values = this.#values
    const rows = new RowWriter(table, allOf(table), values)
    const keys = new RowWriter(table, table.key, values)
    const writers: RowWriters = {
      table,
      row: (row, old) => rows.write(row, old),
      key: (row, old) => (table.key.length === 0 ? null : keys.write(row, old)),
    }
    if (this.#context.role === 'key') return keyEncoder(writers)
    const onTruncate = truncated(values['encode.truncate'], this.#context, rowFaults)
    const make = values.changelog === 'none' ? appendEncoder : upsertEncoder
    return make(writers, onTruncate, rowFaults)
  }

  async decoder(table?: Table): Promise<Decoder> {
    if (table === undefined)
      throw error('CSV_TYPES_UNKNOWN', {
        message: 'The format csv does not know the columns of the rows that it is to read.',
      })
    const { changelog } = this.#values
    const [rows, keys] = [allOf(table), table.key].map(
      (columns) => new RowReader(table, columns, this.#values, dialectOf(this.#values), this.#tolerance),
    ) as [RowReader, RowReader]
    const readers = {
      table,
      connector: 'csv',
      row: (bytes: Uint8Array) => rows.read(bytes),
      key: (bytes: Uint8Array): Row => keys.read(bytes) ?? noKey(table),
    }
    return rowDecoder(readers, { changelog, role: this.#context.role }, rowFaults)
  }

  async close(): Promise<void> {
    this.#tolerance?.close()
  }
}

const allOf = ({ columns }: Table) => columns.map((_, position) => position)

function noKey(table: Table): never {
  throw error('CSV_KEY_MISSING', {
    message: `The key of a record of ${tableName(table)} cannot be read.`,
    where: { table: tableName(table) },
  })
}
