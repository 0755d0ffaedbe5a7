import { constants, copyFile, link, mkdir, open, rm, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errno } from './file-errors.ts'

/** Flushes the names in a directory to the disk. Windows has no such call and needs none. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes a directory and its missing parents, durably. Not by Node's recursive mkdir, which hides EROFS. */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory)
  } catch (error) {
    if (errno(error) === 'EEXIST' && (await stat(directory)).isDirectory()) return
    if (errno(error) !== 'ENOENT' || dirname(directory) === directory) throw error
    await makeDirectory(dirname(directory))
    await makeDirectory(directory)
  }
  await syncDirectory(dirname(directory)).catch((error: unknown) => {
    // a parent that may be entered but not read
    if (errno(error) !== 'EACCES') throw error
  })
}

/**
 * Gives a complete temporary file its name, and fails with EEXIST when the name is taken: of several processes that
 * try, one succeeds. The temporary file is gone afterwards.
 */
export async function publish(temporary: string, file: string): Promise<void> {
  try {
    await link(temporary, file)
  } catch (error) {
    if (!noLinks.has(errno(error) ?? '')) throw error
    // a file system without hard links (exFAT, some network shares): a copy can be torn, which a checksum shows
    await copyFile(temporary, file, constants.COPYFILE_EXCL)
    const handle = await open(file, 'r+')
    await handle.sync().finally(() => handle.close())
  }
  await unlink(temporary)
}

const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK', 'UNKNOWN'])

/** Removes a file that need not be there. For tidying up: a failure is left for whoever comes next. */
export async function discard(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => {})
}
