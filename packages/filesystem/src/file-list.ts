import { open, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import { filesError } from './errors.ts'
import { coded, errno } from './file-errors.ts'
import { filesBelow } from './folder.ts'

/** A file as it is found now. */
export interface FoundFile {
  readonly name: string
  readonly path: string
  readonly inode: number
  /** Bytes on the disk. */
  readonly size: number
}

const headLength = 256
const deepest = 100
const order = new Intl.Collator('en', { numeric: true })

/** The files of a path, in the order in which they are read: by name, numbers in them as numbers. */
export async function listFiles(path: string, matching: RegExp | undefined): Promise<FoundFile[]> {
  const kind = await coded('look at', path, () => stat(path)).catch((error: unknown) => {
    if (errno((error as Error).cause) !== 'ENOENT') throw error
    throw filesError('FILES_NONE', { message: `There is no file or folder ${path}.`, where: { file: path } })
  })
  const names = kind.isDirectory() ? await filesBelow(path, deepest) : [basename(path)]
  const visible = names.filter((name) => !kind.isDirectory() || !/(^|\/)[._]/.test(name))
  const found: FoundFile[] = []
  for (const name of visible) {
    const file = kind.isDirectory() ? join(path, name) : path
    if (matching !== undefined && !matching.test(resolve(file))) continue
    const now = await coded('look at', file, () => statIfThere(file))
    if (now?.isFile()) found.push({ name, path: file, inode: now.ino, size: now.size })
  }
  return found.sort((a, b) => order.compare(a.name, b.name) || (a.name < b.name ? -1 : 1))
}

async function statIfThere(file: string) {
  try {
    return await stat(file)
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Length and CRC-32 of a file's first bytes, `length` of them or as many as are usual. */
export async function headOf({ path, size }: FoundFile, length = headLength): Promise<readonly [number, number]> {
  const bytes = Buffer.alloc(Math.min(size, length))
  return coded('read', path, async () => {
    const handle = await open(path, 'r')
    try {
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
      return [bytesRead, crc32(bytes.subarray(0, bytesRead))] as const
    } finally {
      await handle.close()
    }
  })
}
