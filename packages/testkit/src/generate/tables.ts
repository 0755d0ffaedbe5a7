import type { Column, DataType, Table } from '@cdc/core'
import type { Random } from './random.ts'

const decimal: DataType = { kind: 'decimal', precision: 12, scale: 3 }

/** One type of every kind, and the variants that behave differently. Native names are PostgreSQL's. */
export const sampleTypes: readonly DataType[] = [
  { kind: 'boolean' },
  { kind: 'int16' },
  { kind: 'int32' },
  { kind: 'int64' },
  { kind: 'float32' },
  { kind: 'float64' },
  decimal,
  { kind: 'decimal' },
  { kind: 'string' },
  { kind: 'string', length: 20 },
  { kind: 'string', length: 12, fixed: true },
  { kind: 'bytes' },
  { kind: 'uuid' },
  { kind: 'json' },
  { kind: 'xml' },
  { kind: 'date' },
  { kind: 'time' },
  { kind: 'timetz' },
  { kind: 'timestamp' },
  { kind: 'timestamp', precision: 3 },
  { kind: 'timestamptz' },
  { kind: 'interval' },
  { kind: 'enum', labels: ['sad', "o'k", 'very happy'] },
  { kind: 'array', element: { kind: 'int32' } },
  { kind: 'array', element: { kind: 'int64' } },
  { kind: 'array', element: { kind: 'string' } },
  { kind: 'array', element: decimal },
  { kind: 'other' },
]

/** Types of which every database has one: the default of the suites where a case is not about types. */
export const plainTypes: readonly DataType[] = [
  { kind: 'int32' },
  { kind: 'int64' },
  { kind: 'string' },
  { kind: 'boolean' },
  decimal,
  { kind: 'date' },
  { kind: 'bytes' },
]

const natives: Partial<Record<DataType['kind'], string>> = {
  int16: 'smallint',
  int32: 'integer',
  int64: 'bigint',
  float32: 'real',
  float64: 'double precision',
  bytes: 'bytea',
  enum: 'public.testkit_mood',
  other: 'inet',
}

/** How PostgreSQL's format_type prints the type. Enums are `public.testkit_mood`, which the fixture must make. */
export function nativeType(type: DataType): string {
  const digits = 'precision' in type && type.precision !== undefined ? `(${type.precision})` : ''
  switch (type.kind) {
    case 'array':
      return `${nativeType(type.element)}[]`
    case 'decimal':
      return type.precision === undefined ? 'numeric' : `numeric(${type.precision},${type.scale ?? 0})`
    case 'string':
      if (type.length === undefined) return 'text'
      return `${type.fixed ? 'character' : 'character varying'}(${type.length})`
    case 'time':
    case 'timestamp':
      return `${type.kind}${digits} without time zone`
    case 'timetz':
    case 'timestamptz':
      return `${type.kind.slice(0, -2)}${digits} with time zone`
    default:
      return natives[type.kind] ?? type.kind
  }
}

/** A column with the native name that goes with its type. */
export function column(name: string, type: DataType): Column {
  return { name, type, native: nativeType(type) }
}

/** A table of `public` with columns by name and type, keyed by the named ones. */
export function tableOf(
  name: string,
  columns: Readonly<Record<string, DataType>>,
  key: readonly string[],
  more: Partial<Pick<Table, 'schema' | 'identity'>> = {},
): Table {
  const names = Object.keys(columns)
  return {
    schema: 'public',
    name,
    columns: Object.entries(columns).map(([column_, type]) => column(column_, type)),
    key: key.map((one) => names.indexOf(one)),
    identity: 'full',
    ...more,
  }
}

const keyTypes: readonly DataType[] = [
  { kind: 'int32' },
  { kind: 'int64' },
  { kind: 'string', length: 20 },
  { kind: 'uuid' },
]
const hardNames = ['order', 'Größe', 'with space', 'UPPER', 'semi;colon', "apos'trophe", 'quo"te']

/** A table with some columns, hard names among them, and a key of one or two columns (or none). */
export function randomTable(
  random: Random,
  name: string,
  options: { readonly types?: readonly DataType[]; readonly keyless?: boolean } = {},
): Table {
  const keyed = options.keyless ? 0 : random.int(1, 2)
  const columns: Record<string, DataType> = {}
  for (let i = 0; i < random.int(2, 6); i++) {
    const plain = random.chance(0.7)
    columns[plain ? `c${i}` : `${random.pick(hardNames)}${i}`] = random.pick(options.types ?? plainTypes)
  }
  // keys go last and backwards, so that nobody takes them for the first columns
  const keys = Array.from({ length: keyed }, (_, i) => `k${i}`)
  for (const key of keys) columns[key] = random.pick(keyTypes)
  return tableOf(name, columns, keys.reverse())
}
