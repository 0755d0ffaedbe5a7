import type { Connection } from './connection.ts'
import { quoteQualified } from './quote.ts'

/** A column of the target as its catalog has it. */
export interface TargetColumn {
  readonly name: string
  /** With its modifier: `numeric(10,2)`. */
  readonly type: string
  /** The name of the type without modifier, of a domain's base type where it is one: `int4`, `_text`. */
  readonly base: string
  readonly builtIn: boolean
  readonly array: boolean
  readonly notNull: boolean
  readonly hasDefault: boolean
  readonly generated: boolean
  readonly identity: 'always' | 'default' | undefined
}

/** A unique index without predicate and expressions: something that rows can be found by. */
export interface UniqueIndex {
  readonly primary: boolean
  /** Not of a deferrable constraint. */
  readonly immediate: boolean
  /** The name of each column, with its equality operator ready for SQL: `OPERATOR(pg_catalog.=)`. */
  readonly columns: ReadonlyMap<string, string>
}

export interface Target {
  readonly oid: string
  readonly schema: string
  readonly name: string
  /** Quoted, for SQL. */
  readonly sql: string
  /** pg_class.relkind. */
  readonly kind: string
  readonly columns: readonly TargetColumn[]
  readonly indexes: readonly UniqueIndex[]
  /** Tables that its foreign keys point at, by OID. */
  readonly parents: readonly string[]
  /** Tables whose foreign keys point at it. */
  readonly children: readonly string[]
  /** Do row security policies stand in the way of COPY? */
  readonly guarded: boolean
  /** Rights that the user lacks, of SELECT, INSERT, UPDATE, DELETE. */
  readonly lacking: readonly string[]
}

/** The target table, or undefined where there is none of this name. */
export async function readTarget(connection: Connection, schema: string, name: string): Promise<Target | undefined> {
  const flight = connection.flight()
  flight.run(tableQuery, [schema, name])
  flight.run(columnQuery(connection.serverVersion), [schema, name])
  flight.run(indexQuery(connection.serverVersion), [schema, name])
  flight.run(foreignKeyQuery, [schema, name])
  const [tables, columns, indexes, foreignKeys] = (await flight.send()).map(({ rows }) => rows)
  const row = tables![0]
  if (row === undefined) return undefined
  const [oid, kind, guarded, ...rights] = row
  return {
    oid: oid!,
    schema,
    name,
    sql: quoteQualified(schema, name),
    kind: kind!,
    columns: columns!.map(readColumn),
    indexes: readIndexes(indexes!),
    parents: [...new Set(foreignKeys!.filter(([child]) => child === oid).map(([, parent]) => parent!))],
    children: [...new Set(foreignKeys!.filter(([, parent]) => parent === oid).map(([child]) => child!))],
    guarded: guarded === 't',
    lacking: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'].filter((_, i) => rights[i] !== 't'),
  }
}

/** Does any table of the database have constraints, or constraint triggers, that are checked at COMMIT? */
export async function hasDeferred(connection: Connection): Promise<boolean> {
  const [found] = await connection.query('SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE condeferred)')
  return found?.[0] === 't'
}

const where = `WHERE n.nspname = $1 AND c.relname = $2`

const tableQuery = `
SELECT c.oid, c.relkind, c.relkind IN ('r', 'p') AND pg_catalog.row_security_active(c.oid),
  has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT'),
  has_table_privilege(c.oid, 'UPDATE'), has_table_privilege(c.oid, 'DELETE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace ${where}`

const columnQuery = (version: number) => `
SELECT a.attname, format_type(a.atttypid, a.atttypmod), coalesce(b.typname, t.typname),
  coalesce(b.typnamespace, t.typnamespace) = 'pg_catalog'::regnamespace, coalesce(b.typelem, t.typelem) <> 0 AND coalesce(b.typlen, t.typlen) = -1,
  a.attnotnull, a.atthasdef, ${version >= 120000 ? `a.attgenerated <> ''` : 'false'}, a.attidentity
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
${where} ORDER BY a.attnum`

const indexQuery = (version: number) => `
SELECT i.indexrelid, i.indisprimary, i.indimmediate, a.attname, format('OPERATOR(%I.%s)', o.nspname, p.oprname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_index i ON i.indrelid = c.oid
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
JOIN pg_opclass oc ON oc.oid = i.indclass[k.place - 1]
JOIN pg_amop m ON m.amopfamily = oc.opcfamily AND m.amopstrategy = 3 AND m.amoplefttype = oc.opcintype AND m.amoprighttype = oc.opcintype
JOIN pg_operator p ON p.oid = m.amopopr JOIN pg_namespace o ON o.oid = p.oprnamespace
${where} AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND k.place <= ${version >= 110000 ? 'i.indnkeyatts' : 'i.indnatts'}
ORDER BY NOT i.indisprimary, NOT i.indimmediate, i.indexrelid, k.place`

const foreignKeyQuery = `
SELECT f.conrelid, f.confrelid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_constraint f ON f.contype = 'f' AND (f.conrelid = c.oid OR f.confrelid = c.oid) ${where}`

function readColumn(row: readonly (string | null)[]): TargetColumn {
  const [name, type, base, builtIn, array, notNull, hasDefault, generated, identity] = row
  return {
    name: name!,
    type: type!,
    base: base!,
    builtIn: builtIn === 't',
    array: array === 't',
    notNull: notNull === 't',
    hasDefault: hasDefault === 't',
    generated: generated === 't',
    identity: identity === 'a' ? 'always' : identity === 'd' ? 'default' : undefined,
  }
}

function readIndexes(rows: readonly (readonly (string | null)[])[]): UniqueIndex[] {
  const indexes = new Map<string, UniqueIndex & { columns: Map<string, string> }>()
  for (const [oid, primary, immediate, column, operator] of rows) {
    let index = indexes.get(oid!)
    if (index === undefined) {
      index = { primary: primary === 't', immediate: immediate === 't', columns: new Map() }
      indexes.set(oid!, index)
    }
    index.columns.set(column!, operator!)
  }
  return [...indexes.values()]
}
