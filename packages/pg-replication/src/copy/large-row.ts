import { CdcError, type Cell, type Row } from '@cdc/core'
import { bytesFromBytes } from '../values/bytea.ts'
import { BYTES, cellCode } from '../values/cell-code.ts'
import { utf8Text } from '../values/text.ts'
import { valueParser } from '../values/value-parser.ts'
import type { CopyColumn } from './copy-column.ts'
import { wrongCount } from './copy-row-reader.ts'
import { bytesWithoutEscapes } from './without-escapes.ts'

const TAB = 0x09
const BACKSLASH = 0x5c
const CAPITAL_N = 0x4e

/**
 * A row that is too long for one string, cell by cell: `from` to `to` without its line end. `before` rows came
 * earlier, for errors.
 */
export function largeRow(
  buffer: Buffer,
  from: number,
  to: number,
  columns: readonly CopyColumn[],
  before: number,
): Row {
  const row: Cell[] = []
  for (let at = from; at <= to; ) {
    const tab = buffer.indexOf(TAB, at)
    const end = tab < 0 || tab > to ? to : tab
    const column = columns[row.length]
    if (column === undefined) throw wrongCount(before, columns.length)
    row.push(cell(buffer, at, end, column, row.length + 1))
    at = end + 1
  }
  if (row.length !== columns.length) throw wrongCount(before, columns.length)
  return row
}

function cell(buffer: Buffer, from: number, to: number, column: CopyColumn, ordinal: number): Cell {
  try {
    // The hex format's backslash is escaped in COPY: two of them. Read in place, a value may be longer than a string.
    if (
      cellCode(column.type) === BYTES &&
      buffer[from] === 0x5c &&
      buffer[from + 1] === 0x5c &&
      buffer[from + 2] === 0x78
    ) {
      return bytesFromBytes(buffer, from + 1, to)
    }
    if (to - from === 2 && buffer[from] === BACKSLASH && buffer[from + 1] === CAPITAL_N) return null
    return valueParser(column.type, column.delimiter)(textOf(buffer, from, to))
  } catch (error) {
    throw CdcError.from(error).at({ column: column.name ?? String(ordinal) })
  }
}

function textOf(buffer: Buffer, from: number, to: number): string {
  const first = buffer.indexOf(BACKSLASH, from)
  if (first < 0 || first >= to) return utf8Text(buffer, from, to)
  const bytes = bytesWithoutEscapes(buffer, from, to)
  return utf8Text(bytes, 0, bytes.length)
}
