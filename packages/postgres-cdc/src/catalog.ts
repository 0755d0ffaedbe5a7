import type { Column, Identity } from '@cdc/core'
import { dataTypeOf, type Session, TypeCatalog, typeCatalogQuery } from '@cdc/pg-replication'

/** What pg_class says of everything that a pattern may meet, one line each. */
export interface Relation {
  readonly oid: number
  readonly schemaOid: number
  readonly schema: string
  readonly name: string
  /** pg_class.relkind: r table, p partitioned, v view, m materialised view, f foreign. */
  readonly kind: string
  /** pg_class.relpersistence: p permanent, u unlogged, t temporary. */
  readonly persistence: string
  /** The partitioned table that it is a partition of. */
  readonly parent: number | undefined
}

/** Every table-like object outside of the system's schemas. */
export async function readRelations(session: Session): Promise<Relation[]> {
  const rows = await session.query(`
    SELECT c.oid::text AS oid, n.oid::text AS schema_oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
      c.relpersistence::text AS persistence,
      (SELECT i.inhparent::text FROM pg_catalog.pg_inherits i WHERE c.relispartition AND i.inhrelid = c.oid) AS parent
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND left(n.nspname::text, 3) <> 'pg_' AND n.nspname <> 'information_schema'
    ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C"`)
  return rows.map((row) => ({
    oid: Number(row.oid),
    schemaOid: Number(row.schema_oid),
    schema: row.schema!,
    name: row.name!,
    kind: row.kind!,
    persistence: row.persistence!,
    parent: row.parent === null ? undefined : Number(row.parent),
  }))
}

/** The names of all schemas that are no system's. */
export async function readSchemas(session: Session): Promise<string[]> {
  const rows = await session.query(`SELECT nspname::text AS name FROM pg_catalog.pg_namespace
    WHERE left(nspname::text, 3) <> 'pg_' AND nspname <> 'information_schema' ORDER BY 1`)
  return rows.map((row) => row.name!)
}

/** A column as pg_attribute has it. */
export interface CatalogColumn {
  readonly number: number
  readonly name: string
  readonly typeOid: number
  readonly typmod: number
  readonly notNull: boolean
  /** attgenerated: '' none, s stored, v virtual. */
  readonly generated: string
  /** attidentity: '' none, a always, d by default. */
  readonly identity: string
  readonly default: string | undefined
  readonly comment: string | undefined
}

/** Everything about one table, as the catalog has it now. */
export interface CatalogTable {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: string
  readonly identity: Identity
  readonly columns: readonly CatalogColumn[]
  /** Names of the primary key's columns, in its order. */
  readonly primaryKey: readonly string[]
  /** Names of the columns of the index of REPLICA IDENTITY USING INDEX. */
  readonly identityIndex: readonly string[]
  /** Names of the columns of the first unique index, by name, that has no expression, no condition and no nulls. */
  readonly uniqueIndex: readonly string[]
  /** Estimates of the planner, -1 when never analysed; the size is exact. */
  readonly rows: number
  readonly pages: number
  /** Does the role have SELECT and USAGE, and no row-level security in the way? */
  readonly readable: 'yes' | 'no-usage' | 'no-select' | 'policies'
}

const identities: Readonly<Record<string, Identity>> = { d: 'default', f: 'full', i: 'index', n: 'nothing' }

/** The tables of these OIDs that still exist, by OID. */
export async function readTables(session: Session, oids: readonly number[]): Promise<Map<number, CatalogTable>> {
  if (oids.length === 0) return new Map()
  const rows = await session.query(tableQuery(session.serverVersion), [`{${oids.join(',')}}`])
  return new Map(rows.map((row) => [Number(row.oid), catalogTable(row)]))
}

function tableQuery(version: number): string {
  const generated = version >= 120000 ? 'a.attgenerated::text' : "''"
  const keys = version >= 110000 ? 'i.indnkeyatts' : 'i.indnatts'
  return `
    SELECT c.oid::text AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
      c.relreplident::text AS identity, c.reltuples::text AS rows,
      (coalesce(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::int)::text AS pages,
      pg_catalog.has_schema_privilege(n.oid, 'USAGE')::text AS usage,
      (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))::text AS readable,
      pg_catalog.row_security_active(c.oid)::text AS policies,
      (SELECT json_agg(json_build_array(a.attnum, a.attname::text, a.atttypid::bigint, a.atttypmod, a.attnotnull,
          ${generated}, a.attidentity::text, pg_catalog.pg_get_expr(d.adbin, d.adrelid),
          pg_catalog.col_description(c.oid, a.attnum)) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a
        LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::text AS columns,
      (SELECT json_agg(json_build_array(i.indisprimary, i.indisreplident, i.indkey::text, ${keys},
          i.indisunique AND i.indisvalid AND i.indexprs IS NULL AND i.indpred IS NULL) ORDER BY x.relname::text COLLATE "C")
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND (i.indisprimary OR i.indisreplident OR i.indisunique) AND i.indislive)::text AS indexes
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY ($1::oid[])`
}

type ColumnTuple = [number, string, number, number, boolean, string, string, string | null, string | null]
type IndexTuple = [boolean, boolean, string, number, boolean]

function catalogTable(row: Readonly<Record<string, string | null>>): CatalogTable {
  const columns = ((JSON.parse(row.columns ?? 'null') as ColumnTuple[] | null) ?? []).map(catalogColumn)
  const indexes = (JSON.parse(row.indexes ?? 'null') as IndexTuple[] | null) ?? []
  const required = new Set(columns.filter(({ notNull }) => notNull).map(({ name }) => name))
  const byNumber = new Map(columns.map((column) => [column.number, column.name]))
  const names = (index: IndexTuple | undefined) =>
    (index?.[2].split(' ').slice(0, index[3]) ?? []).map((number) => byNumber.get(Number(number))!)
  return {
    oid: Number(row.oid),
    schema: row.schema!,
    name: row.name!,
    kind: row.kind!,
    identity: identities[row.identity!]!,
    columns,
    primaryKey: names(indexes.find(([primary]) => primary)),
    uniqueIndex:
      indexes
        .filter(([, , , , whole]) => whole)
        .map(names)
        .find((found) => found.every((name) => required.has(name))) ?? [],
    identityIndex: row.identity === 'i' ? names(indexes.find(([, identity]) => identity)) : [],
    rows: Number(row.rows),
    pages: Number(row.pages),
    readable:
      row.usage !== 'true'
        ? 'no-usage'
        : row.readable !== 'true'
          ? 'no-select'
          : row.policies === 'true'
            ? 'policies'
            : 'yes',
  }
}

function catalogColumn(tuple: ColumnTuple): CatalogColumn {
  const [number, name, typeOid, typmod, notNull, generated, identity, expression, comment] = tuple
  return {
    number,
    name,
    typeOid,
    typmod,
    notNull,
    generated,
    identity,
    default: expression ?? undefined,
    comment: comment ?? undefined,
  }
}

/** A leaf of a partitioned table: what really holds rows. */
export interface Leaf {
  /** The partitioned table that was asked for. */
  readonly root: number
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: string
  readonly identity: Identity
  readonly pages: number
}

/** The leaves of partitioned tables, in the order of their names. Uses the snapshot of the session's transaction. */
export async function readLeaves(session: Session, roots: readonly number[]): Promise<Leaf[]> {
  if (roots.length === 0) return []
  const rows = await session.query(
    `WITH RECURSIVE tree (root, oid) AS (
       SELECT r, r FROM pg_catalog.unnest($1::oid[]) AS r
       UNION ALL SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid)
     SELECT t.root::text AS root, c.oid::text AS oid, n.nspname::text AS schema, c.relname::text AS name,
       c.relkind::text AS kind, c.relreplident::text AS identity,
       (coalesce(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::int)::text AS pages
     FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.oid AND c.relkind <> 'p'
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C"`,
    [`{${roots.join(',')}}`],
  )
  return rows.map((row) => ({
    root: Number(row.root),
    oid: Number(row.oid),
    schema: row.schema!,
    name: row.name!,
    kind: row.kind!,
    identity: identities[row.identity!]!,
    pages: Number(row.pages),
  }))
}

/** The types of the database, read again when one turns up that was made since. */
export class Types {
  readonly #session: Session
  #catalog = new TypeCatalog()

  constructor(session: Session) {
    this.#session = session
  }

  get catalog(): TypeCatalog {
    return this.#catalog
  }

  /** Reads the catalog when one of these types is not known yet. `again`: labels and the like may have changed. */
  async require(
    columns: readonly { readonly typeOid: number; readonly typmod: number }[],
    again = false,
  ): Promise<void> {
    const known = columns.every(({ typeOid, typmod }) => dataTypeOf(typeOid, typmod, this.#catalog) !== undefined)
    const own = columns.some(({ typeOid }) => typeOid >= FIRST_NORMAL_OID)
    if (!known || (own && again)) await this.reload()
  }

  async reload(): Promise<void> {
    this.#catalog = TypeCatalog.from(await this.#session.query(typeCatalogQuery))
  }
}
const FIRST_NORMAL_OID = 16384

/** Facts that decide nothing, from the catalog. */
export function advisory(column: CatalogColumn | undefined): Partial<Column> {
  if (column === undefined) return {}
  return {
    nullable: !column.notNull,
    ...(column.default === undefined || column.generated !== '' ? {} : { default: column.default }),
    ...(column.generated === '' ? {} : { generated: true }),
    ...(column.identity === '' ? {} : { identity: column.identity === 'a' ? 'always' : 'default' }),
    ...(column.comment === undefined ? {} : { comment: column.comment }),
  }
}
