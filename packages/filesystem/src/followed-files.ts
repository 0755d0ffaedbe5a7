import type { Logger } from '@cdc/core'
import { filesError } from './errors.ts'
import { type FoundFile, headOf, listFiles } from './file-list.ts'
import type { FilesPosition, ReadFile } from './file-position.ts'
import { isPacked } from './unpack.ts'

/** A file with what was read of it. */
export interface FollowedFile {
  found: FoundFile
  head: readonly [number, number]
  offset: number
  ended: boolean
  /** Bytes on the disk when it was last read to its end. */
  lastSize: number | undefined
}

/** The files of a source: finds them again under new names, and says where each was read to. */
export class FollowedFiles {
  readonly #path: string
  readonly #matching: RegExp | undefined
  readonly #logger: Logger
  #files: FollowedFile[] = []
  #gone: number
  #goneBytes: number
  /** What the position knows and the first look has not found yet. */
  #former: readonly ReadFile[]

  constructor(path: string, matching: RegExp | undefined, position: FilesPosition, logger: Logger) {
    this.#path = path
    this.#matching = matching
    this.#logger = logger
    this.#former = position.files
    this.#gone = position.gone
    this.#goneBytes = position.goneBytes
  }

  /** Bytes that were read of all files. */
  get bytes(): number {
    return this.#files.reduce((sum, { offset }) => sum + offset, this.#goneBytes)
  }

  get position(): FilesPosition {
    const files = this.#files
      .filter(({ offset, ended }) => offset > 0 || ended)
      .map(({ found, head, offset, ended }) => ({ name: found.name, inode: found.inode, head, offset, ended }))
    return { files, gone: this.#gone, goneBytes: this.#goneBytes }
  }

  /** Looks what is there now. Gives the files that may have something new, in their order. */
  async look(): Promise<readonly FollowedFile[]> {
    const left = new Set(await listFiles(this.#path, this.#matching))
    const former = [...this.#former, ...this.#files.map(asRead)]
    const sizes = new Map(this.#files.map(({ found, lastSize }) => [found.inode, lastSize]))
    const kept = new Map<FoundFile, FollowedFile>()
    for (const file of former) {
      const found = await this.#find(file, left, sizes.get(file.inode))
      if (found === undefined) this.#forget(file)
      else {
        left.delete(found)
        const lastSize = found.inode === file.inode ? sizes.get(file.inode) : undefined
        kept.set(found, { found, head: file.head, offset: file.offset, ended: file.ended, lastSize })
      }
    }
    for (const found of left) kept.set(found, { found, head: [0, 0], offset: 0, ended: false, lastSize: undefined })
    this.#former = []
    this.#files = [...kept.values()].sort((a, b) => byOrder(a, b))
    return this.#files.filter(({ found, lastSize }) => found.size !== lastSize)
  }

  /** The same file now: under its name, under another one, or put back as a copy. */
  async #find(file: ReadFile, left: ReadonlySet<FoundFile>, lastSize?: number): Promise<FoundFile | undefined> {
    const all = [...left]
    const named = all.find(({ name }) => name === file.name)
    if (named?.inode === file.inode) {
      if (named.size === lastSize || (await isSame(named, file))) return named
      throw replaced(named.path, file)
    }
    const moved = all.find(({ inode }) => inode === file.inode)
    if (moved !== undefined && (await isSame(moved, file))) {
      this.#logger.info({ file: moved.path, before: file.name }, 'A file has another name now; it is read on')
      return moved
    }
    if (named === undefined) return undefined
    if (file.head[0] > 0 && (await isSame(named, file))) return named
    if (file.ended) return undefined
    throw replaced(named.path, file)
  }

  #forget(file: ReadFile): void {
    if (!file.ended && file.offset > 0) {
      const message = `The file ${file.name} in ${this.#path} is gone; ${file.offset} bytes of it were read, and not its end.`
      throw filesError('FILE_LOST', { message, where: { file: file.name } })
    }
    this.#gone++
    this.#goneBytes += file.offset
  }

  /** Before a file is read on: what tells it from others. */
  async begin(file: FollowedFile): Promise<void> {
    file.head = await headOf(file.found)
    file.ended = false
  }
}

const asRead = ({ found, head, offset, ended }: FollowedFile): ReadFile => ({
  name: found.name,
  inode: found.inode,
  head,
  offset,
  ended,
})

const order = new Intl.Collator('en', { numeric: true })
const byOrder = (a: FollowedFile, b: FollowedFile) =>
  order.compare(a.found.name, b.found.name) || (a.found.name < b.found.name ? -1 : 1)

async function isSame(found: FoundFile, file: ReadFile): Promise<boolean> {
  if (found.size < (isPacked(found.path) ? file.head[0] : file.offset)) return false
  const [length, sum] = await headOf(found, file.head[0])
  return length === file.head[0] && sum === file.head[1]
}

function replaced(path: string, { offset }: ReadFile): Error {
  const message = `The file ${path}, of which ${offset} bytes were read, is shorter now or begins otherwise.`
  return filesError('FILE_REPLACED', { message, where: { file: path } })
}
