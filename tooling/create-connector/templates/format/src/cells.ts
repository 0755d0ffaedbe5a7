import { type Cell, canonicalFault, type Row, type Table } from '@cdc/core'
import { error } from './errors.ts'
import type { Json, WrittenRow } from './record.ts'

// FILL IN: how each type is written. docs/04-types.md has the form that its cells have. What JSON lacks is marked by
// an object with one name, since no cell is an object.

export function writeRow({ columns }: Table, row: Row): WrittenRow {
  const written: Record<string, Json> = {}
  for (const [index, { name }] of columns.entries()) {
    const cell = row[index]
    if (cell !== undefined) written[name] = writeCell(cell)
  }
  return written
}

/** Throws NEW_CONNECTOR_RECORD: anybody may have written the record. */
export function readRow({ columns }: Table, row: WrittenRow): Row {
  return columns.map(({ name, type }) => {
    if (!Object.hasOwn(row, name)) return undefined
    const cell = readCell(row[name]!)
    if (canonicalFault(cell, type) === undefined) return cell
    const message = `The value of column ${name} is no ${type.kind}.`
    throw error('NEW_CONNECTOR_RECORD', { message })
  })
}

export function writeCell(cell: Cell): Json {
  if (typeof cell === 'bigint') return { int64: String(cell) }
  if (typeof cell === 'number' && (!Number.isFinite(cell) || Object.is(cell, -0)))
    return { float: Object.is(cell, -0) ? '-0' : String(cell) }
  if (cell instanceof Uint8Array) return { bytes: Buffer.from(cell).toString('base64') }
  if (typeof cell === 'object' && cell !== null) return cell.map(writeCell)
  return cell ?? null
}

export function readCell(json: Json): Cell {
  if (Array.isArray(json)) return json.map(readCell)
  if (typeof json !== 'object' || json === null) return json as Cell
  const [[type, text] = ['', ''] as const] = Object.entries(json)
  if (type === 'int64') return /^-?\d+$/.test(String(text)) ? BigInt(String(text)) : String(text)
  return type === 'float' ? Number(text) : new Uint8Array(Buffer.from(String(text), 'base64'))
}
