import { Buffer } from 'node:buffer'
import { open, rename, rm, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { failpoint, type Logger } from '@cdc/core'
import { syncFolder } from './durable.ts'
import { filesError } from './errors.ts'
import { coded, errno } from './file-errors.ts'
import { filesBelow, isThere } from './folder.ts'
import { type Manifest, type ManifestFile, tailLength } from './manifest.ts'
import type { ManifestStore } from './manifest-store.ts'
import { isUnfinished } from './naming.ts'

export interface RecoverySetup {
  readonly folder: string
  readonly store: ManifestStore
  readonly mark: string
  /** How many folders below it files may lie. */
  readonly depth: number
  readonly logger: Logger
  /** What the manifest of a folder without one says. */
  readonly empty: Manifest
}

export interface Recovered {
  readonly manifest: Manifest
  /** The last good bytes of each file that is open in the manifest, by its name on the disk. */
  readonly tails: ReadonlyMap<string, Buffer>
}

/**
 * Brings the folder to what the manifest says: finishes renames, cuts files back, removes unfinished files that it
 * does not know. Before anything is touched the manifest is written anew, so that a process which still believes it
 * is the writer finds that it is not.
 */
export async function recover(setup: RecoverySetup): Promise<Recovered> {
  const recovery = new Recovery(setup, (await setup.store.read()) ?? setup.empty)
  await recovery.finishRenames()
  const tails = await recovery.cutBack()
  await recovery.removeStrays()
  return { manifest: recovery.manifest, tails }
}

class Recovery {
  manifest: Manifest
  readonly #setup: RecoverySetup
  #fenced = false

  constructor(setup: RecoverySetup, manifest: Manifest) {
    this.#setup = setup
    this.manifest = manifest
  }

  async finishRenames(): Promise<void> {
    const { folder } = this.#setup
    for (const [from, to] of this.manifest.renames) {
      const file = join(folder, to)
      if (!(await isThere(join(folder, from)))) continue
      if (await isThere(file)) {
        const message = `${join(folder, from)} is finished and cannot get its name: there is a ${file} already.`
        throw filesError('FILE_TAKEN', { message, where: { file } })
      }
      await this.#fence()
      await coded('rename', join(folder, from), () => rename(join(folder, from), file))
      await coded('sync the folder of', file, () => syncFolder(dirname(file)))
    }
  }

  /** Checks every open file and cuts off what was written after the last flush. */
  async cutBack(): Promise<Map<string, Buffer>> {
    const tails = new Map<string, Buffer>()
    for (const entry of this.manifest.files) {
      const path = join(this.#setup.folder, entry.file)
      const { size, tail } = await coded('read', path, () => goodTail(path, entry))
      tails.set(entry.file, tail)
      if (size === entry.size) continue
      await this.#fence()
      await failpoint('files.cut')
      await coded('cut back', path, () => truncate(path, entry.size))
      this.#setup.logger.info({ file: path, from: size, to: entry.size }, 'A file was cut back to the last flush')
    }
    return tails
  }

  async removeStrays(): Promise<void> {
    const { folder, depth, mark, logger } = this.#setup
    const known = new Set(this.manifest.files.map(({ file }) => file))
    for (const name of await filesBelow(folder, depth)) {
      if (!isUnfinished(name, mark) || known.has(name)) continue
      await this.#fence()
      const path = join(folder, name)
      await coded('remove', path, () => rm(path, { force: true }))
      logger.info({ file: path }, 'An unfinished file that was never flushed was removed')
    }
  }

  async #fence(): Promise<void> {
    if (this.#fenced) return
    this.#fenced = true
    const { manifest } = this
    this.manifest = { ...manifest, generation: manifest.generation + 1 }
    await this.#setup.store.write(this.manifest)
  }
}

/** The file's size, and its last good bytes. Throws FILE_CHANGED unless they are what was written. */
async function goodTail(path: string, { size, tail }: ManifestFile): Promise<{ size: number; tail: Buffer }> {
  const changed = (what: string) =>
    filesError('FILE_CHANGED', {
      message: `The file ${path}, of which ${size} bytes were flushed, ${what}.`,
      where: { file: path },
    })
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw errno(error) === 'ENOENT' ? changed('is gone') : error
  })
  try {
    const found = await handle.stat()
    if (found.size < size) throw changed(`has only ${found.size}`)
    const bytes = Buffer.alloc(Math.min(size, tailLength))
    await handle.read(bytes, 0, bytes.length, size - bytes.length)
    if (crc32(bytes) !== tail) throw changed('has other bytes before that place')
    return { size: found.size, tail: bytes }
  } finally {
    await handle.close()
  }
}
