import type { Identity } from '@cdc/core'
import type { ColumnType } from '../types/data-type.ts'

/** A column as a Relation message gives it, with its type resolved. */
export interface RelationColumn extends ColumnType {
  readonly name: string
  readonly oid: number
  readonly typmod: number
  /** Part of the replica identity. It is not the primary key: under FULL every column has it. */
  readonly identity: boolean
}

/**
 * A table as the stream describes it: before its first change on each connection, and again whenever anything in it
 * may have changed. Each message makes a new object, the same for every change up to the next message.
 */
export interface Relation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly identity: Identity
  readonly columns: readonly RelationColumn[]
}
