import type { Cell, Row, Table } from '@cdc/core'

/** Where the rows of a relation go. */
export interface Route {
  readonly table: Table
  /** For each column of the table its place in the rows that arrive; undefined: the same. */
  readonly places: readonly number[] | undefined
  /** Changes that commit before this are in the snapshot already. */
  readonly cut: bigint
  /** The shape before, where the new one has not gone out yet. */
  announce: { readonly previous: Table | undefined } | undefined
}

/** The row as the table has it. */
export function placed(row: Row, places: readonly number[] | undefined): Row {
  if (places === undefined) return row
  const cells: Cell[] = new Array(places.length)
  for (let i = 0; i < places.length; i++) cells[i] = row[places[i]!]
  return cells
}

/** Under identity FULL the old row has what the new one leaves out because it did not change (TOAST). */
export function completed(after: Row, before: Row): Row {
  if (!after.includes(undefined)) return after
  return after.map((cell, i) => (cell === undefined ? before[i] : cell))
}
