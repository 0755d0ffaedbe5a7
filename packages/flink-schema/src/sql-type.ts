import type { DataType } from '@cdc/core'

/** A type of Flink SQL that a column can have. `text` is its full spelling, as in Flink's messages. */
export interface SqlType {
  readonly root: SqlRoot
  readonly text: string
  /** CHAR, VARCHAR, BINARY, VARBINARY; absent: no limit (STRING, BYTES). */
  readonly length?: number
  readonly precision?: number
  readonly scale?: number
  readonly element?: SqlType
}

export type SqlRoot =
  | 'CHAR'
  | 'VARCHAR'
  | 'BOOLEAN'
  | 'BINARY'
  | 'VARBINARY'
  | 'DECIMAL'
  | 'TINYINT'
  | 'SMALLINT'
  | 'INT'
  | 'BIGINT'
  | 'FLOAT'
  | 'DOUBLE'
  | 'DATE'
  | 'TIME'
  | 'TIMESTAMP'
  | 'TIMESTAMP_LTZ'
  | 'INTERVAL_MONTHS'
  | 'INTERVAL_MILLISECONDS'
  | 'ARRAY'
  /** Only of metadata columns, whose cells are JSON. */
  | 'MAP'

/** The type that changes carry. TINYINT is an int16, since there is no smaller one. */
export function dataTypeOf(type: SqlType): DataType {
  const { length, precision, scale } = type
  const limit = length === undefined ? {} : { length }
  switch (type.root) {
    case 'CHAR':
      return { kind: 'string', ...limit, fixed: true }
    case 'VARCHAR':
      return { kind: 'string', ...limit }
    case 'BINARY':
    case 'VARBINARY':
      return { kind: 'bytes', ...limit }
    case 'DECIMAL':
      return { kind: 'decimal', precision: precision!, scale: scale! }
    case 'TIME':
      return { kind: 'time', precision: precision! }
    case 'TIMESTAMP':
      return { kind: 'timestamp', precision: precision! }
    case 'TIMESTAMP_LTZ':
      return { kind: 'timestamptz', precision: precision! }
    case 'ARRAY':
      // as in PostgreSQL, all dimensions are one type
      return { kind: 'array', element: dataTypeOf(innermost(type)) }
    default:
      return { kind: plain[type.root] }
  }
}

const plain = {
  BOOLEAN: 'boolean',
  TINYINT: 'int16',
  SMALLINT: 'int16',
  INT: 'int32',
  BIGINT: 'int64',
  FLOAT: 'float32',
  DOUBLE: 'float64',
  DATE: 'date',
  INTERVAL_MONTHS: 'interval',
  INTERVAL_MILLISECONDS: 'interval',
  MAP: 'json',
} as const

/** PostgreSQL's spelling, which sinks know that create tables. */
export function nativeOf(type: SqlType): string {
  const { length, precision, scale } = type
  switch (type.root) {
    case 'CHAR':
      return `character(${length})`
    case 'VARCHAR':
      return length === undefined ? 'text' : `character varying(${length})`
    case 'DECIMAL':
      return `numeric(${precision},${scale})`
    case 'TIME':
      return `time(${precision}) without time zone`
    case 'TIMESTAMP':
      return `timestamp(${precision}) without time zone`
    case 'TIMESTAMP_LTZ':
      return `timestamp(${precision}) with time zone`
    case 'ARRAY':
      return `${nativeOf(innermost(type))}[]`
    default:
      return natives[type.root]
  }
}

const natives = {
  BOOLEAN: 'boolean',
  BINARY: 'bytea',
  VARBINARY: 'bytea',
  TINYINT: 'smallint',
  SMALLINT: 'smallint',
  INT: 'integer',
  BIGINT: 'bigint',
  FLOAT: 'real',
  DOUBLE: 'double precision',
  DATE: 'date',
  INTERVAL_MONTHS: 'interval',
  INTERVAL_MILLISECONDS: 'interval',
  MAP: 'jsonb',
} as const

function innermost(type: SqlType): SqlType {
  return type.element === undefined ? type : innermost(type.element)
}
