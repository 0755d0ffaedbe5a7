import { access, constants, mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { syncFolder } from './durable.ts'
import { filesError } from './errors.ts'
import { coded, errno } from './file-errors.ts'

/** Makes the folder where only its last part is missing, and proves that it can be written. */
export async function prepareFolder(folder: string): Promise<void> {
  await checkFolder(folder, async () => {
    await coded('make the folder', folder, () => mkdir(folder))
    await coded('sync the folder', dirname(folder), () => syncFolder(dirname(folder)))
  })
}

/** The same without making it: `missing` is called where the folder is not there and the one above is. */
export async function checkFolder(folder: string, missing: () => Promise<void> = async () => {}): Promise<void> {
  const found = await coded('look at', folder, () => kindOf(folder))
  if (found === 'file') {
    throw filesError('FILES_NOT_A_FOLDER', {
      message: `'path' is the file ${folder}, and must be a folder.`,
      where: { file: folder },
    })
  }
  if (found === 'nothing') {
    const parent = dirname(resolve(folder))
    if ((await coded('look at', parent, () => kindOf(parent))) !== 'folder') {
      const message = `There is no folder ${folder}, nor ${parent} to make it in.`
      throw filesError('FILES_FOLDER_MISSING', { message, where: { file: folder } })
    }
    await missing()
    if ((await kindOf(folder)) === 'nothing') {
      await coded('make a folder in', parent, () => access(parent, constants.W_OK | constants.X_OK))
      return
    }
  }
  await coded('write to the folder', folder, () => access(folder, constants.R_OK | constants.W_OK | constants.X_OK))
}

async function kindOf(path: string): Promise<'folder' | 'file' | 'nothing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    if (errno(error) === 'ENOENT') return 'nothing'
    throw error
  }
}

/** Is there something of this name? */
export async function isThere(path: string): Promise<boolean> {
  return (await coded('look at', path, () => kindOf(path))) !== 'nothing'
}

/** The names in a folder; none when it is not there. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (errno(error) === 'ENOENT') return []
    throw error
  }
}

/** Files in a folder and `depth` levels of folders below it, as paths from it. */
export async function filesBelow(folder: string, depth: number): Promise<string[]> {
  const found: string[] = []
  const walk = async (below: string, left: number): Promise<void> => {
    const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
      if (errno(error) === 'ENOENT') return []
      throw error
    })
    for (const entry of entries) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      if (!entry.isDirectory()) found.push(path)
      else if (left > 0) await walk(path, left - 1)
    }
  }
  await coded('list the folder', folder, () => walk('', depth))
  return found
}
