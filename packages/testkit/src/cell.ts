import type { Cell, Row } from '@cdc/core'

/** A text that is the same for the same cell only: tells null from undefined, -0 from 0, 1 from 1n and '1'. */
export function cellKey(cell: Cell): string {
  if (cell === null) return 'null'
  if (typeof cell === 'string') return JSON.stringify(cell)
  if (typeof cell === 'bigint') return `${cell}n`
  if (typeof cell === 'number') return Object.is(cell, -0) ? '-0' : String(cell)
  if (typeof cell !== 'object') return String(cell)
  if (cell instanceof Uint8Array) return `x${Buffer.from(cell).toString('hex')}`
  return `[${cell.map(cellKey).join(',')}]`
}

/** The same for a whole row. */
export function rowKey(row: Row): string {
  return Array.from(row, cellKey).join(' | ')
}

/** The same for the cells at these places only. */
export function keyOf(row: Row, key: readonly number[]): string {
  return key.map((index) => cellKey(row[index])).join(' | ')
}

/** `row` with each cell that it lacks taken from `old`. */
export function completed(row: Row, old: Row | undefined): Row {
  return old === undefined ? row : Array.from(row, (cell, index) => (cell === undefined ? old[index] : cell))
}
