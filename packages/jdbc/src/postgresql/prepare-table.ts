import { failpoint, type PlannedStatement, type Table, tableName } from '@cdc/core'
import { error } from '../errors.ts'
import type { TableName } from '../table-name.ts'
import { readTarget, type Target } from './catalog.ts'
import type { Connection } from './connection.ts'
import { alterStatements, createStatements, isOrphan } from './ddl.ts'
import type { TableRecord } from './position-keeper.ts'
import { quoteIdentifier } from './quote.ts'
import { ServerError } from './server-error.ts'
import { declaredType, fits } from './types.ts'

export interface TablePolicy {
  readonly create: boolean
  readonly evolve: boolean
  /** Do other processes make and alter the same tables? */
  readonly shared?: boolean
}

export interface Prepared {
  readonly target: Target
  /** The source's, with the target's names of columns. */
  readonly table: Table
  /** Was it created here and now? */
  readonly created: boolean
}

/**
 * Finds the target of a source table, makes or alters it where that is allowed, and proves that rows can be
 * written into it. Needs an open transaction. Doing it again changes nothing.
 */
export async function prepareTable(
  connection: Connection,
  told: Table,
  name: Required<TableName>,
  policy: TablePolicy,
  previous: Table | undefined,
  { created, renames = {} }: Pick<TableRecord, 'created' | 'renames'> = {},
): Promise<Prepared> {
  let target = await readTarget(connection, name.schema, name.name)
  const missing = target === undefined
  const table = target === undefined ? told : withRenames(told, target, renames)
  const statements = await planTable(connection, table, name, target, policy, previous, created === true)
  if (statements.length > 0) {
    for (const statement of statements) await runDdl(connection, statement, table, policy)
    target = await readTarget(connection, name.schema, name.name)
  }
  await checkTarget(connection, table, target!, policy)
  return { target: target!, created: missing, table }
}

/** The statements that `prepareTable` would run. Throws what stops it before any of them. */
export async function planTable(
  connection: Connection,
  table: Table,
  name: Required<TableName>,
  target: Target | undefined,
  policy: TablePolicy,
  previous: Table | undefined,
  ours: boolean,
): Promise<PlannedStatement[]> {
  if (target === undefined) {
    const statements = await createStatements(connection, table, name.schema, name.name)
    if (policy.create) return statements
    throw error('TABLE_MISSING', {
      message: `The target has no table ${name.schema}.${name.name} for ${tableName(table)}, and sink.create-tables is never.`,
      hint: `Run at the target: ${statements.map(({ sql }) => sql).join('; ')}`,
      where: { table: tableName(table) },
    })
  }
  if (!policy.evolve) return []
  refuseRename(table, target, previous)
  return alterStatements(connection, table, target, previous, ours)
}

export interface Rename {
  readonly from: string
  readonly to: string
}

const has = (columns: readonly { name: string }[], name: string) => columns.some((one) => one.name === name)

/** A column that has gone since `previous` and one that has come, which only a person can tell from a renamed one. */
export function renameOf(table: Table, target: Target, previous: Table | undefined): Rename | undefined {
  if (previous === undefined) return undefined
  const added = table.columns.find(({ name }) => !has(previous.columns, name) && !has(target.columns, name))
  const gone = previous.columns.find(({ name }) => !has(table.columns, name) && has(target.columns, name))
  return added === undefined || gone === undefined ? undefined : { from: gone.name, to: added.name }
}

/**
 * The table with the target's names for columns that were renamed here since: changes from before the rename come
 * with the old name, once more or for the first time.
 */
export function withRenames(table: Table, target: Target, renames: Readonly<Record<string, string>>): Table {
  const nameOf = (name: string): string => {
    if (has(target.columns, name)) return name
    let to: string | undefined = renames[name]
    for (let i = 0; to !== undefined && !has(target.columns, to) && i < 100; i++) to = renames[to]
    return to === undefined || has(table.columns, to) || !has(target.columns, to) ? name : to
  }
  if (table.columns.every(({ name }) => nameOf(name) === name)) return table
  return { ...table, columns: table.columns.map((column) => ({ ...column, name: nameOf(column.name) })) }
}

function refuseRename(table: Table, target: Target, previous: Table | undefined): void {
  const rename = renameOf(table, target, previous)
  if (rename === undefined) return
  const { from, to } = rename
  throw error('COLUMN_RENAMED', {
    message: `In ${tableName(table)} the column ${from} has gone and ${to} has come: renamed, or another one?`,
    hint: `If it was renamed, run at the target: ALTER TABLE ${target.sql} RENAME COLUMN ${quoteIdentifier(from)} TO ${quoteIdentifier(to)}; if not: ALTER TABLE ${target.sql} ADD COLUMN ${quoteIdentifier(to)} ...`,
    where: { table: tableName(table), column: to },
  })
}

/** A schema, a table or a column is there by now; or its row in a catalog is. */
const isThere = new Set(['42P06', '42P07', '42701', '23505'])

async function runDdl(
  connection: Connection,
  { sql }: PlannedStatement,
  table: Table,
  { shared }: TablePolicy,
): Promise<void> {
  await failpoint('sink.ddl')
  try {
    await connection.query(sql)
  } catch (cause) {
    if (!(cause instanceof ServerError) || /^(08|25|40|53|57)/.test(cause.code)) throw cause
    if (shared && isThere.has(cause.code))
      throw error('TARGET_RETRY', {
        message: `Another process has just made what ${tableName(table)} needed at the target.`,
        cause,
      })
    throw error('DDL_FAILED', {
      message: `The target refused a statement for ${tableName(table)}: ${cause.message}.`,
      hint: `Run it as a user who may: ${sql}`,
      where: { table: tableName(table) },
      cause,
    })
  }
}

async function checkTarget(connection: Connection, table: Table, target: Target, policy: TablePolicy): Promise<void> {
  const where = { table: tableName(table) }
  const place = `${target.schema}.${target.name}`
  if (!'rpf'.includes(target.kind))
    throw error('TABLE_UNUSABLE', {
      message: `The target ${place} is a view, a sequence or the like, not a table.`,
      where,
    })
  const needed = table.key.length === 0 ? ['INSERT'] : target.lacking
  const lacking = target.lacking.filter((right) => needed.includes(right))
  if (lacking.length > 0)
    throw error('RIGHT_MISSING', {
      message: `The user has no right to ${lacking.join(', ')} on ${place} at the target.`,
      hint: `Run at the target as its owner: GRANT ${lacking.join(', ')} ON ${target.sql} TO CURRENT_USER (the user of this sink)`,
      where,
    })
  for (const column of table.columns) await checkColumn(connection, table, column, target, policy)
  const orphan = target.columns.find((column) => isOrphan(column, table))
  if (orphan !== undefined)
    throw error('COLUMN_EXTRA', {
      message: `The column ${orphan.name} of ${place} must not be NULL, has no default, and ${tableName(table)} has no such column.`,
      hint: `Run at the target: ALTER TABLE ${target.sql} ALTER COLUMN ${quoteIdentifier(orphan.name)} DROP NOT NULL`,
      where: { ...where, column: orphan.name },
    })
}

async function checkColumn(
  connection: Connection,
  table: Table,
  column: Table['columns'][number],
  target: Target,
  policy: TablePolicy,
): Promise<void> {
  const there = target.columns.find(({ name }) => name === column.name)
  const place = `${target.schema}.${target.name}`
  const where = { table: tableName(table), column: column.name }
  if (there === undefined) {
    throw error('COLUMN_MISSING', {
      message: `The target ${place} has no column ${column.name} (${column.native} in ${tableName(table)})${policy.evolve ? '' : ', and sink.schema-evolution is none'}.`,
      hint: `Run at the target: ALTER TABLE ${target.sql} ADD COLUMN ${quoteIdentifier(column.name)} ${await declaredType(connection, column)}`,
      where,
    })
  }
  if (there.generated || fits(column, there)) return
  const type = await declaredType(connection, column)
  const name = quoteIdentifier(column.name)
  throw error('COLUMN_TYPE', {
    message: `The column ${column.name} is ${column.native} in ${tableName(table)} and ${there.type} in ${place} at the target, which does not hold its values unchanged.`,
    hint: `Run at the target: ALTER TABLE ${target.sql} ALTER COLUMN ${name} TYPE ${type} USING ${name}::${type}`,
    where,
  })
}
