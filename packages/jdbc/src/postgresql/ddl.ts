import type { Column, PlannedStatement, Table } from '@cdc/core'
import { tableName } from '@cdc/core'
import type { Target, TargetColumn } from './catalog.ts'
import type { Connection } from './connection.ts'
import { quoteIdentifier, quoteQualified } from './quote.ts'
import { declaredType, isWider } from './types.ts'

/** Statements that make the target table. Only the schema and the table: no defaults, no other constraints. */
export async function createStatements(
  connection: Connection,
  table: Table,
  schema: string,
  name: string,
): Promise<PlannedStatement[]> {
  const statements: PlannedStatement[] = []
  const [found] = await connection.query(`SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1`, [schema])
  if (found === undefined)
    statements.push({ sql: `CREATE SCHEMA ${quoteIdentifier(schema)}`, reason: `The target has no schema ${schema}.` })
  const lines: string[] = []
  for (const column of table.columns) {
    const type = await declaredType(connection, column)
    lines.push(`${quoteIdentifier(column.name)} ${type}${column.nullable === false ? ' NOT NULL' : ''}`)
  }
  if (table.key.length > 0)
    lines.push(`PRIMARY KEY (${table.key.map((index) => quoteIdentifier(table.columns[index]!.name)).join(', ')})`)
  const body = lines.map((line) => `\n  ${line}`).join(',')
  statements.push({
    sql: `CREATE TABLE ${quoteQualified(schema, name)} (${body}\n)`,
    reason: `The target has no table for ${tableName(table)}.`,
  })
  return statements
}

/**
 * Statements that let the target follow the source's shape: new columns, wider types, NOT NULL that the source has
 * given up. Nothing is dropped or renamed. `ours`: the table was created by this pipeline, so all of its types may
 * be widened; else only those of columns that have changed since `previous`.
 */
export async function alterStatements(
  connection: Connection,
  table: Table,
  target: Target,
  previous: Table | undefined,
  ours: boolean,
): Promise<PlannedStatement[]> {
  const statements: PlannedStatement[] = []
  const alter = (change: string, reason: string) =>
    statements.push({ sql: `ALTER TABLE ${target.sql} ${change}`, reason: `${tableName(table)} ${reason}.` })
  for (const column of table.columns) {
    const name = quoteIdentifier(column.name)
    const there = target.columns.find((one) => one.name === column.name)
    const before = previous?.columns.find((one) => one.name === column.name)
    if (there === undefined) alter(`ADD COLUMN ${await added(connection, column)}`, `has a new column ${column.name}`)
    else if (ours || (before !== undefined && before.native !== column.native)) {
      const type = await declaredType(connection, column)
      if (isWider(type, there.type)) alter(`ALTER COLUMN ${name} TYPE ${type}`, `has a wider type for ${column.name}`)
      if (there.notNull && column.nullable && !table.key.some((index) => table.columns[index] === column))
        alter(`ALTER COLUMN ${name} DROP NOT NULL`, `allows NULL in ${column.name}`)
    }
  }
  for (const column of target.columns)
    if (ours && isOrphan(column, table))
      alter(`ALTER COLUMN ${quoteIdentifier(column.name)} DROP NOT NULL`, `has no column ${column.name} any more`)
  return statements
}

/** Must a new row have a value for this column, that the source does not give? */
export const isOrphan = (column: TargetColumn, table: Table) =>
  column.notNull &&
  !column.hasDefault &&
  !column.generated &&
  column.identity === undefined &&
  !table.columns.some(({ name }) => name === column.name)

/**
 * A new column with the source's default where that is a constant: the rows that are there have that value at the
 * source too, and no row event says so. With any other default they keep NULL.
 */
async function added(connection: Connection, column: Column): Promise<string> {
  const literal = literalDefault(column.default)
  const rest = literal === undefined ? '' : ` DEFAULT ${literal}${column.nullable === false ? ' NOT NULL' : ''}`
  return `${quoteIdentifier(column.name)} ${await declaredType(connection, column)}${rest}`
}

/** The constant of a default such as `'new'::text`, `0`, `(-1)`, `true`, or undefined where it is computed. */
export function literalDefault(expression: string | undefined): string | undefined {
  if (expression === undefined) return undefined
  const type = /(?:::[\w ."]+(?:\([\d, ]+\))?[\w ]*(?:\[\])*)*$/.source
  const match = new RegExp(`^\\(?('(?:[^'\\\\]|'')*'|-?\\d+(?:\\.\\d+)?|true|false)\\)?${type}`, 'i').exec(
    expression.trim(),
  )
  return match?.[1]
}
