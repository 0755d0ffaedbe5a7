import type { Cell, Row } from '@cdc/core'

/**
 * A cell as JSON that brings back exactly the same cell. What JSON has not is an object of one key: `unsent`
 * (undefined), `int64`, `bytes` (base64), `number` (NaN, Infinity, -Infinity, -0).
 */
export type CellJson = null | boolean | number | string | readonly CellJson[] | Readonly<Record<string, string | true>>

export function encodeRow(row: Row): CellJson[] {
  // no map: it leaves out holes
  return Array.from(row, encodeCell)
}

function encodeCell(cell: Cell): CellJson {
  if (cell === undefined) return { unsent: true }
  if (typeof cell === 'bigint') return { int64: String(cell) }
  if (typeof cell === 'number') {
    if (Object.is(cell, -0)) return { number: '-0' }
    return Number.isFinite(cell) ? cell : { number: String(cell) }
  }
  if (cell instanceof Uint8Array)
    return { bytes: Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('base64') }
  if (cell !== null && typeof cell === 'object') return encodeRow(cell)
  return cell
}

/** Throws where it is no cell. */
export function decodeRow(cells: unknown): Row {
  if (!Array.isArray(cells)) throw new TypeError('a row is no list')
  return cells.map(decodeCell)
}

function decodeCell(json: unknown): Cell {
  if (Array.isArray(json)) return json.map(decodeCell)
  if (json === null || typeof json !== 'object') return json as Cell
  const [[kind, text] = []] = Object.entries(json as Record<string, unknown>)
  if (kind === 'unsent') return undefined
  if (typeof text === 'string') {
    if (kind === 'int64') return BigInt(text)
    if (kind === 'number') return Number(text)
    if (kind === 'bytes') return new Uint8Array(Buffer.from(text, 'base64'))
  }
  throw new TypeError('a cell is of no known form')
}
