import { closeSync, fstatSync, fsync, openSync, renameSync, writeSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { failpoint } from '@cdc/core'
import { errno } from './file-errors.ts'

const sync = promisify(fsync)

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

/**
 * Replaces a file wholly: after a crash it is the old one or the new one. Durable when it resolves. Gives its stamp.
 *
 * Only the two syncs leave the main thread. The rest takes microseconds, on a folder that has just answered, and each
 * turn of a busy event loop that it would wait for takes milliseconds.
 */
export async function replaceFile(file: string, bytes: Uint8Array): Promise<string> {
  const temporary = `${file}.tmp`
  let stamp: string
  const handle = openSync(temporary, 'w', 0o644)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at)
    await failpoint('files.manifest.write')
    await sync(handle)
    stamp = stampOf(fstatSync(handle, { bigint: true }))
  } finally {
    closeSync(handle)
  }
  await failpoint('files.manifest.rename')
  renameSync(temporary, file)
  await failpoint('files.manifest.sync')
  await syncOpened(dirname(file))
  return stamp
}

async function syncOpened(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    await sync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Tells one content of a replaced file from another, without reading it. */
export function stampOf({ ino, mtimeNs, size }: { ino: bigint; mtimeNs: bigint; size: bigint }): string {
  return `${ino} ${mtimeNs} ${size}`
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
