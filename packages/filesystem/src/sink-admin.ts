import { rm, statfs } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  CdcError,
  type Check,
  type PlannedStatement,
  type SinkAdmin,
  type SinkContext,
  type Table,
  tableName,
} from '@cdc/core'
import { coded, errno } from './file-errors.ts'
import type { SinkSpec } from './filesystem.ts'
import { checkFolder, filesBelow } from './folder.ts'
import { ManifestStore } from './manifest-store.ts'
import { isUnfinished, manifestName, sinkMark } from './naming.ts'

/** What the commands for operators ask of the sink. Changes nothing but in `reset`. */
export function sinkAdmin(spec: SinkSpec, context: SinkContext): SinkAdmin {
  const { folder, names } = spec
  const { pipeline, sink } = context
  const store = new ManifestStore(join(folder, manifestName(pipeline, sink)), pipeline, sink)
  return {
    plan: async (tables) => planned(spec, tables),
    check: async () => [
      await check('folder', async () => {
        await checkFolder(folder)
        return `${resolve(folder)} can be written`
      }),
      await check('manifest', async () => {
        const manifest = await store.read()
        const position = manifest?.position
        return position == null ? 'none yet: it begins anew' : `stands at ${context.describePosition(position)}`
      }),
      await freeSpace(folder),
    ],
    async reset(_tables, { rows }) {
      const files = await filesBelow(folder, names.text.split('/').length - 1)
      const mark = sinkMark(pipeline, sink)
      const own = files.filter((file) => isUnfinished(file, mark) || (rows && names.names.test(file)))
      for (const file of own) await coded('remove', join(folder, file), () => rm(join(folder, file), { force: true }))
      await store.remove()
      const kept = rows ? '' : ' Finished files were left; the numbers of new ones follow theirs.'
      return [`Forgot the position in ${store.file} and removed ${own.length} files.${kept}`]
    },
  }
}

function planned({ folder, names }: SinkSpec, tables: readonly Table[]): PlannedStatement[] {
  const series = tables.map((table) => {
    const { schema, name, database } = table
    const file = names.series({ database: database ?? 'database', schema, table: name, time: Date.now() })
    return { sql: `-- ${join(folder, file)}`, reason: `The file of ${tableName(table)}.` }
  })
  return [{ sql: `-- mkdir ${folder}`, reason: 'The folder is made where it is missing.' }, ...series]
}

async function check(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, status: 'ok', message: await look() }
  } catch (error) {
    const { code, message, hint } = CdcError.from(error)
    return { name, status: 'failed', code, message, ...(hint === undefined ? {} : { hint }) }
  }
}

async function freeSpace(folder: string): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(folder)
    const free = Math.round((bavail * bsize) / 1_000_000)
    const status = free < 1000 ? 'warning' : 'ok'
    return { name: 'free space', status, message: `${free} MB free` }
  } catch (error) {
    return { name: 'free space', status: 'warning', message: `It cannot be told (${errno(error) ?? 'unknown'}).` }
  }
}
