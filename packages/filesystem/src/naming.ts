import { posix } from 'node:path'
import { crc32 } from 'node:zlib'

/** Tells the unfinished files of one sink from those of another in the same folder. */
export function sinkMark(pipeline: string, sink: string): string {
  return crc32(`${pipeline}\0${sink}`).toString(16).padStart(8, '0')
}

/** What a file is called before it has its name: hidden, beside where it will be. */
export function unfinishedName(name: string, mark: string): string {
  return posix.join(posix.dirname(name), `.${posix.basename(name)}.inprogress.${mark}`)
}

/** Is it the name of an unfinished file of this sink? */
export function isUnfinished(name: string, mark: string): boolean {
  return posix.basename(name).startsWith('.') && name.endsWith(`.inprogress.${mark}`)
}

/** What the manifest of a sink is called. */
export function manifestName(pipeline: string, sink: string): string {
  return `.cdc.${plain(pipeline)}.${plain(sink)}.manifest`
}

const plain = (text: string) => text.replace(/[^a-zA-Z0-9_-]/g, (one) => `%${one.charCodeAt(0).toString(16)}`)
