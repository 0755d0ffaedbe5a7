import { type Cell, type Row, type Table, tableName } from '@cdc/core'
import { BadValue } from '@cdc/debezium-json/envelope'
import { error } from '../errors.ts'
import type { AvroField, AvroType } from '../schema/avro-type.ts'
import type { AvroWriter } from '../wire/avro-writer.ts'
import { type CellCodec, cellCodec, withNull } from './cell-codec.ts'

/** One field of a record. `position`: of its column; undefined: the table has none, and it is null or not read. */
interface FieldCodec {
  readonly name: string
  readonly position: number | undefined
  /** Branches of its union with null. */
  readonly present: number | undefined
  readonly none: number | undefined
  readonly cell: CellCodec
}

/** What the columns of a record are named, and which of the table's are in it. */
export interface RecordShape {
  readonly table: Table
  readonly positions: readonly number[]
  readonly fieldName: (column: string) => string
}

/** Writes some columns of a table's rows as a record of Avro's: compiled once a shape. */
export class RecordWriter {
  readonly #table: Table
  readonly #fields: readonly FieldCodec[]

  /** Throws AVRO_TYPE where the record cannot hold the columns. */
  constructor(record: AvroType, shape: RecordShape) {
    this.#table = shape.table
    this.#fields = fieldCodecs(record, shape, 'write')
    const written = new Set(this.#fields.map(({ position }) => position))
    const lost = shape.positions.find((position) => !written.has(position))
    if (lost !== undefined) throw lacks(shape.table, lost)
  }

  /** Cells that were not sent are taken from `old`; where it has them neither, that is an error. */
  write(writer: AvroWriter, row: Row, old: Row | undefined): void {
    for (const field of this.#fields) {
      const { position, present } = field
      const sent = position === undefined ? null : row[position]
      const cell: Cell = sent === undefined ? old?.[position!] : sent
      if (cell === null) this.#none(writer, field)
      else if (cell === undefined) throw this.#notSent(position!)
      else {
        if (present !== undefined) writer.long(present)
        if (!field.cell.write(writer, cell)) throw this.#notHeld(position!, 'a value that its Avro type cannot hold')
      }
    }
  }

  #none(writer: AvroWriter, { none, position }: FieldCodec): void {
    if (none === undefined) throw this.#notHeld(position!, 'a null, and its Avro type has no null')
    writer.long(none)
  }

  #notHeld(position: number, what: string) {
    const [table, column] = [tableName(this.#table), this.#table.columns[position]!.name]
    return error('AVRO_VALUE_NOT_HELD', {
      message: `Column "${column}" of table ${table} has ${what} (${this.#table.columns[position]!.native}).`,
      where: { table, column },
    })
  }

  #notSent(position: number) {
    const [table, column] = [tableName(this.#table), this.#table.columns[position]!.name]
    return error('AVRO_CELL_NOT_SENT', {
      message: `A change of ${table} lacks the value of column "${column}", which was not changed and so not sent, and an Avro record cannot leave it out.`,
      hint: `ALTER TABLE ${table} REPLICA IDENTITY FULL makes the server send whole old rows.`,
      where: { table, column },
    })
  }
}

/** Reads records of one writer's schema as rows of a table: compiled once a schema. */
export class RecordReader {
  readonly #table: Table
  readonly #fields: readonly FieldCodec[]
  readonly #blank: readonly Cell[]

  /** `absent`: what a column is that the record lacks. Throws AVRO_FIELD where a type does not fit. */
  constructor(record: AvroType, shape: RecordShape, absent: null | undefined) {
    this.#table = shape.table
    this.#fields = fieldCodecs(record, shape, 'read')
    const wanted = new Set(shape.positions)
    this.#blank = shape.table.columns.map((_, position) => (wanted.has(position) ? absent : undefined))
  }

  read(value: unknown): Row {
    const row: Cell[] = [...this.#blank]
    for (const { name, position, cell } of this.#fields) {
      if (position === undefined) continue
      const one = (value as Readonly<Record<string, unknown>>)[name]
      row[position] = one === null || one === undefined ? null : this.#cell(cell, one, position)
    }
    return row
  }

  #cell(cell: CellCodec, value: unknown, position: number): Cell {
    try {
      return cell.read(value)
    } catch (failure) {
      if (!(failure instanceof BadValue)) throw failure
      throw unfit(this.#table, position, failure.message)
    }
  }
}

function fieldCodecs(record: AvroType, shape: RecordShape, use: 'write' | 'read'): FieldCodec[] {
  const places = new Map(shape.positions.map((at) => [shape.fieldName(shape.table.columns[at]!.name), at]))
  return (record.fields ?? []).map((field) => fieldCodec(field, positionOf(field, places), shape.table, use))
}

function positionOf({ name, aliases }: AvroField, places: ReadonlyMap<string, number>): number | undefined {
  return [name, ...aliases].map((one) => places.get(one)).find((at) => at !== undefined)
}

const ignored: CellCodec = { write: () => false, read: () => null }

function fieldCodec(field: AvroField, position: number | undefined, table: Table, use: 'write' | 'read'): FieldCodec {
  const { name, type } = field
  const nullable = withNull(type)
  const branches = { name, position, present: nullable?.present, none: nullable?.none }
  if (position === undefined) {
    if (use === 'write' && nullable?.none === undefined) throw noColumn(table, name)
    return { ...branches, cell: ignored }
  }
  const cell = nullable === undefined ? undefined : cellCodec(nullable.type, table.columns[position]!.type)
  if (cell !== undefined) return { ...branches, cell }
  throw use === 'write' ? cannotHold(table, position) : unfit(table, position, 'of a type that fits')
}

function noColumn(table: Table, field: string) {
  return error('AVRO_TYPE', {
    message: `Field '${field}' of the schema has no column in table ${tableName(table)} and cannot be null.`,
    where: { table: tableName(table) },
  })
}

function lacks(table: Table, position: number) {
  const { name } = table.columns[position]!
  return error('AVRO_TYPE', {
    message: `The schema has no field for column "${name}" of table ${tableName(table)}.`,
    where: { table: tableName(table), column: name },
  })
}

function cannotHold(table: Table, position: number) {
  const { name, native } = table.columns[position]!
  return error('AVRO_TYPE', {
    message: `The schema's type for column "${name}" of table ${tableName(table)} cannot hold ${native}.`,
    where: { table: tableName(table), column: name },
  })
}

function unfit(table: Table, position: number, wanted: string) {
  const { name, native } = table.columns[position]!
  return error('AVRO_FIELD', {
    message: `The value of column "${name}" of table ${tableName(table)} in a record is not ${wanted} (${native}).`,
    where: { table: tableName(table), column: name },
  })
}
