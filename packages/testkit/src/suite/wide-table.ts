import type { DataType, Row, Table } from '@cdc/core'
import { edgeCells } from '../generate/cells.ts'
import { tableOf } from '../generate/tables.ts'

/** A table with a column for each type. */
export function wideTable(types: readonly DataType[]): Table {
  const columns = Object.fromEntries(types.map((type, index) => [`c${index}_${type.kind}`, type]))
  return tableOf('testkit_wide', { id: { kind: 'int32' }, ...columns }, ['id'])
}

/** Rows in which every edge of every type is met, then one of nulls. */
export function wideRows(table: Table): Row[] {
  const edges = table.columns.slice(1).map(({ type }) => edgeCells(type))
  const most = Math.max(0, ...edges.map(({ length }) => length))
  const rows: Row[] = []
  for (let i = 0; i < most; i++) rows.push([i, ...edges.map((cells) => cells[i % cells.length]!)])
  return [...rows, [most, ...edges.map(() => null)]]
}
