import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { decodeManifest, type Manifest } from '../src/manifest.ts'
import { ZstdFrames } from '../src/zstd-frames.ts'

/** The manifest in a folder, if there is one. */
export function manifestIn(folder: string): Manifest | undefined {
  if (!existsSync(folder)) return undefined
  const name = readdirSync(folder).find((one) => one.endsWith('.manifest'))
  return name === undefined ? undefined : decodeManifest(readFileSync(join(folder, name)), name)
}

/** Names of files that lines are in, hidden ones by the name that they will have, in their order. */
export function dataFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile() && !/\.(manifest|tmp)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort((a, b) => (plain(a) < plain(b) ? -1 : 1))
}

const plain = (file: string) => basename(file).replace(/^\.(.*)\.inprogress\..*$/, '$1')

/** What a reader finds who reads only what was flushed: finished files, and open ones as far as the manifest says. */
export function flushedLines(folder: string): string[] {
  const open = new Map(manifestIn(folder)?.files.map(({ file, size }) => [file, size]))
  return dataFiles(folder).flatMap((file) => {
    const size = open.get(file)
    if (size === undefined && basename(file).startsWith('.')) return []
    return linesOf(file, readFileSync(join(folder, file)).subarray(0, size))
  })
}

function linesOf(file: string, bytes: Buffer): string[] {
  const name = plain(file)
  const text = (
    name.endsWith('.gz') ? gunzipSync(bytes) : name.endsWith('.zst') ? unpackFrames(bytes) : bytes
  ).toString()
  if (text === '') return []
  if (!text.endsWith('\n')) throw new Error(`${file} ends in a torn line.`)
  return text.slice(0, -1).split('\n')
}

/** Node unpacks the first frame only. */
function unpackFrames(bytes: Buffer): Buffer {
  const frames = new ZstdFrames()
  const whole: Buffer[] = []
  for (let from = 0; from < bytes.length; ) {
    const { end, complete } = frames.next(bytes, from)
    if (!complete) throw new Error('The last frame is torn.')
    whole.push(zstdDecompressSync(bytes.subarray(from, end)))
    from = end
  }
  return Buffer.concat(whole)
}
