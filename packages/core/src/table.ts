import type { DataType } from './value.ts'

/** What a table shows of the old row on UPDATE and DELETE (PostgreSQL: REPLICA IDENTITY). */
export type Identity = 'default' | 'full' | 'index' | 'nothing'

export interface Column {
  readonly name: string
  readonly type: DataType
  /** The type as the source's catalog prints it: `numeric(10,2)`, `character varying(40)[]`, `public.mood`. */
  readonly native: string
  /** Of a domain: the type that it is made on in the end, printed in the same way. */
  readonly base?: string
  /** Advisory, as are the rest: never decides which cells a row has. Absent: not known. */
  readonly nullable?: boolean
  /** The default's expression as the source prints it. */
  readonly default?: string
  readonly generated?: boolean
  /** PostgreSQL GENERATED ALWAYS / BY DEFAULT AS IDENTITY. */
  readonly identity?: 'always' | 'default'
  readonly comment?: string
}

/** The shape of a table. Immutable: whenever anything in it changes there is a new object. */
export interface Table {
  readonly database?: string
  readonly schema: string
  readonly name: string
  readonly columns: readonly Column[]
  /** The primary key as positions in `columns`, in the key's own order; `[]` where there is none. */
  readonly key: readonly number[]
  /** Where `key` is `[]`: the columns of a unique index none of which can be null. Advisory. */
  readonly unique?: readonly number[]
  /** What the source knows the table by through renames (PostgreSQL: the OID). */
  readonly id?: number
  readonly identity?: Identity
  /**
   * The positions of the columns that `before` of an update or delete always holds. Absent: the key under identity
   * 'default', all under 'full'. Under 'index' it may differ from `key`.
   */
  readonly identityColumns?: readonly number[]
}

/** `schema.name`, for messages and maps. It is not quoted, so it is no SQL. */
export function tableName(table: Pick<Table, 'schema' | 'name'>): string {
  return `${table.schema}.${table.name}`
}

/** Do both shapes give rows the same meaning: names, types and order of columns, key and identity? */
export function sameShape(a: Table, b: Table): boolean {
  return a === b || shapeText(a) === shapeText(b)
}

function shapeText(table: Table): string {
  const { id: _, ...rest } = table
  return JSON.stringify(rest)
}
