import type { Cell, DataType, Row, RowChange, Table } from '@cdc/core'

/** A column as a Flink table declared it, with the cell that Flink's source gives for ours. */
export interface Declared {
  readonly name: string
  readonly type: DataType
  readonly cell: (cell: Cell) => Cell
}

/** The same value in the same type. */
const same = (cell: Cell) => cell
const present = (text: (cell: Exclude<Cell, null | undefined>) => Cell) => (cell: Cell) =>
  cell === null || cell === undefined ? cell : text(cell)

const string: DataType = { kind: 'string' }
const asText = (name: string, text: (cell: Exclude<Cell, null | undefined>) => Cell = String): Declared => ({
  name,
  type: string,
  cell: present(text),
})
export const as = (name: string, type: DataType): Declared => ({ name, type, cell: same })

// What Flink's source makes of a value whose column was declared STRING: Debezium's raw one, as Java prints it.
const epochDays = (cell: unknown) => String(Date.parse(`${cell}T00:00:00Z`) / 86_400_000)
const epochMicros = (cell: unknown) => {
  const [, seconds, fraction] = /^(.{19})\.?(\d*)/.exec(String(cell))!
  return String(BigInt(Date.parse(`${seconds!.replace(' ', 'T')}Z`)) * 1000n + BigInt(fraction!.padEnd(6, '0')))
}
const instant = (cell: unknown) => String(cell).replace(' ', 'T').replace('+00', 'Z')
const list = (cell: unknown) => `[${(cell as readonly Cell[]).join(', ')}]`.replace('[a, , ', '[a, null, ')
/** A year has 365.25 days. */
const intervals: Readonly<Record<string, string>> = { '1 year': '31557600000000', '1 day 02:03:04.5': '93784500000' }
const micros = (cell: unknown) => intervals[String(cell)]!

/** The sinks of the statement set: everything that is not a number or a flag is STRING. */
export const products: readonly Declared[] = [
  as('product_id', { kind: 'int64' }),
  asText('product_name'),
  asText('sku'),
  asText('description'),
  asText('price'),
  asText('discount_price'),
  as('stock_quantity', { kind: 'int32' }),
  asText('weight'),
  asText('volume'),
  asText('dimensions', () => null),
  asText('release_date', epochDays),
  as('is_featured', { kind: 'boolean' }),
  as('rating', { kind: 'float32' }),
  asText('warranty_period', micros),
  asText('metadata'),
  asText('tags', list),
].map((one) => (one.name === 'product_id' ? { ...one, cell: present((cell) => BigInt(cell as number)) } : one))

export const documents: readonly Declared[] = [
  asText('document_id'),
  asText('title'),
  asText('content'),
  asText('summary'),
  asText('publication_date', epochMicros),
  asText('last_updated', instant),
  as('author_id', { kind: 'int64' }),
  asText('file_data', (bytes) => {
    const { length } = bytes as Uint8Array
    return `java.nio.HeapByteBuffer[pos=0 lim=${length} cap=${length}]`
  }),
  asText('xml_content'),
  asText('json_metadata'),
  asText('reading_time', micros),
  as('is_public', { kind: 'boolean' }),
  as('views_count', { kind: 'int32' }),
  asText('category'),
  asText('tags', list),
]

/** Changes of one table as Flink's table had them: its columns in its order. */
export function declaredAs(changes: readonly RowChange[], columns: readonly Declared[]): RowChange[] {
  const tables = new Map<Table, { readonly table: Table; readonly row: (row: Row) => Row }>()
  const of = (table: Table) => {
    const known = tables.get(table)
    if (known !== undefined) return known
    const places = columns.map(({ name }) => table.columns.findIndex((column) => column.name === name))
    const made = {
      table: {
        ...table,
        columns: columns.map(({ name, type }, at) => ({
          name,
          type,
          native: table.columns[places[at]!]!.native,
          nullable: !table.key.includes(places[at]!),
        })),
        key: table.key.map((position) => places.indexOf(position)),
      },
      row: (row: Row) => columns.map(({ cell }, at) => cell(row[places[at]!])),
    }
    tables.set(table, made)
    return made
  }
  return changes.map((change) => {
    const { table, row } = of(change.table)
    const rows: { before?: Row; after?: Row } = {}
    if ('before' in change && change.before !== undefined) rows.before = row(change.before)
    if ('after' in change) rows.after = row(change.after)
    return { ...change, table, ...rows } as RowChange
  })
}
