import { constants, type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { filesError } from './errors.ts'
import { errno, fileError } from './file-errors.ts'

interface Held {
  readonly handle: FileHandle
  readonly inode: number
  users: number
}

/** Appending, so that whoever else writes the file, or cuts it, shows in its size. */
const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants

/** Open files, at most so many: the one that was used longest ago is closed for the next. */
export class Handles {
  #most: number
  readonly #held = new Map<string, Held>()
  readonly #opening = new Map<string, Promise<void>>()

  constructor(most: number) {
    this.#most = most
  }

  /** Works with the file while it is surely open. `create`: it must not be there yet. */
  async use<T>(file: string, create: boolean, work: (handle: FileHandle, inode: number) => Promise<T>): Promise<T> {
    let held = this.#held.get(file)
    while (held === undefined) {
      await this.#opened(file, create)
      // another may have needed its place meanwhile
      held = this.#held.get(file)
      create = false
    }
    // the last in the map is the one that was used last
    this.#held.delete(file)
    this.#held.set(file, held)
    held.users++
    try {
      return await work(held.handle, held.inode)
    } finally {
      held.users--
    }
  }

  async close(file: string): Promise<void> {
    const held = this.#held.get(file)
    this.#held.delete(file)
    await held?.handle.close()
  }

  async closeAll(): Promise<void> {
    const files = [...this.#held.keys()]
    await Promise.all(files.map((file) => this.close(file).catch(() => undefined)))
  }

  #opened(file: string, create: boolean): Promise<void> {
    const known = this.#opening.get(file)
    if (known !== undefined) return known
    const opening = this.#open(file, create).finally(() => this.#opening.delete(file))
    this.#opening.set(file, opening)
    return opening
  }

  async #open(file: string, create: boolean): Promise<void> {
    while (this.#held.size >= this.#most && (await this.#closeOldest()));
    for (let made = false; ; ) {
      try {
        const handle = await open(file, O_APPEND | O_WRONLY | (create ? O_CREAT | O_EXCL : 0), 0o644)
        this.#held.set(file, { handle, inode: (await handle.stat()).ino, users: 0 })
        return
      } catch (error) {
        const number = errno(error)
        if (number === 'EMFILE' || number === 'ENFILE') {
          // others in this process need some too
          this.#most = Math.max(1, this.#held.size >> 1)
          if (await this.#closeOldest()) continue
        }
        if (number !== 'ENOENT' || !create || made) throw openError(error, file, create)
        await mkdir(dirname(file), { recursive: true })
        made = true
      }
    }
  }

  /** False when all are in use. */
  async #closeOldest(): Promise<boolean> {
    const oldest = [...this.#held].find(([, { users }]) => users === 0)
    if (oldest === undefined) return false
    const [file, { handle }] = oldest
    this.#held.delete(file)
    // a fault of writing back is told to this handle and perhaps to no other
    await handle.datasync().finally(() => handle.close())
    return true
  }
}

function openError(error: unknown, file: string, create: boolean): unknown {
  if (errno(error) === 'EEXIST') {
    const message = `The file ${file} was made by somebody else while this process was running.`
    return filesError('FILES_CONFLICT', { message, where: { file }, cause: error })
  }
  if (errno(error) !== 'ENOENT' || create) return fileError(error, create ? 'make' : 'open', file)
  const message = `The file ${file}, which was still being written, is gone.`
  return filesError('FILE_CHANGED', { message, where: { file }, cause: error })
}
