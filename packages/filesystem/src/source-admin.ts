import { CdcError, type Check, type Context, isTableChange, type SourceAdmin, type Table, tableName } from '@cdc/core'
import { listFiles } from './file-list.ts'
import type { SourceSpec } from './filesystem-source.ts'
import { FilesystemSource } from './source.ts'

/** How many changes are looked at for their tables. */
const enough = 1000

/** What the commands for operators ask of the source. It keeps nothing anywhere. */
export function sourceAdmin(spec: SourceSpec, context: Context): SourceAdmin {
  return {
    tables: async () => (spec.table === undefined ? tablesIn(spec, context) : [spec.table]),
    plan: async () => [],
    check: async () => [await check(spec)],
    resources: async () => [],
    drop: async () => {},
    reset: async () => [],
  }
}

/** The tables that the first rows are of. */
async function tablesIn(spec: SourceSpec, context: Context): Promise<Table[]> {
  const source = new FilesystemSource(
    { ...spec, interval: undefined },
    {
      ...context,
      wants: { message: false, transaction: false },
      limits: { rows: enough, bytes: 1_000_000 },
      shapes: new Map(),
    },
  )
  const tables = new Map<string, Table>()
  try {
    await source.open()
    for await (const { changes } of source.read(undefined, new AbortController().signal)) {
      for (const change of changes) if (isTableChange(change)) tables.set(tableName(change.table), change.table)
      if (changes.length > 0) break
    }
  } finally {
    await source.close()
  }
  return [...tables.values()]
}

async function check({ path, matching }: SourceSpec): Promise<Check> {
  try {
    const files = await listFiles(path, matching)
    const bytes = files.reduce((sum, { size }) => sum + size, 0)
    const message = `${files.length} files, ${bytes} bytes`
    return { name: 'files', status: files.length === 0 ? 'warning' : 'ok', message }
  } catch (error) {
    const { code, message, hint } = CdcError.from(error)
    return { name: 'files', status: 'failed', code, message, ...(hint === undefined ? {} : { hint }) }
  }
}
