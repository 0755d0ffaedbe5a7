import { type Decoder, type Encoder, type Format, type FormatContext, type Row, type Table, tableName } from '@cdc/core'
import { appendEncoder, keyEncoder, type RowWriters, rowDecoder, truncated, upsertEncoder } from '@cdc/row-records'
import { type CellBytes, cellBytes } from './cell-bytes.ts'
import { error, rowFaults } from './errors.ts'
import type { RawValues } from './options.ts'

/** The one column that is written, or of which the key is made. */
interface OneColumn {
  readonly table: Table
  readonly position: number
  readonly bytes: CellBytes
}

const nothing = new Uint8Array(0)

/** `raw` in one role: one column as its bytes. */
export class RawFormat implements Format {
  readonly #values: RawValues
  readonly #context: FormatContext

  constructor(values: RawValues, context: FormatContext) {
    this.#values = values
    this.#context = context
  }

  async encoder(table: Table): Promise<Encoder> {
    const { role } = this.#context
    const key = this.#key(table)
    const value =
      role === 'value'
        ? this.#only(
            table,
            table.columns.map((_, position) => position),
            'columns',
          )
        : undefined
    const writers: RowWriters = {
      table,
      row: (row, old) => write(value!, row, old) ?? nothing,
      key: (row, old) => (key === undefined ? null : write(key, row, old)),
    }
    if (role === 'key') return keyEncoder(writers)
    const onTruncate = truncated(this.#values['encode.truncate'], this.#context, rowFaults)
    const make = this.#values.changelog === 'none' ? appendEncoder : upsertEncoder
    return make(writers, onTruncate, rowFaults)
  }

  async decoder(table?: Table): Promise<Decoder> {
    if (table === undefined)
      throw error('RAW_TYPES_UNKNOWN', { message: 'The format raw does not know the column that it is to read.' })
    const { role } = this.#context
    const key = this.#key(table)
    const value =
      role === 'value'
        ? this.#only(
            table,
            table.columns.map((_, position) => position),
            'columns',
          )
        : undefined
    const readers = {
      table,
      connector: 'raw',
      row: (bytes: Uint8Array) => read(value!, bytes),
      key: (bytes: Uint8Array) => read(key!, bytes),
    }
    return rowDecoder(readers, { changelog: this.#values.changelog, role }, rowFaults)
  }

  #key(table: Table): OneColumn | undefined {
    return table.key.length === 0 ? undefined : this.#only(table, table.key, 'key columns')
  }

  #only(table: Table, positions: readonly number[], what: string): OneColumn {
    const [position] = positions
    if (position === undefined || positions.length > 1)
      throw error('RAW_ONE_COLUMN', {
        message: `The 'raw' format only supports single physical column, and table ${tableName(table)} has ${positions.length} ${what}.`,
        where: { table: tableName(table) },
      })
    return { table, position, bytes: cellBytes(table.columns[position]!.type, this.#values) }
  }
}

/** null where the cell is. */
function write({ table, position, bytes }: OneColumn, row: Row, old: Row | undefined): Uint8Array | null {
  const cell = row[position] === undefined ? old?.[position] : row[position]
  const where = { table: tableName(table), column: table.columns[position]!.name }
  if (cell === undefined)
    throw error('RAW_CELL_NOT_SENT', {
      message: `A change of ${where.table} lacks the value of column "${where.column}", which was not changed and so not sent.`,
      where,
    })
  if (cell === null) return null
  const written = bytes.write(cell)
  if (written !== undefined) return written
  throw error('RAW_VALUE_NOT_HELD', {
    message: `A value of column "${where.column}" of table ${where.table} cannot be written as raw bytes.`,
    where,
  })
}

function read({ table, position, bytes }: OneColumn, record: Uint8Array): Row {
  const cell = bytes.read(record)
  if (cell !== undefined) return table.columns.map((_, at) => (at === position ? cell : undefined))
  const { name, native } = table.columns[position]!
  throw error('RAW_RECORD', {
    message: `A record of ${tableName(table)} has ${record.length} bytes, which are no ${native}.`,
    where: { table: tableName(table), column: name },
  })
}
