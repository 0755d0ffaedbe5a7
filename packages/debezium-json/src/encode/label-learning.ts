import type { Cell, Column, DataType, EncodedRecord, Encoder, RowChange, Table, Truncate } from '@cdc/core'

/**
 * Labels that were added to an enum since its table's shape was made known: PostgreSQL does not tell of them. From its
 * first use on a label is in the schema, as with Debezium. Wraps an encoder that writes schemas.
 */
export class LabelLearning implements Encoder {
  readonly #make: (table: Table) => Encoder
  #table: Table
  #inner: Encoder
  /** Positions of columns of enums and of arrays of them. */
  readonly #columns: readonly number[]

  constructor(table: Table, make: (table: Table) => Encoder) {
    this.#make = make
    this.#table = table
    this.#inner = make(table)
    this.#columns = table.columns.flatMap(({ type }, position) => (labelsOf(type) === undefined ? [] : [position]))
  }

  get oneLine(): boolean {
    return this.#inner.oneLine === true
  }

  encode(change: RowChange | Truncate): readonly EncodedRecord[] {
    if ('after' in change) for (const position of this.#columns) this.#look(position, change.after[position])
    return this.#inner.encode(change)
  }

  #look(position: number, cell: Cell): void {
    if (Array.isArray(cell)) for (const one of cell as readonly Cell[]) this.#look(position, one)
    const column = this.#table.columns[position]!
    if (typeof cell !== 'string' || labelsOf(column.type)!.includes(cell)) return
    // an array whose bounds are not 1 is text
    if (column.type.kind === 'array' && cell.startsWith('[')) return
    const columns = this.#table.columns.map((one) => (enumName(one) === enumName(column) ? withLabel(one, cell) : one))
    this.#table = { ...this.#table, columns }
    this.#inner = this.#make(this.#table)
  }
}

/** Are there columns whose labels stand in the schema? */
export function hasLabels(table: Table): boolean {
  return table.columns.some(({ type }) => labelsOf(type) !== undefined)
}

function labelsOf(type: DataType): readonly string[] | undefined {
  if (type.kind === 'array') return labelsOf(type.element)
  return type.kind === 'enum' ? (type.labels ?? []) : undefined
}

const enumName = ({ type, native, base }: Column) =>
  labelsOf(type) === undefined ? undefined : (base ?? native).replace(/\[\]$/, '')

function withLabel(column: Column, label: string): Column {
  const extended = (type: DataType): DataType =>
    type.kind === 'array'
      ? { ...type, element: extended(type.element) }
      : { kind: 'enum', labels: [...(labelsOf(type) ?? []), label] }
  return { ...column, type: extended(column.type) }
}
