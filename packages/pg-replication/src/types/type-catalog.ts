import { parseArray } from '../values/array.ts'
import { builtinOid } from './builtin.ts'

/** A type that is not in the table of built-ins: made by a user, an extension or a newer server. */
export interface UserType {
  readonly oid: number
  readonly kind: 'base' | 'composite' | 'domain' | 'enum' | 'range' | 'multirange'
  /** `pg_type.typcategory`: `S` for strings. */
  readonly category: string
  /** What separates elements in an array of it. */
  readonly delimiter: string
  /** The OID of its array type; 0: none. */
  readonly array: number
  /** Domains: the OID of the type it is made on, and the modifier given to that; else 0 and -1. */
  readonly base: number
  readonly typmod: number
  /** Schema-qualified and quoted where needed: `public.citext`, `"S1".mood`. */
  readonly native: string
  /** Enums: the labels in order. Else empty. */
  readonly labels: readonly string[]
  /** How the server prints it with the modifiers in use: `public.vector(3)` by 3. */
  readonly modified: ReadonlyMap<number, string>
}

/** A row of `typeCatalogQuery`, every column as text. */
export type TypeCatalogRow = Readonly<Record<string, string | null>>

/**
 * Reads every type that may be a column's, on PostgreSQL 10 to 18, as any role. Needs an empty search_path (else
 * names of visible types come unqualified). Row types of tables are left out unless a column has one: each table has
 * one, and they are rarely used. Takes some milliseconds for each thousand types.
 */
export const typeCatalogQuery = `
SELECT t.oid::pg_catalog.text AS oid, t.typtype::pg_catalog.text AS kind, t.typcategory::pg_catalog.text AS category,
  t.typdelim::pg_catalog.text AS delimiter, t.typarray::pg_catalog.text AS array,
  t.typbasetype::pg_catalog.text AS base, t.typtypmod::pg_catalog.text AS typmod,
  pg_catalog.format_type(t.oid, NULL) AS native,
  CASE WHEN t.typtype = 'e' THEN (
    SELECT pg_catalog.array_agg(e.enumlabel::pg_catalog.text ORDER BY e.enumsortorder)::pg_catalog.text
    FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) END AS labels,
  CASE WHEN t.oid >= 16384 AND t.typmodout <> 0 AND t.typtype = 'b' THEN (
    SELECT pg_catalog.array_agg(DISTINCT a.atttypmod::pg_catalog.text || ' ' ||
      pg_catalog.format_type(t.oid, a.atttypmod))::pg_catalog.text
    FROM pg_catalog.pg_attribute a
    WHERE a.atttypid IN (t.oid, t.typarray) AND a.atttypmod >= 0 AND NOT a.attisdropped) END AS modified
FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
WHERE t.typtype IN ('b', 'c', 'd', 'e', 'r', 'm')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
  AND (t.typtype <> 'c' OR c.relkind = 'c'
    OR t.oid IN (SELECT atttypid FROM pg_catalog.pg_attribute)
    OR t.typarray IN (SELECT atttypid FROM pg_catalog.pg_attribute)
    OR t.oid IN (SELECT typbasetype FROM pg_catalog.pg_type)
    OR t.typarray IN (SELECT typbasetype FROM pg_catalog.pg_type))`

const kinds: Readonly<Record<string, UserType['kind']>> = {
  b: 'base',
  c: 'composite',
  d: 'domain',
  e: 'enum',
  r: 'range',
  m: 'multirange',
}

/**
 * The types of one database besides the built-in ones. A snapshot of the server's catalog: types made later are
 * unknown to it, and then another is read. Immutable but for `assume`.
 */
export class TypeCatalog {
  readonly #types = new Map<number, UserType>()
  readonly #elements = new Map<number, UserType>()

  constructor(types: Iterable<UserType> = []) {
    for (const type of types) this.#add(type)
  }

  /** From the rows of `typeCatalogQuery`. */
  static from(rows: readonly TypeCatalogRow[]): TypeCatalog {
    return new TypeCatalog(rows.map(userType))
  }

  /** The type with this OID; undefined for array types and what is not known. */
  type(oid: number): UserType | undefined {
    return this.#types.get(oid)
  }

  /** The element type of the array type with this OID. */
  element(arrayOid: number): UserType | undefined {
    return this.#elements.get(arrayOid)
  }

  /**
   * Takes what a pgoutput Type message said of a type that the catalog has no more (it was dropped after the change
   * was written). The message names the type under a domain, so a domain on a built-in type reads as that; all else
   * is kept as the server's text. Does nothing for a type that is known.
   */
  assume(oid: number, schema: string, name: string): void {
    if (this.#types.has(oid) || this.#elements.has(oid)) return
    const base = schema === '' || schema === 'pg_catalog' ? builtinOid(name) : undefined
    const native = schema === '' ? name : `${schema}.${name}`
    const kind = base === undefined ? 'base' : 'domain'
    const rest = { category: 'U', delimiter: ',', array: 0, typmod: -1, labels: [], modified: new Map() }
    this.#add({ oid, kind, base: base ?? 0, native, ...rest })
  }

  #add(type: UserType): void {
    this.#types.set(type.oid, type)
    if (type.array !== 0) this.#elements.set(type.array, type)
  }
}

function userType(row: TypeCatalogRow): UserType {
  return {
    oid: Number(row.oid),
    kind: kinds[row.kind ?? ''] ?? 'base',
    category: row.category ?? 'U',
    delimiter: row.delimiter ?? ',',
    array: Number(row.array),
    base: Number(row.base),
    typmod: Number(row.typmod),
    native: row.native ?? '',
    labels: texts(row.labels),
    modified: new Map(texts(row.modified).map(modifierAndName)),
  }
}

function texts(literal: string | null | undefined): string[] {
  return typeof literal === 'string' ? (parseArray(literal, ',', (text) => text) as string[]) : []
}

function modifierAndName(text: string): [number, string] {
  const space = text.indexOf(' ')
  return [Number(text.slice(0, space)), text.slice(space + 1)]
}
