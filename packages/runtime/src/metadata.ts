import {
  type Cell,
  type Change,
  type Column,
  isTableChange,
  type Origin,
  type RowKind,
  type Table,
  type TableChange,
  tableName,
} from '@cdc/core'
import { error } from './errors.ts'
import type { Transform } from './transform.ts'

/** What can be added to rows, by the keys that Flink gives it. */
export const metadataKeys = ['table_name', 'schema_name', 'database_name', 'op_ts', 'row_kind'] as const
export type MetadataKey = (typeof metadataKeys)[number]

interface Metadata {
  readonly column: Omit<Column, 'name'>
  read(table: Table, origin: Origin, kind: RowKind): Cell
}

const text: Omit<Column, 'name'> = { type: { kind: 'string' }, native: 'text', nullable: false }

const known: Readonly<Record<MetadataKey, Metadata>> = {
  table_name: { column: text, read: ({ name }) => name },
  schema_name: { column: text, read: ({ schema }) => schema },
  database_name: { column: text, read: (_, { transaction }) => transaction.database },
  op_ts: {
    column: { type: { kind: 'timestamptz', precision: 3 }, native: 'timestamp(3) with time zone', nullable: false },
    read: (_, origin) => timeOf(origin),
  },
  row_kind: { column: text, read: (_, __, kind) => kind },
}

/** The commit's time in milliseconds, as PostgreSQL prints it; the epoch on snapshot rows, as Flink has it. */
function timeOf({ snapshot, transaction }: Origin): string {
  if (snapshot !== undefined) return '1970-01-01 00:00:00+00'
  const iso = new Date(Number(transaction.commitTime / 1000n)).toISOString()
  const fraction = iso.slice(19, 23).replace(/\.?0+$/, '')
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}+00`
}

/**
 * Appends columns with metadata to every row: by the name of the new column, the key of what it holds. Names and
 * times are those of the source, before any route. Throws where a table has a column of such a name.
 */
export function addMetadata(columns: Readonly<Record<string, MetadataKey>>): Transform {
  const added = Object.entries(columns).map(([name, key]) => ({ name, metadata: known[key] }))
  const widened = new WeakMap<Table, Table>()
  const widen = (table: Table): Table => {
    const wide = widened.get(table) ?? widenTable(table, added)
    widened.set(table, wide)
    return wide
  }
  const cells = (table: Table, origin: Origin, kind: RowKind) =>
    added.map(({ metadata }) => metadata.read(table, origin, kind))
  return (changes) => changes.map((change) => (isTableChange(change) ? withMetadata(change, widen, cells) : change))
}

function widenTable(table: Table, added: readonly { name: string; metadata: Metadata }[]): Table {
  for (const { name } of added) {
    if (!table.columns.some((column) => column.name === name)) continue
    const message = `Table ${tableName(table)} has a column '${name}' already, so metadata cannot be added under that name.`
    throw error('PIPELINE_INVALID', {
      message,
      hint: 'Give the metadata column another name.',
      where: { table: tableName(table) },
    })
  }
  return { ...table, columns: [...table.columns, ...added.map(({ name, metadata }) => ({ name, ...metadata.column }))] }
}

function withMetadata(
  change: TableChange,
  widen: (table: Table) => Table,
  cells: (table: Table, origin: Origin, kind: RowKind) => readonly Cell[],
): Change {
  const { table: narrow, origin } = change
  const table = widen(narrow)
  switch (change.kind) {
    case 'insert':
      return { ...change, table, after: [...change.after, ...cells(narrow, origin, '+I')] }
    case 'update': {
      const before = change.before === undefined ? {} : { before: [...change.before, ...cells(narrow, origin, '-U')] }
      return { ...change, ...before, table, after: [...change.after, ...cells(narrow, origin, '+U')] }
    }
    case 'delete':
      return { ...change, table, before: [...change.before, ...cells(narrow, origin, '-D')] }
    case 'schema':
      return { ...change, table, ...(change.previous === undefined ? {} : { previous: widen(change.previous) }) }
    case 'truncate':
      return { ...change, table }
  }
}
