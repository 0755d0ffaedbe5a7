import { type CdcError, type Column, type DataType, type Identity, type Table, tableName } from '@cdc/core'
import { quoteQualified, type Relation } from '@cdc/pg-replication'
import { advisory, type CatalogTable } from './catalog.ts'
import { error } from './errors.ts'
import type { TableRules } from './table-rules.ts'

/** A column with its type known, wherever it was learned. */
export interface TypedColumn {
  readonly name: string
  readonly type: DataType
  readonly native: string
  readonly base?: string
}

/** A table's shape, and which of the columns that arrive are in it. */
export interface Shape {
  readonly table: Table
  /** Positions of the kept columns among those that arrive; undefined: all of them. */
  readonly pick: readonly number[] | undefined
}

export interface ShapeInput {
  readonly database: string
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly identity: Identity
  /** As they arrive. */
  readonly columns: readonly TypedColumn[]
  /** Names of the key's columns, in its order. */
  readonly key: readonly string[]
  /** Names of the columns that old rows always have, where identity is `index`. */
  readonly identityColumns: readonly string[] | undefined
  /** Names of the columns of a unique index without nulls, for tables without a key. */
  readonly unique: readonly string[]
  /** Facts that decide nothing. */
  readonly advice: (column: string) => Partial<Column>
}

/** Makes the shape; the same input gives the same text, whether it came from the catalog or from the stream. */
export function shapeOf(input: ShapeInput, rules: TableRules): Shape {
  const qualified = tableName(input)
  const kept = input.columns.flatMap((column, position) =>
    rules.keepColumn(qualified, column.name) || input.key.includes(column.name) ? [position] : [],
  )
  const columns = kept.map((position): Column => {
    const { name, type, native, base } = input.columns[position]!
    return { name, type, native, ...(base === undefined ? {} : { base }), ...input.advice(name) }
  })
  const places = (names: readonly string[]) => names.map((name) => columns.findIndex((column) => column.name === name))
  const hidden = input.key.find((name) => !columns.some((column) => column.name === name))
  if (hidden !== undefined) throw keyUnknown(input, input.key)
  const unique = input.key.length > 0 ? [] : places(input.unique)
  const table: Table = {
    database: input.database,
    schema: input.schema,
    name: input.name,
    columns,
    key: places(input.key),
    ...(unique.length === 0 || unique.includes(-1) ? {} : { unique }),
    id: input.oid,
    identity: input.identity,
    ...(input.identityColumns === undefined
      ? {}
      : { identityColumns: places(input.identityColumns).filter((place) => place >= 0) }),
  }
  return { table, pick: kept.length === input.columns.length ? undefined : kept }
}

/** The key as the catalog and the options have it. */
export function catalogKey(table: CatalogTable, rules: TableRules): readonly string[] {
  const named = rules.keyOf(tableName(table))
  if (named !== undefined) {
    const missing = named.find((name) => !table.columns.some((column) => column.name === name))
    if (missing !== undefined) throw keyColumnMissing(table, missing)
    return named
  }
  return table.primaryKey.length > 0 ? table.primaryKey : table.identityIndex
}

function keyColumnMissing(table: CatalogTable, column: string): CdcError {
  return error('KEY_UNKNOWN', {
    message: `debezium.message.key.columns names column '${column}', which table ${tableName(table)} has not.`,
    where: { table: tableName(table), column, option: 'debezium.message.key.columns' },
  })
}

/** What the catalog tells about the columns of a table; where it has none of that name, what was known before. */
export function advice(table: CatalogTable | undefined, known: Table | undefined): (column: string) => Partial<Column> {
  return (name) => {
    const found = table?.columns.find((column) => column.name === name)
    if (found !== undefined) return advisory(found)
    const before = known?.columns.find((column) => column.name === name)
    if (before === undefined) return {}
    const { name: _, type: __, native: ___, base: ____, ...rest } = before
    return rest
  }
}

/**
 * The key of a streamed table. Under identity default it is what the stream flags; else the catalog's, where all its
 * columns are in the rows; or the one that was known before, where the table is gone or its key has other columns by
 * now. Under FULL the flags say nothing: every column has one.
 */
export function streamedKey(
  relation: Relation,
  catalog: CatalogTable | undefined,
  known: Table | undefined,
  rules: TableRules,
): readonly string[] {
  const here = new Set(relation.columns.map(({ name }) => name))
  const usable = (names: readonly string[]) => names.length > 0 && names.every((name) => here.has(name))
  const named = rules.keyOf(tableName(relation))
  const before = known?.key.map((place) => known.columns[place]!.name) ?? []
  const now = catalog === undefined ? [] : catalogKey(catalog, rules)
  if (named !== undefined && usable(named)) return named
  if (relation.identity === 'default') {
    const flagged = relation.columns.filter(({ identity }) => identity).map(({ name }) => name)
    const same = (names: readonly string[]) =>
      names.length === flagged.length && names.every((name) => flagged.includes(name))
    return [now, before].find(same) ?? flagged
  }
  // a key that was dropped is none any more: rows that share it would be taken for one
  const gone = catalog !== undefined && now.length === 0
  const found = gone ? undefined : [now, before].find(usable)
  if (found !== undefined) return found
  if (now.length > 0 || (catalog === undefined && before.length > 0) || named !== undefined)
    throw keyUnknown(relation, named ?? (now.length > 0 ? now : before))
  return relation.identity === 'index'
    ? relation.columns.filter(({ identity }) => identity).map(({ name }) => name)
    : []
}

function keyUnknown(relation: Pick<Table, 'schema' | 'name'>, key: readonly string[]): CdcError {
  const name = tableName(relation)
  return error('KEY_UNKNOWN', {
    message: `The key of table ${name} is (${key.join(', ')}), and its rows come without all of these columns.`,
    hint: `Name the key that these rows have: debezium.message.key.columns: ${name}:<column>,<column>; or add the columns to the publication.`,
    where: { table: name },
  })
}

/** Throws where rows of this table could never be followed. */
export function assertIdentity(table: Pick<CatalogTable, 'schema' | 'name' | 'identity'>): void {
  if (table.identity !== 'nothing') return
  const name = tableName(table)
  throw error('REPLICA_IDENTITY_NOTHING', {
    message: `Table ${name} has replica identity nothing: updates and deletes of it fail at the source once it is published, and could not be followed.`,
    hint: `Run: ALTER TABLE ${quoteQualified(table.schema, table.name)} REPLICA IDENTITY FULL; (or DEFAULT where it has a primary key)`,
    where: { table: name },
  })
}
