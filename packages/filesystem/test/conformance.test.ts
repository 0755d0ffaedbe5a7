import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { forEachRow, isRowChange } from '@cdc/core'
import { type LogEntry, sampleTypes, sinkConformance } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { filesystem } from '../src/index.ts'
import { flushedLines } from './flushed.ts'
import { ofTable, wholeFormat } from './whole-format.ts'

const format = wholeFormat({})
const flavours = {
  'rolled often': { 'sink.rolling-policy.file-size': '2kb' },
  'one file for all, written on': { 'sink.file-name': 'all.jsonl' },
  'a file a table, gzip': { 'sink.file-name': '${schema}/${table}.jsonl', 'sink.compression': 'gzip' },
  'zstd, by date, few handles': {
    'sink.file-name': '${table}/${date}/${hour}-${sequence}.jsonl',
    'sink.compression': 'zstd',
    'sink.max-open-files': 1,
  },
  'keys, values and headers': { 'sink.line': 'record' },
} as const

for (const [name, options] of Object.entries(flavours)) {
  describe(name, () => {
    sinkConformance({
      runner: { describe, test },
      capabilities: filesystem({ path: '/nowhere', format, ...options }).capabilities,
      can: { evolve: true },
      types: sampleTypes,
      seeds: 2,
      async fixture() {
        const folder = mkdtempSync(join(tmpdir(), 'cdc-files-'))
        const decoder = await format.create({ pipeline: '', logger: console, report() {}, role: 'value' }).decoder()
        return {
          sink: filesystem({ path: join(folder, 'out'), format, ...options }),
          async log(table) {
            const log: LogEntry[] = []
            const values = flushedLines(join(folder, 'out')).map((line) =>
              'sink.line' in options ? JSON.stringify(JSON.parse(line).value) : line,
            )
            for (const change of ofTable(
              values.flatMap((value) => decoder.decode(null, Buffer.from(value))),
              table,
            )) {
              if (change.kind === 'truncate') log.length = 0
              else if (isRowChange(change))
                forEachRow(change, (kind, cells) => log.push({ kind, cells: table.columns.map((_, i) => cells[i]) }))
            }
            return log
          },
          dispose: async () => rmSync(folder, { recursive: true, force: true }),
        }
      },
    })
  })
}
