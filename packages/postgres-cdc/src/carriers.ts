import type { Publication, Session } from '@cdc/pg-replication'
import { type Relation, readLeaves } from './catalog.ts'

/** A table that a publication brings changes of a chosen table through. */
export interface Carrier {
  /** The chosen table. */
  readonly table: Relation
  /** The same, or a partition of it. */
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly partition: boolean
  /** pg_publication_rel.oid or pg_publication_namespace.oid; undefined where none brings it, or none needs to (ALL TABLES). */
  readonly entry: number | undefined
}

/**
 * What changes of these tables come through. A partitioned table that is not in the publication itself, as it cannot be
 * before PostgreSQL 13, comes through its partitions.
 */
export async function carriersOf(
  session: Session,
  publication: Publication,
  tables: readonly Relation[],
): Promise<Carrier[]> {
  const entries = await entriesOf(session, publication, tables)
  const roots = new Map<number, Relation>()
  for (const table of tables)
    if (table.kind === 'p' && entries.get(table.oid) === undefined && !publication.allTables)
      roots.set(table.oid, table)
  const leaves = await readLeaves(session, [...roots.keys()])
  const ofLeaves = leaves.length === 0 ? entries : await entriesOf(session, publication, leaves)
  const own = tables.filter(({ oid }) => !roots.has(oid))
  return [
    ...own.map((table) => ({ ...table, table, partition: false, entry: entries.get(table.oid) })),
    ...leaves.map((leaf) => ({
      ...leaf,
      table: roots.get(leaf.root)!,
      partition: true,
      entry: ofLeaves.get(leaf.oid),
    })),
  ]
}

/** By chosen table the entry of the publication that brings it; undefined for one that needs none (ALL TABLES). */
async function entriesOf(
  session: Session,
  publication: Publication,
  tables: readonly { readonly oid: number }[],
): Promise<Map<number, number | undefined>> {
  const oids = `{${tables.map(({ oid }) => oid).join(',')}}`
  // a partition may be published through any of its ancestors, a table through its schema
  const schemas =
    session.serverVersion >= 150000
      ? `UNION ALL SELECT u.start, m.oid FROM up u JOIN pg_catalog.pg_class c ON c.oid = u.oid
           JOIN pg_catalog.pg_publication_namespace m ON m.pnnspid = c.relnamespace AND m.pnpubid = $2::oid`
      : ''
  const rows = await session.query(
    `WITH RECURSIVE up (start, oid) AS (
       SELECT o, o FROM pg_catalog.unnest($1::oid[]) AS o
       UNION ALL SELECT u.start, i.inhparent FROM up u JOIN pg_catalog.pg_class c ON c.oid = u.oid AND c.relispartition
         JOIN pg_catalog.pg_inherits i ON i.inhrelid = u.oid)
     SELECT start::text AS table, min(entry)::text AS entry FROM (
       SELECT u.start, r.oid::bigint AS entry FROM up u JOIN pg_catalog.pg_publication_rel r ON r.prrelid = u.oid AND r.prpubid = $2::oid
       ${schemas.replace('m.oid FROM', 'm.oid::bigint FROM')}) AS found (start, entry) GROUP BY start`,
    [oids, String(publication.oid)],
  )
  const found = new Map(rows.map((row) => [Number(row.table), Number(row.entry)]))
  return new Map(tables.map(({ oid }) => [oid, found.get(oid)]))
}
