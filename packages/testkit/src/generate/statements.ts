import { type Cell, type Row, type Table, tableName } from '@cdc/core'
import type { TableEdit } from '../edit.ts'

/** A statement for a PostgreSQL client: `client.query(text, values)`. Values are texts or null. */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | null)[]
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
const target = (table: Table) => `${quoted(table.schema)}.${quoted(table.name)}`

/** CREATE TABLE with key and replica identity, for PostgreSQL. One text with several statements. */
export function createStatement(table: Table): string {
  const columns = table.columns.map(({ name, native }) => `${quoted(name)} ${native}`)
  if (table.key.length > 0)
    columns.push(`PRIMARY KEY (${table.key.map((i) => quoted(table.columns[i]!.name)).join(', ')})`)
  const identity = table.identity === 'full' || table.identity === 'nothing' ? table.identity.toUpperCase() : 'DEFAULT'
  return `CREATE TABLE ${target(table)} (${columns.join(', ')}); ALTER TABLE ${target(table)} REPLICA IDENTITY ${identity}`
}

/** An edit as a PostgreSQL statement. Rows are found by their key, or by all cells where there is none. */
export function editStatement(edit: TableEdit): Statement {
  const { table } = edit
  if (edit.kind === 'truncate') return { text: `TRUNCATE ${target(table)}`, values: [] }
  if (edit.kind === 'schema') throw new Error(`There is no one statement that makes ${tableName(table)} look so.`)
  const values: (string | null)[] = []
  const bind = (cell: Cell, index: number) => {
    values.push(cellText(cell))
    return `$${values.length}::text::${table.columns[index]!.native}`
  }
  if (edit.kind === 'insert') {
    const places = table.columns.map((_, index) => index).filter((index) => edit.after[index] !== undefined)
    const cells = places.map((index) => bind(edit.after[index], index))
    const names = places.map((index) => quoted(table.columns[index]!.name))
    return { text: `INSERT INTO ${target(table)} (${names.join(', ')}) VALUES (${cells.join(', ')})`, values }
  }
  if (edit.kind === 'delete')
    return { text: `DELETE FROM ${target(table)} WHERE ${found(table, edit.before, bind)}`, values }
  const sets = table.columns.flatMap(({ name }, index) =>
    edit.after[index] === undefined ? [] : [`${quoted(name)} = ${bind(edit.after[index], index)}`],
  )
  return {
    text: `UPDATE ${target(table)} SET ${sets.join(', ')} WHERE ${found(table, edit.before ?? edit.after, bind)}`,
    values,
  }
}

function found(table: Table, row: Row, bind: (cell: Cell, index: number) => string): string {
  const places = table.key.length > 0 ? table.key : table.columns.map((_, index) => index)
  return places
    .map((index) => `${quoted(table.columns[index]!.name)} IS NOT DISTINCT FROM ${bind(row[index], index)}`)
    .join(' AND ')
}

/** A cell as PostgreSQL takes it in as text. */
export function cellText(cell: Cell): string | null {
  if (cell === null || cell === undefined) return null
  if (typeof cell === 'number') return Object.is(cell, -0) ? '-0' : String(cell)
  if (cell instanceof Uint8Array) return `\\x${Buffer.from(cell).toString('hex')}`
  return typeof cell === 'object' ? arrayText(cell) : String(cell)
}

function arrayText(cells: readonly Cell[]): string {
  const items = cells.map((cell) => {
    if (Array.isArray(cell)) return arrayText(cell)
    const text = cellText(cell)
    return text === null ? 'NULL' : `"${text.replace(/["\\]/g, '\\$&')}"`
  })
  return `{${items.join(',')}}`
}
