import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cell, type Table, tableName } from '@cdc/core'
import { type LogEntry, sampleTypes, sinkConformance } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { newConnector } from '../src/index.ts'
import type { Line } from '../src/lines.ts'

sinkConformance({
  runner: { describe, test },
  capabilities: newConnector({ path: 'any' }).capabilities,
  // FILL IN: the types that your system can hold; JSON has no bytes, no NaN and no -0
  types: sampleTypes.filter(({ kind }) => !['bytes', 'float32', 'float64', 'array'].includes(kind)),
  // FILL IN: a fresh server, or a database of its own in one that the tests share. With `cut` (drops the connections)
  // and `stall` (takes nothing for a while) more laws are checked: see SinkFixture
  async fixture() {
    const folder = mkdtempSync(join(tmpdir(), 'new-connector-'))
    const path = join(folder, 'changes.txt')
    return {
      sink: newConnector({ path }),
      // a sink that keeps rows gives `rows(table)` instead
      log: async (table) => readLog(path, table),
      dispose: async () => rmSync(folder, { recursive: true }),
    }
  },
})

/** What was written for a table since it was last truncated. */
function readLog(path: string, table: Table): LogEntry[] {
  let entries: LogEntry[] = []
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
  for (const line of lines) {
    const { table: name, kind, row } = JSON.parse(line, withBigints) as Line
    if (name !== tableName(table)) continue
    if (kind === 'truncate') entries = []
    else entries.push({ kind, cells: table.columns.map((column) => row[column.name] as Cell) })
  }
  return entries
}

const withBigints = (_: string, value: unknown) =>
  typeof value === 'object' && value !== null && 'int64' in value ? BigInt(String(value.int64)) : value
