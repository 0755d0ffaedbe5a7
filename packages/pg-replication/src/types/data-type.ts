import type { DataType } from '@cdc/core'
import { type BuiltinType, builtinElement, builtinType } from './builtin.ts'
import type { TypeCatalog, UserType } from './type-catalog.ts'
import { characterLength, intervalModifier, numericModifier, plainModifier } from './typmod.ts'

/** What a column's type is to the toolkit, and what reading its text needs. */
export interface ColumnType {
  readonly type: DataType
  /** As `pg_catalog.format_type(oid, typmod)` prints it with an empty search_path: `numeric(10,2)`, `"S1".mood[]`. */
  readonly native: string
  /** Of a domain: the type that it is made on in the end, printed in the same way. */
  readonly base?: string
  /** What separates the elements of an array: `;` for box[], `,` for every other built-in type. */
  readonly delimiter: string
}

/**
 * The type of a column by its OID and modifier (-1: none). undefined when neither PostgreSQL nor the catalog knows
 * the OID: then the catalog must be read again (`typeCatalogQuery`), and if it still is not there the type is gone and
 * `TypeCatalog.assume` takes what the stream told about it.
 *
 * A domain gives the type that it is made on, under the domain's name. Called once a column of each Relation message.
 */
export function dataTypeOf(oid: number, typmod: number, catalog: TypeCatalog): ColumnType | undefined {
  const builtin = builtinType(oid)
  if (builtin !== undefined) return builtinColumn(builtin, typmod)
  const element = builtinElement(oid)
  if (element !== undefined) return arrayOf(builtinColumn(element, typmod), delimiterOf(element))
  const user = catalog.type(oid)
  if (user !== undefined) return userColumn(user, typmod, catalog)
  const userElement = catalog.element(oid)
  if (userElement === undefined) return undefined
  const column = userColumn(userElement, typmod, catalog)
  return column === undefined ? undefined : arrayOf(column, userElement.delimiter)
}

/**
 * An element that is an array itself (a domain on an array type) stays text: as nested arrays it could not be told
 * from a second dimension.
 */
function arrayOf(element: ColumnType, delimiter: string): ColumnType {
  const type: DataType = element.type.kind === 'array' ? { kind: 'other' } : element.type
  return { type: { kind: 'array', element: type }, native: `${element.native}[]`, delimiter }
}

function delimiterOf(type: BuiltinType): string {
  return type.name === 'box' ? ';' : ','
}

function builtinColumn(type: BuiltinType, typmod: number): ColumnType {
  return { ...withModifier(type, typmod), delimiter: ',' }
}

const unlessAbsent = <K extends string>(key: K, value: number | undefined): { [P in K]?: number } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: number })

function withModifier(builtin: BuiltinType, typmod: number): { type: DataType; native: string } {
  const { name, kind, native } = builtin
  if (kind === 'decimal') {
    const modifier = numericModifier(typmod)
    if (modifier === undefined) return { type: { kind }, native }
    return { type: { kind, ...modifier }, native: `numeric(${modifier.precision},${modifier.scale})` }
  }
  if (kind === 'time' || kind === 'timetz' || kind === 'timestamp' || kind === 'timestamptz') {
    const precision = plainModifier(typmod)
    const type: DataType = { kind, ...unlessAbsent('precision', precision) }
    return { type, native: precision === undefined ? native : native.replace(' ', `(${precision}) `) }
  }
  if (kind === 'interval') return { type: { kind }, native: native + intervalModifier(typmod) }
  if (name === 'bpchar' || name === 'varchar') return { ...character(name, typmod) }
  if (name === 'bit' || name === 'varbit') {
    const length = plainModifier(typmod)
    const base = name === 'bit' ? 'bit' : 'bit varying'
    return { type: { kind: 'other' }, native: length === undefined ? native : `${base}(${length})` }
  }
  return { type: { kind }, native }
}

/** `bpchar` without a length is not padded, so it is no fixed string. */
function character(name: 'bpchar' | 'varchar', typmod: number): { type: DataType; native: string } {
  const base = name === 'bpchar' ? 'character' : 'character varying'
  const length = characterLength(typmod)
  if (length === undefined) return { type: { kind: 'string' }, native: name === 'bpchar' ? name : base }
  const type: DataType = name === 'bpchar' ? { kind: 'string', length, fixed: true } : { kind: 'string', length }
  return { type, native: `${base}(${length})` }
}

function userColumn(type: UserType, typmod: number, catalog: TypeCatalog): ColumnType | undefined {
  if (type.kind === 'domain') {
    const base = dataTypeOf(type.base, type.typmod, catalog)
    return base === undefined ? undefined : { ...base, native: type.native, base: base.base ?? base.native }
  }
  const native = typmod < 0 ? type.native : (type.modified.get(typmod) ?? `${type.native}(${typmod})`)
  return { type: userDataType(type), native, delimiter: ',' }
}

function userDataType(type: UserType): DataType {
  if (type.kind === 'enum') return { kind: 'enum', labels: type.labels }
  // Extension types that call themselves strings: citext.
  return type.category === 'S' ? { kind: 'string' } : { kind: 'other' }
}
