import { type Change, isRowChange, type RowKind } from '@cdc/core'

/** Flink's metadata columns of a change: https://nightlies.apache.org/flink/flink-cdc-docs-stable/docs/connectors/flink-sources/postgres-cdc/#available-metadata */
export interface Metadata {
  readonly table_name: string
  readonly schema_name: string
  readonly database_name: string
  /** Milliseconds since 1970-01-01 UTC of the commit (TIMESTAMP_LTZ(3)); 0 on snapshot rows. */
  readonly op_ts: number
  readonly row_kind: RowKind
}

/** The names, in Flink's order. */
export const metadataColumns = ['table_name', 'schema_name', 'database_name', 'op_ts', 'row_kind'] as const

const kinds: Readonly<Record<string, RowKind>> = { insert: '+I', update: '+U', delete: '-D' }

/**
 * The metadata columns of a row. `kind` says which row of an update is meant; left out it is the new one. undefined
 * for changes without a row.
 */
export function metadata(change: Change, kind?: RowKind): Metadata | undefined {
  if (!isRowChange(change)) return undefined
  const { table, origin } = change
  return {
    table_name: table.name,
    schema_name: table.schema,
    database_name: origin.transaction.database,
    op_ts: origin.snapshot === undefined ? Number(origin.transaction.commitTime / 1000n) : 0,
    row_kind: kind ?? kinds[change.kind]!,
  }
}
