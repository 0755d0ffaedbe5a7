import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { failpoint } from '@cdc/core'
import { errno } from './file-errors.ts'

/** Flushes the names in a folder to the disk. Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Replaces a file wholly: after a crash it is the old one or the new one. Durable when it resolves. */
export async function replaceFile(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.tmp`
  const handle = await open(temporary, 'w', 0o644)
  try {
    await handle.writeFile(bytes)
    await failpoint('files.manifest.write')
    await handle.sync()
  } finally {
    await handle.close()
  }
  await failpoint('files.manifest.rename')
  await rename(temporary, file)
  await failpoint('files.manifest.sync')
  await syncFolder(dirname(file))
}

/** undefined when it is not there. */
export async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}
