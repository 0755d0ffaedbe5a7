import type { Session, TextRow } from './connection/session.ts'

/** A table, by its names as the catalog has them. */
export interface TableName {
  readonly schema: string
  readonly name: string
}

/** A table of a publication, as the stream names it (via root: the root; else the leaves). */
export interface PublishedTable extends TableName {
  /** pg_class.oid */
  readonly oid: number
  /** pg_publication_rel.oid; undefined when it comes through ALL TABLES, a schema, or a partition's root. */
  readonly entry: number | undefined
  /** 15+: the row filter as the server prints it. */
  readonly rowFilter: string | undefined
  /** 15+: the column list; undefined where all are published. */
  readonly columns: readonly string[] | undefined
}

export interface Publication {
  readonly name: string
  /** pg_publication.oid: a publication dropped and made again has another. */
  readonly oid: number
  /** pg_publication.xmin: another whenever its options are set, its owner changes or its name. */
  readonly altered: string
  /** OID of the role that owns it. */
  readonly owner: number
  readonly allTables: boolean
  readonly publishes: {
    readonly insert: boolean
    readonly update: boolean
    readonly delete: boolean
    readonly truncate: boolean
  }
  /** 13+; false before. */
  readonly viaRoot: boolean
  /** 18+: are stored generated columns sent? undefined before. */
  readonly generatedColumns: 'none' | 'stored' | undefined
  readonly tables: readonly PublishedTable[]
  /** Names of schemas published as a whole (15+). */
  readonly schemas: readonly string[]
  /** OIDs of pg_publication_rel and pg_publication_namespace rows, ascending: a table taken out and put back is a gap. */
  readonly entries: readonly number[]
}

const publications = `SELECT pg_catalog.to_jsonb(p) AS publication, p.oid, p.xmin::pg_catalog.text AS altered FROM pg_catalog.pg_publication p WHERE p.pubname = $1::pg_catalog.name`

/** undefined: there is none of this name in the database. */
export async function readPublication(session: Session, name: string): Promise<Publication | undefined> {
  const doing = { doing: `reading publication "${name}"` }
  const [row] = await session.query(publications, [name], doing)
  if (row === undefined) return undefined
  const found = JSON.parse(row.publication!) as Record<string, boolean | number | string | undefined>
  const tables = await session.query(tablesOf(session.serverVersion), [name], doing)
  const entries = await session.query(entriesOf(session.serverVersion), [row.oid!], doing)
  return {
    name,
    oid: Number(row.oid),
    altered: row.altered!,
    owner: Number(found.pubowner),
    allTables: found.puballtables === true,
    publishes: {
      insert: found.pubinsert === true,
      update: found.pubupdate === true,
      delete: found.pubdelete === true,
      truncate: found.pubtruncate === true,
    },
    viaRoot: found.pubviaroot === true,
    generatedColumns: generated(found.pubgencols),
    tables: tables.map(tableOf),
    schemas: entries.flatMap(({ schema }) => (schema === null ? [] : [schema!])),
    entries: entries.map(({ oid }) => Number(oid)),
  }
}

/** 18 has a letter, and later versions may have a boolean. */
function generated(value: boolean | number | string | undefined): Publication['generatedColumns'] {
  if (value === undefined) return undefined
  return value === 's' || value === true ? 'stored' : 'none'
}

function tablesOf(version: number): string {
  const rich = version >= 150_000
  // attnames lists all columns when there is no column list: only pg_publication_rel can tell
  const columns = rich
    ? `t.rowfilter AS filter, (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND r.prattrs IS NOT NULL AND a.attnum = ANY (r.prattrs::pg_catalog.int2[])) AS columns`
    : 'NULL AS filter, NULL AS columns'
  return `SELECT t.schemaname AS schema, t.tablename AS name, c.oid, r.oid AS entry, ${columns}
FROM pg_catalog.pg_publication_tables t
JOIN pg_catalog.pg_publication p ON p.pubname = t.pubname
JOIN pg_catalog.pg_namespace n ON n.nspname = t.schemaname
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
WHERE t.pubname = $1::pg_catalog.name ORDER BY 1, 2`
}

function entriesOf(version: number): string {
  const relations =
    'SELECT r.oid, NULL::pg_catalog.name AS schema FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = $1::pg_catalog.oid'
  if (version < 150_000) return `${relations} ORDER BY 1`
  return `${relations} UNION ALL SELECT m.oid, n.nspname FROM pg_catalog.pg_publication_namespace m
JOIN pg_catalog.pg_namespace n ON n.oid = m.pnnspid WHERE m.pnpubid = $1::pg_catalog.oid ORDER BY 1`
}

function tableOf(row: TextRow): PublishedTable {
  return {
    schema: row.schema!,
    name: row.name!,
    oid: Number(row.oid),
    entry: row.entry === null ? undefined : Number(row.entry),
    rowFilter: row.filter ?? undefined,
    columns: row.columns === null ? undefined : (JSON.parse(row.columns!) as string[]),
  }
}
