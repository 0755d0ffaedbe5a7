import { CdcError, failpoint, type Table } from '@cdc/core'
import { dataTypeOf, type Publication, quoteQualified, type Session } from '@cdc/pg-replication'
import { type CatalogTable, type Leaf, readLeaves, readTables, type Types } from '../catalog.ts'
import { advice, catalogKey, shapeOf, type TypedColumn } from '../shape.ts'
import { effectiveIdentity } from '../stream/identity.ts'
import type { TableRules } from '../table-rules.ts'
import { copyStatement, partsOf, readStructures, type Structure, sameStructure, wasRewritten } from './structure.ts'

/** What reading tables needs to know of its surroundings. */
export interface PrepareContext {
  readonly database: string
  /** An ordinary session that sees what is committed now. */
  readonly fresh: Session
  readonly types: Types
  readonly publication: Publication | undefined
  readonly rules: TableRules
  /** Do other workers hold tables at the moment? */
  readonly others?: () => boolean
}

/** Why a table is not read now: it was changed since the snapshot, is gone, or somebody keeps it locked. */
export type Unread = 'changed' | 'gone' | 'busy'

/**
 * How long a table's lock is waited for. Whoever has it may wait for a table that another worker holds, which waits
 * for this one's turn: the server does not see that circle, and only letting go of all tables breaks it. Milliseconds.
 */
const LOCK_WAIT = 5_000
/**
 * The same for the catalog functions that lock the table for a moment, in a session of their own: they queue behind
 * whoever waits for the lock that the worker has by now. Milliseconds.
 */
const CATALOG_WAIT = 500

/** For the time in which workers hold tables. */
export async function withoutWaiting<T>(fresh: Session, work: () => Promise<T>): Promise<T> {
  await fresh.query(`SET lock_timeout = ${CATALOG_WAIT}`)
  try {
    return await work()
  } finally {
    await fresh.query('SET lock_timeout = 0').catch(() => undefined)
  }
}

/** A table locked against changes of its shape, and how to read it. */
export interface PreparedTable {
  readonly table: Table
  /** For each column of a row, in the order of COPY. */
  readonly columns: readonly (TypedColumn & { readonly delimiter: string })[]
  readonly statements: readonly string[]
}

/**
 * Locks a table in the session's transaction (behind a savepoint, so that `releaseTable` lets go of it) and proves
 * that the snapshot can read it: not rewritten since, with the columns that it has now, in the same partitions.
 */
export async function prepareTable(
  session: Session,
  oid: number,
  context: PrepareContext,
): Promise<PreparedTable | Unread> {
  for (;;) {
    try {
      return await prepare(session, oid, context)
    } catch (failure) {
      if (!CdcError.is(failure) || failure.code !== 'LOCK_TIMEOUT') throw failure
      if (context.others?.() ?? false) return 'busy'
      // nobody waits for us who could hold it: its lock comes free one day
      await releaseTable(session)
    }
  }
}

/**
 * The same for several tables at once that are no partitioned ones: with many small tables nearly all of their cost is
 * in the statements that come before their rows. undefined where one of them needs a closer look, or has a lock of
 * somebody else's: of several tables none is waited for, since that could close a circle. Then let go of them, and
 * prepare each by itself.
 */
export async function prepareTables(
  session: Session,
  oids: readonly number[],
  context: PrepareContext,
): Promise<readonly PreparedTable[] | undefined> {
  try {
    await session.query(`SAVEPOINT snapshot_table; SET LOCAL lock_timeout = ${LOCK_WAIT}`)
    const before = await readStructures(session, oids)
    if (before.size < oids.length || !(await lock(session, [...before.values()], 'NOWAIT'))) return undefined
    await failpoint('snapshot.locked')
    const [seen, now] = [await readStructures(session, oids), await readStructures(context.fresh, oids)]
    if (!oids.every((oid) => isUnchanged(seen.get(oid), now.get(oid)))) return undefined
    const tables = await readTables(context.fresh, oids)
    await context.types.require(
      [...tables.values()].flatMap(({ columns }) => columns),
      true,
    )
    const planned: PreparedTable[] = []
    for (const oid of oids)
      planned.push(await plan(tables.get(oid)!, now.get(oid)!, [], session.serverVersion, context, false))
    return planned.every(({ statements }) => statements.length === 1) ? planned : undefined
  } catch (failure) {
    if (CdcError.is(failure) && failure.code === 'LOCK_TIMEOUT') return undefined
    throw failure
  }
}

const isUnchanged = (seen: Structure | undefined, now: Structure | undefined) =>
  seen !== undefined && seen.kind === 'r' && !wasRewritten(seen) && sameStructure(seen, now)

async function prepare(session: Session, oid: number, context: PrepareContext): Promise<PreparedTable | Unread> {
  await session.query(`SAVEPOINT snapshot_table; SET LOCAL lock_timeout = ${LOCK_WAIT}`)
  const leaves = await readLeaves(session, [oid])
  const members = [...new Set([oid, ...leaves.map((leaf) => leaf.oid)])]
  const before = await readStructures(session, members)
  if (!before.has(oid)) return 'gone'
  if (!(await lock(session, [...before.values()]))) return 'changed'
  await failpoint('snapshot.locked')
  const [seen, now] = [await readStructures(session, members), await readStructures(context.fresh, members)]
  const root = now.get(oid)
  if (root === undefined) return 'gone'
  const unchanged = [...seen.values()].every((one) => !wasRewritten(one) && sameStructure(one, now.get(one.oid)))
  const leavesNow = new Set((await readLeaves(context.fresh, [oid])).map((leaf) => leaf.oid))
  if (!unchanged || leavesNow.size !== leaves.length || leaves.some((leaf) => !leavesNow.has(leaf.oid)))
    return 'changed'
  const table = (await readTables(context.fresh, [oid])).get(oid)!
  return plan(table, root, leaves, session.serverVersion, context)
}

/** Lets go of the table's lock. */
export async function releaseTable(session: Session): Promise<void> {
  await session.query('ROLLBACK TO SAVEPOINT snapshot_table')
}

/** False when a table is not there any more under the name that the snapshot knows. */
async function lock(session: Session, tables: readonly Structure[], wait: '' | 'NOWAIT' = ''): Promise<boolean> {
  const names = tables.map(({ schema, name }) => `ONLY ${quoteQualified(schema, name)}`)
  try {
    await session.query(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE ${wait}`, [], { timeout: 0 })
    return true
  } catch (failure) {
    if (CdcError.is(failure) && (failure.code === 'TABLE_NOT_FOUND' || failure.code === 'SCHEMA_NOT_FOUND'))
      return false
    throw failure
  }
}

/** The shape of a table by the catalog alone, as its first streamed row would have it too. */
export async function catalogShape(
  table: CatalogTable,
  leaves: readonly Leaf[],
  context: Omit<PrepareContext, 'fresh'>,
  typesMayBeOld = true,
): Promise<Pick<PreparedTable, 'table' | 'columns'>> {
  const { rules, publication, types, database } = context
  const listed = publication?.tables.find((one) => one.oid === table.oid)?.columns
  const names = publishedColumns(table, listed, publication?.generatedColumns)
  const columns = table.columns.filter(({ name }) => names.has(name))
  await types.require(columns, typesMayBeOld)
  const typed = columns.map(({ name, typeOid, typmod }) => ({ name, ...dataTypeOf(typeOid, typmod, types.catalog)! }))
  const { table: shape, pick } = shapeOf(
    {
      database,
      oid: table.oid,
      schema: table.schema,
      name: table.name,
      identity: effectiveIdentity(table, leaves, publication?.viaRoot ?? true),
      columns: typed,
      key: catalogKey(table, rules),
      identityColumns: table.identity === 'index' ? table.identityIndex : undefined,
      unique: table.uniqueIndex,
      advice: advice(table, undefined),
    },
    rules,
  )
  return { table: shape, columns: pick === undefined ? typed : pick.map((place) => typed[place]!) }
}

async function plan(
  table: CatalogTable,
  root: Structure,
  leaves: readonly Leaf[],
  version: number,
  context: PrepareContext,
  typesMayBeOld = true,
): Promise<PreparedTable> {
  const { rules, publication } = context
  const shape = await catalogShape(table, leaves, context, typesMayBeOld)
  const list = shape.columns.map(({ name }) => name)
  const override = rules.overrideOf(`${table.schema}.${table.name}`)
  if (override !== undefined)
    return { ...shape, statements: [copyStatement({ ...root, blocks: undefined }, list, undefined, override)] }
  const own = publication?.tables.find((one) => one.oid === table.oid)
  // foreign partitions are not in the log
  const files = table.kind === 'p' ? leaves.filter(({ kind }) => kind === 'r') : [{ ...root, pages: table.pages }]
  const statements = files.flatMap((file) => {
    const filter = (publication?.tables.find((one) => one.oid === file.oid) ?? own)?.rowFilter
    return partsOf(file, version).map((part) => copyStatement(part, list, filter, undefined))
  })
  return { ...shape, statements }
}

/** The columns that the stream sends: never generated ones, unless the publication says so (18 and later). */
function publishedColumns(
  table: CatalogTable,
  listed: readonly string[] | undefined,
  generated: 'none' | 'stored' | undefined,
): Set<string> {
  const sent = table.columns.filter(
    (column) =>
      column.generated === '' ||
      (column.generated === 's' &&
        (generated === 'stored' || (listed?.includes(column.name) && generated !== undefined))),
  )
  return new Set(sent.map(({ name }) => name).filter((name) => listed === undefined || listed.includes(name)))
}
