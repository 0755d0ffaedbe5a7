import type { DataType } from '@cdc/core'

/** A column of what is copied, in the order of the COPY statement's columns. */
export interface CopyColumn {
  readonly type: DataType
  /** `ColumnType.delimiter`. */
  readonly delimiter?: string
  /** For errors. */
  readonly name?: string
}
