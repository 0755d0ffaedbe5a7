import { quoteIdentifier, quoteQualified, type Session } from '@cdc/pg-replication'

/** A table as the transaction's snapshot shows it, beside what is on disk now. */
export interface Structure {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: string
  /** The file that the snapshot knows, and the file that there is: another one means that the table was rewritten. */
  readonly file: string
  readonly fileNow: string | null
  /** Numbers, names, types and modifiers of the columns, as one text to compare. */
  readonly columns: string
  readonly names: readonly string[]
}

/** Reads the structure of tables through SQL, which goes by the snapshot of the session's transaction. */
export async function readStructures(session: Session, oids: readonly number[]): Promise<Map<number, Structure>> {
  if (oids.length === 0) return new Map()
  const generated = session.serverVersion >= 120000 ? 'a.attgenerated::text' : "''"
  const rows = await session.query(
    `SELECT c.oid::text AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
       c.relfilenode::text AS file, pg_catalog.pg_relation_filenode(c.oid)::text AS file_now,
       (SELECT json_agg(json_build_array(a.attnum, a.attname::text, a.atttypid::bigint, a.atttypmod, ${generated})
          ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::text AS columns
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[])`,
    [`{${oids.join(',')}}`],
    { timeout: 0 },
  )
  return new Map(rows.map((row) => [Number(row.oid), structure(row)]))
}

function structure(row: Readonly<Record<string, string | null>>): Structure {
  const columns = row.columns ?? '[]'
  return {
    oid: Number(row.oid),
    schema: row.schema!,
    name: row.name!,
    kind: row.kind!,
    file: row.file!,
    fileNow: row.file_now!,
    columns,
    names: (JSON.parse(columns) as [number, string][]).map(([, name]) => name),
  }
}

/** Was the table given a new file since the snapshot? Under it a rewritten or truncated table looks empty. */
export function wasRewritten({ kind, file, fileNow }: Structure): boolean {
  return kind !== 'p' && file !== '0' && file !== fileNow
}

/** Do both show the same table, under the same name and with the same columns? */
export function sameStructure(a: Structure, b: Structure | undefined): boolean {
  return b !== undefined && a.schema === b.schema && a.name === b.name && a.kind === b.kind && a.columns === b.columns
}

/** What one COPY reads. */
export interface ReadPart {
  readonly schema: string
  readonly name: string
  /** Blocks of the table; undefined: the whole. The last range is open, since the table may have grown. */
  readonly blocks: { readonly from: number; readonly to: number | undefined } | undefined
}

/** Blocks of one range: 32 MiB of a table. */
const RANGE = 4096

/** Ranges that cover the table whatever its size is by then. Before PostgreSQL 14 a range would read the whole of it. */
export function partsOf(table: { schema: string; name: string; pages: number }, version: number): ReadPart[] {
  const { schema, name, pages } = table
  if (version < 140000 || pages < 2 * RANGE) return [{ schema, name, blocks: undefined }]
  const count = Math.floor(pages / RANGE)
  return Array.from({ length: count }, (_, i) => ({
    schema,
    name,
    blocks: { from: i * RANGE, to: i === count - 1 ? undefined : (i + 1) * RANGE },
  }))
}

/** The statement that reads a part. `filter` is the publication's row filter, as the server prints it. */
export function copyStatement(
  part: ReadPart,
  columns: readonly string[],
  filter: string | undefined,
  override: string | undefined,
): string {
  const list = columns.map(quoteIdentifier).join(', ')
  if (override !== undefined) return `COPY (SELECT ${list} FROM (${override}) AS snapshot_override) TO STDOUT`
  const conditions: string[] = []
  if (part.blocks !== undefined) {
    const { from, to } = part.blocks
    conditions.push(`ctid >= '(${from},0)'::pg_catalog.tid`)
    if (to !== undefined) conditions.push(`ctid < '(${to},0)'::pg_catalog.tid`)
  }
  if (filter !== undefined) conditions.push(`(${filter})`)
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  return `COPY (SELECT ${list} FROM ONLY ${quoteQualified(part.schema, part.name)}${where}) TO STDOUT`
}
