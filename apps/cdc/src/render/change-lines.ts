import {
  type Cell,
  type Change,
  forEachRow,
  isRowChange,
  type Row,
  type RowKind,
  type Table,
  tableName,
} from '@cdc/core'
import type { Paint } from './style.ts'

const colours = { '+I': 'green', '-U': 'dim', '+U': 'yellow', '-D': 'red' } as const
const longestCell = 80

/** A change as lines for a person: kind, table, columns with their values. */
export function changeLines(change: Change, paint: Paint): string[] {
  if (isRowChange(change)) {
    const lines: string[] = []
    forEachRow(change, (kind, row) => lines.push(rowLine(kind, change.table, row, paint)))
    return lines
  }
  if (change.kind === 'truncate') return [`${paint('red', 'TRUNCATE')} ${tableName(change.table)}`]
  if (change.kind === 'schema') return schemaLines(change.table, change.previous, paint)
  if (change.kind === 'message')
    return [`${paint('magenta', 'MESSAGE')} ${change.prefix} ${change.content.length} bytes`]
  return []
}

function rowLine(kind: RowKind, table: Table, row: Row, paint: Paint): string {
  const cells = table.columns.flatMap(({ name }, index) => {
    const cell = row[index]
    return cell === undefined ? [] : [`${paint('dim', `${name}=`)}${short(cellText(cell))}`]
  })
  return `${paint(colours[kind], kind)} ${paint('cyan', tableName(table))} ${cells.join(' ')}`
}

/** A shape is told when it changes; that each table begins with one is no news. */
function schemaLines(table: Table, previous: Table | undefined, paint: Paint): string[] {
  if (previous === undefined) return []
  const columns = table.columns.map(({ name, native }) => `${name} ${native}`).join(', ')
  return [`${paint('magenta', 'SCHEMA')} ${tableName(table)} (${columns})`]
}

const short = (text: string) => (text.length > longestCell ? `${text.slice(0, longestCell - 1)}…` : text)

function cellText(cell: Cell): string {
  if (cell === null) return 'NULL'
  if (cell instanceof Uint8Array) return `\\x${Buffer.from(cell.buffer, cell.byteOffset, cell.length).toString('hex')}`
  if (Array.isArray(cell)) return `{${cell.map(cellText).join(',')}}`
  // a line feed in a value must not look like another change
  if (typeof cell === 'string') return /[\s"\p{Cc}]/u.test(cell) || cell === '' ? JSON.stringify(cell) : cell
  return String(cell)
}

/** A change as JSON, one line. Numbers that a double cannot hold are texts. Cells not sent are left out. */
export function changeJson(change: Change): string[] {
  if (change.kind === 'message') return [JSON.stringify({ kind: 'message', prefix: change.prefix })]
  if (!isRowChange(change) && change.kind !== 'truncate') return []
  const { kind, table, origin } = change
  const { id, commitTime } = origin.transaction
  const rows = {
    ...('before' in change && change.before !== undefined ? { before: rowObject(table, change.before) } : {}),
    ...('after' in change ? { after: rowObject(table, change.after) } : {}),
  }
  const time = new Date(Number(commitTime / 1000n)).toISOString()
  return [JSON.stringify({ kind, table: tableName(table), ...rows, transaction: id, time })]
}

function rowObject(table: Table, row: Row): Record<string, unknown> {
  const object: Record<string, unknown> = Object.create(null)
  table.columns.forEach(({ name }, index) => {
    const cell = row[index]
    if (cell !== undefined) object[name] = jsonCell(cell)
  })
  return object
}

function jsonCell(cell: Cell): unknown {
  if (typeof cell === 'bigint') return String(cell)
  if (typeof cell === 'number') return Number.isFinite(cell) && !Object.is(cell, -0) ? cell : cellText(cell)
  if (cell instanceof Uint8Array) return cellText(cell)
  return Array.isArray(cell) ? cell.map(jsonCell) : cell
}
