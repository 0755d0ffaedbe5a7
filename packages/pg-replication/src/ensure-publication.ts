import { CdcError, failpoint } from '@cdc/core'
import type { Session } from './connection/session.ts'
import { pgError } from './errors.ts'
import { ServerError, serverError, sqlStateOf } from './postgres-error.ts'
import { type Publication, readPublication, type TableName } from './publication.ts'
import { quoteIdentifier, quoteLiteral, quoteQualified } from './quote.ts'

/** Debezium's publication.autocreate.mode. */
export type AutocreateMode = 'all_tables' | 'filtered' | 'disabled' | 'no_tables'

export interface EnsurePublicationOptions {
  readonly name: string
  readonly mode: AutocreateMode
  /** The tables to be read; of partitioned tables the roots. */
  readonly tables: readonly TableName[]
}

export interface EnsuredPublication {
  readonly publication: Publication
  readonly created: boolean
  /** What was run. */
  readonly statements: readonly string[]
}

/**
 * Uses the publication when it exists, else creates it as the mode says; it must come before the slot. Throws
 * PUBLICATION_MISSING (disabled) and PUBLICATION_RIGHT with the exact statement to run. Does not look at whether it has
 * the tables: `assertPublished` does.
 */
export async function ensurePublication(
  session: Session,
  options: EnsurePublicationOptions,
): Promise<EnsuredPublication> {
  const existing = await readPublication(session, options.name)
  if (existing !== undefined) return { publication: existing, created: false, statements: [] }
  const statement = await createStatement(session, options)
  if (options.mode === 'disabled') throw missing(options, statement)
  try {
    await failpoint('publication.create')
    await session.query(statement, [], { doing: `creating publication "${options.name}"` })
    await failpoint('publication.created')
  } catch (error) {
    // two pipelines that start together: the other was faster
    if (sqlStateOf(error) !== '42710') throw creationFailure(session, options, statement, CdcError.from(error))
  }
  const publication = await readPublication(session, options.name)
  if (publication === undefined) throw missing(options, statement)
  return { publication, created: true, statements: [statement] }
}

/** What ensurePublication would run; [] when nothing, or when the mode is `disabled`. */
export async function planPublication(session: Session, options: EnsurePublicationOptions): Promise<string[]> {
  if (options.mode === 'disabled' || (await readPublication(session, options.name)) !== undefined) return []
  return [await createStatement(session, options)]
}

/**
 * Throws PUBLICATION_LACKS_TABLE naming every table that the stream would not bring, with the statement to run, and
 * PUBLICATION_LACKS_OPERATIONS.
 */
export async function assertPublished(
  session: Session,
  publication: Publication,
  tables: readonly TableName[],
): Promise<void> {
  const { name, publishes, allTables } = publication
  if (!publishes.insert || !publishes.update || !publishes.delete) {
    const lacks = (['insert', 'update', 'delete'] as const).filter((operation) => !publishes[operation])
    throw pgError('PUBLICATION_LACKS_OPERATIONS', {
      message: `Publication "${name}" leaves out ${lacks.join(' and ')}.`,
      hint: `Run as its owner: ALTER PUBLICATION ${quoteIdentifier(name)} SET (publish = 'insert, update, delete, truncate');`,
    })
  }
  const published = new Set(publication.tables.map(({ schema, name }) => quoteQualified(schema, name)))
  const wanted = await expandPartitions(session, tables, publication)
  const lacking = wanted.filter(({ schema, name }) => !published.has(quoteQualified(schema, name)))
  if (lacking.length === 0) return
  const list = lacking.map(({ schema, name }) => quoteQualified(schema, name))
  throw pgError('PUBLICATION_LACKS_TABLE', {
    message: `Publication "${name}" lacks ${list.length === 1 ? 'table' : `${list.length} tables`} ${lacking.map(({ schema, name }) => `${schema}.${name}`).join(', ')}.`,
    hint: allTables
      ? 'It is FOR ALL TABLES, which leaves out unlogged, temporary, foreign and system tables and views: do not ask for those.'
      : `Run as the owner of publication and tables: ALTER PUBLICATION ${quoteIdentifier(name)} ADD TABLE ${list.join(', ')}; rows that changed before are not sent: start over (reset) to read the table anew.`,
    where: { table: `${lacking[0]!.schema}.${lacking[0]!.name}` },
  })
}

/** CREATE PUBLICATION as this server's version knows it. */
async function createStatement(session: Session, options: EnsurePublicationOptions): Promise<string> {
  const { name, mode } = options
  const viaRoot = session.serverVersion >= 130_000 ? ' WITH (publish_via_partition_root = true)' : ''
  const head = `CREATE PUBLICATION ${quoteIdentifier(name)}`
  if (mode === 'all_tables') return `${head} FOR ALL TABLES${viaRoot};`
  const tables = await expandPartitions(session, options.tables, { viaRoot: viaRoot !== '' })
  if (mode === 'no_tables' || tables.length === 0) return `${head}${viaRoot};`
  return `${head} FOR TABLE ${tables.map(({ schema, name: table }) => quoteQualified(schema, table)).join(', ')}${viaRoot};`
}

/** Where roots cannot stand for their partitions, the leaves do. What is not there stays, to be complained about. */
async function expandPartitions(
  session: Session,
  tables: readonly TableName[],
  { viaRoot }: Pick<Publication, 'viaRoot'>,
): Promise<readonly TableName[]> {
  if (viaRoot || tables.length === 0) return tables
  const json = JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })))
  const rows = await session.query(
    `WITH RECURSIVE wanted (oid, kind) AS (
  SELECT c.oid, c.relkind FROM ROWS FROM (pg_catalog.jsonb_array_elements($1::pg_catalog.jsonb)) w (t)
  JOIN pg_catalog.pg_namespace n ON n.nspname = t ->> 'schema'
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t ->> 'name'
  UNION SELECT c.oid, c.relkind FROM wanted w JOIN pg_catalog.pg_inherits i ON i.inhparent = w.oid AND w.kind = 'p'
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid)
SELECT n.nspname AS schema, c.relname AS name FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE w.kind <> 'p'
UNION SELECT t ->> 'schema', t ->> 'name' FROM ROWS FROM (pg_catalog.jsonb_array_elements($1::pg_catalog.jsonb)) w (t)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = t ->> 'schema' AND c.relname = t ->> 'name') ORDER BY 1, 2`,
    [json],
    { doing: 'listing partitions' },
  )
  return rows.map(({ schema, name }) => ({ schema: schema!, name: name! }))
}

function missing({ name }: EnsurePublicationOptions, statement: string): CdcError {
  return pgError('PUBLICATION_MISSING', {
    message: `There is no publication "${name}" in this database, and publication.autocreate.mode is disabled.`,
    hint: `Run as the owner of the tables, before the slot is made: ${statement}`,
    where: { option: 'publication.name' },
  })
}

function creationFailure(
  session: Session,
  { name, mode }: EnsurePublicationOptions,
  statement: string,
  failure: CdcError,
): CdcError {
  if (sqlStateOf(failure) !== '42501' || !(failure.cause instanceof ServerError)) return failure
  const { user, database } = session.options
  const managed = `on Aiven: SELECT * FROM aiven_extras.pg_create_publication_for_all_tables(${quoteLiteral(name)}, 'INSERT,UPDATE,DELETE,TRUNCATE');`
  const hint =
    mode === 'all_tables'
      ? `Run as superuser: ${statement} Or set publication.autocreate.mode to filtered, which needs only the tables' owner; ${managed}`
      : `Run as the owner of the tables: ${statement} If ${user} owns them, it lacks CREATE: GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)};`
  return serverError('PUBLICATION_RIGHT', failure.cause, `the creation of publication "${name}"`, {}, hint)
}
