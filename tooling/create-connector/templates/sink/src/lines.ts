import { type Batch, forEachRow, isRowChange, type Row, type RowKind, type Table, tableName } from '@cdc/core'

/** What is written for one row, or for a truncate. FILL IN: how a row looks at your system. */
export interface Line {
  readonly table: string
  readonly kind: RowKind | 'truncate'
  /** By the names of columns. One that is not there was not sent, which is something else than null. */
  readonly row: Readonly<Record<string, unknown>>
}

/** The lines of a batch, each with its end. */
export function linesOf({ changes }: Batch): string {
  let lines = ''
  const add = (line: Line) => {
    lines += `${JSON.stringify(line, withBigints)}\n`
  }
  for (const change of changes) {
    if (change.kind === 'truncate') add({ table: tableName(change.table), kind: 'truncate', row: {} })
    // a schema change says how rows look from here on: a sink that makes tables makes or widens one here
    if (!isRowChange(change)) continue
    forEachRow(change, (kind, row) => {
      add({ table: tableName(change.table), kind, row: byName(change.table, row) })
    })
  }
  return lines
}

function byName({ columns }: Table, row: Row): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name }, index) => [name, row[index]]))
}

/** JSON has no integers of 64 bits. */
const withBigints = (_: string, value: unknown) => (typeof value === 'bigint' ? { int64: String(value) } : value)
