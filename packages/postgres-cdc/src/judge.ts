import { type CdcError, tableName } from '@cdc/core'
import { quoteQualified } from '@cdc/pg-replication'
import type { CatalogTable, Leaf } from './catalog.ts'
import { error } from './errors.ts'
import { assertIdentity, catalogKey } from './shape.ts'
import type { TableRules } from './table-rules.ts'

export interface JudgedTable {
  readonly table: CatalogTable
  /** Partitions, where it has some. */
  readonly leaves: readonly Leaf[]
}

/** Can the tables be followed as the options ask? */
export function judgeTables(tables: readonly JudgedTable[], rules: TableRules, changelogMode: 'all' | 'upsert'): void {
  for (const { table, leaves } of tables) {
    assertIdentity(table)
    for (const leaf of leaves) assertIdentity(leaf)
    const partial = table.identity === 'full' ? leaves.find(({ identity }) => identity !== 'full') : undefined
    if (partial !== undefined) throw partitionIdentity(table, partial)
    if (changelogMode === 'upsert' && catalogKey(table, rules).length === 0) throw keyMissing(table)
  }
}

/**
 * The server sends old rows as the root's identity says, from what was logged as the partition's says: of a FULL root
 * and a partition that is not, NULLs would arrive that were never stored.
 */
function partitionIdentity(table: CatalogTable, leaf: Leaf): CdcError {
  return error('PARTITION_IDENTITY', {
    message: `Table ${tableName(table)} has replica identity full and its partition ${tableName(leaf)} has ${leaf.identity}: old rows of the partition would arrive with NULLs that were never stored.`,
    hint: `Run: ALTER TABLE ${quoteQualified(leaf.schema, leaf.name)} REPLICA IDENTITY FULL; (new partitions do not inherit it)`,
    where: { table: tableName(table) },
  })
}

/**
 * A table without an identity can be inserted into and no more, once it is in a publication: right for one that is
 * only appended to, a trap for the application of any other.
 */
export function appendOnlyWarning(table: CatalogTable): { warning: string; hint: string } | undefined {
  if (table.identity !== 'default' || table.primaryKey.length > 0) return undefined
  return {
    warning: `Table ${tableName(table)} has no primary key and replica identity default: it is followed as append-only, and in a publication every UPDATE and DELETE of it fails for the application.`,
    hint: `If it is updated, add a primary key (or run: ALTER TABLE ${quoteQualified(table.schema, table.name)} REPLICA IDENTITY FULL;)`,
  }
}

function keyMissing(table: CatalogTable): CdcError {
  const name = tableName(table)
  return error('KEY_MISSING', {
    message: `Primary key must be present when changelog-mode is upsert; table ${name} has none.`,
    where: { table: name, option: 'changelog-mode' },
  })
}
