import { createHash } from 'node:crypto'
import type { Position } from '@cdc/core'
import { filesError } from './errors.ts'

const version = 1

/** A file that is being written, up to where it is good. */
export interface ManifestFile {
  readonly series: string
  /** Below `path`, as it is on the disk after `renames`. */
  readonly file: string
  /** What it is called when it is finished. The same as `file` where it is written under its own name. */
  readonly name: string
  /** Bytes that are good. */
  readonly size: number
  /** CRC-32 of the last good bytes, at most `tailLength` of them. */
  readonly tail: number
  /** When it was begun, in milliseconds since 1970. */
  readonly begun: number
}

/** What is written at each flush, in one atomic step: the position, and how far each open file belongs to it. */
export interface Manifest {
  readonly pipeline: string
  readonly sink: string
  /** Rises with each write: whoever finds another one than their own has been overtaken. */
  readonly generation: number
  readonly position: Position | null
  /** Format and kind of line; files of another kind are not written on. */
  readonly lines: string
  readonly files: readonly ManifestFile[]
  /** Files that are to get their final names, `[from, to]`; repeated after a crash. */
  readonly renames: readonly (readonly [string, string])[]
  /** The last number that each series has used. */
  readonly sequences: Readonly<Record<string, number>>
}

/** How many bytes `tail` covers. */
export const tailLength = 1024

/** `cdc-files <version> sha256:<hash>`, a newline, the manifest as JSON. The hash covers the version and the JSON. */
export function encodeManifest(manifest: Manifest): Buffer {
  const body = JSON.stringify(manifest)
  return Buffer.from(`cdc-files ${version} sha256:${hash(String(version), Buffer.from(body))}\n${body}\n`)
}

/** Throws MANIFEST_CORRUPT or MANIFEST_NEWER. */
export function decodeManifest(bytes: Buffer, file: string): Manifest {
  const end = bytes.indexOf(10)
  const first = /^cdc-files ([1-9]\d{0,8}) sha256:([0-9a-f]{64})$/.exec(bytes.toString('latin1', 0, Math.max(end, 0)))
  const body = bytes.subarray(end + 1, -1)
  if (first === null || bytes.at(-1) !== 10 || hash(first[1]!, body) !== first[2]) {
    const why =
      bytes.length === 0 ? 'it is empty' : first === null ? 'its first line is damaged' : 'its checksum does not match'
    throw filesError('MANIFEST_CORRUPT', {
      message: `The manifest ${file} cannot be trusted: ${why}.`,
      where: { file },
    })
  }
  // from here on the bytes are those that were written
  if (Number(first[1]) > version) {
    const message = `The manifest ${file} has version ${first[1]}, and this program knows versions up to ${version}.`
    throw filesError('MANIFEST_NEWER', { message, where: { file } })
  }
  return JSON.parse(body.toString()) as Manifest
}

function hash(written: string, body: Uint8Array): string {
  return createHash('sha256').update(`${written}\n`).update(body).digest('hex')
}
