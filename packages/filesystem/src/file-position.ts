import type { Position, PositionRules } from '@cdc/core'
import { filesError } from './errors.ts'

/** How far one file was read. */
export interface ReadFile {
  /** Below `path`, with slashes; the file's own name where `path` is a file. */
  readonly name: string
  readonly inode: number
  /** Length and CRC-32 of the file's first bytes: tells it from another one of the same name, or with its inode. */
  readonly head: readonly [number, number]
  /** Bytes that were read, unpacked. */
  readonly offset: number
  /** Was there nothing more when it was last looked at? */
  readonly ended: boolean
}

/** Where a reader stands: how far each file was read. */
export interface FilesPosition {
  readonly files: readonly ReadFile[]
  /** Files that were read to their end and are gone since. */
  readonly gone: number
  /** Bytes in those. */
  readonly goneBytes: number
}

export const start: FilesPosition = { files: [], gone: 0, goneBytes: 0 }

export function formatPosition({ files, gone, goneBytes }: FilesPosition): Position {
  return JSON.stringify({ v: 1, files, gone, goneBytes })
}

/** Throws FILES_POSITION for anything that this package has not written. */
export function parsePosition(text: Position): FilesPosition {
  let read: (Partial<FilesPosition> & { v?: unknown }) | null = null
  try {
    read = JSON.parse(text)
  } catch {
    // said below
  }
  const { v, files, gone, goneBytes } = read ?? {}
  if (v === 1 && Array.isArray(files) && Number.isSafeInteger(gone) && Number.isSafeInteger(goneBytes))
    return { files, gone: gone!, goneBytes: goneBytes! }
  throw filesError('FILES_POSITION', { message: 'This is no position of the filesystem source.' })
}

/** The same file in another position: it may have got another name, or, when restored from a copy, another inode. */
function counterpart(file: ReadFile, position: FilesPosition): ReadFile | undefined {
  return (
    position.files.find(({ inode, name }) => inode === file.inode && name === file.name) ??
    position.files.find(({ inode }) => inode === file.inode) ??
    position.files.find(({ name }) => name === file.name)
  )
}

/** Is everything that was read in `a` read in `b` too? */
function within(a: FilesPosition, b: FilesPosition): boolean {
  if (a.gone > b.gone) return false
  return a.files.every((file) => {
    const other = counterpart(file, b)
    return other === undefined ? b.gone > a.gone || file.offset === 0 : file.offset <= other.offset
  })
}

function lower(a: FilesPosition, b: FilesPosition): FilesPosition {
  const files: ReadFile[] = []
  for (const file of a.files) {
    const other = counterpart(file, b)
    if (other === undefined) {
      // b has read it to its end, and it is gone since; or b has not begun it
      if (b.gone > a.gone) files.push(file)
    } else files.push(other.offset < file.offset ? other : file)
  }
  if (a.gone > b.gone) files.push(...b.files.filter((file) => counterpart(file, a) === undefined))
  const { gone, goneBytes } = a.gone <= b.gone ? a : b
  return { files, gone, goneBytes }
}

function merged(a: FilesPosition, b: FilesPosition): FilesPosition {
  const files: ReadFile[] = []
  for (const file of a.files) {
    const other = counterpart(file, b)
    if (other !== undefined) files.push(other.offset >= file.offset ? other : file)
    else if (b.gone <= a.gone) files.push(file)
  }
  if (b.gone >= a.gone) files.push(...b.files.filter((file) => counterpart(file, a) === undefined))
  const { gone, goneBytes } = a.gone > b.gone ? a : b
  return { files, gone, goneBytes }
}

/** How a change says which line it is from: its transaction's id. */
export function lineId(file: string, offset: number): string {
  return `${file}@${offset}`
}

/** The arithmetic of positions: a partial order, since files are read side by side. */
export const filePositions: PositionRules = {
  compare(first, second) {
    const [a, b] = [parsePosition(first), parsePosition(second)]
    const [below, above] = [within(a, b), within(b, a)]
    if (below && above) return 0
    return below ? -1 : above ? 1 : undefined
  },
  lowest: (positions) => formatPosition(positions.map(parsePosition).reduce(lower)),
  contains(position) {
    const offsets = new Map(parsePosition(position).files.map(({ name, offset }) => [name, offset]))
    return ({ kind, origin }) => {
      const id = origin.transaction.id
      if (kind === 'schema' || id === undefined) return false
      return Number(origin.offset) < (offsets.get(id.slice(0, id.lastIndexOf('@'))) ?? 0)
    }
  },
  settled: () => true,
  merge: (own, read) => formatPosition(merged(parsePosition(own), parsePosition(read))),
  describe(position) {
    const { files, gone, goneBytes } = parsePosition(position)
    const bytes = files.reduce((sum, { offset }) => sum + offset, goneBytes)
    const open = files.filter(({ ended }) => !ended).map(({ name, offset }) => `${name} at ${offset}`)
    const rest = open.length === 0 ? '' : `, ${open.slice(0, 3).join(', ')}${open.length > 3 ? ', ...' : ''}`
    const count = files.length + gone
    return `${count} ${count === 1 ? 'file' : 'files'}, ${bytes} bytes${rest}`
  },
}
