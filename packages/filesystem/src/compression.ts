import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'
import { filesError } from './errors.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

/** What a compressed file's name ends with. */
export const endings: Readonly<Record<Compression, string>> = { none: '', gzip: '.gz', zstd: '.zst' }

/** Packs one piece of a file as a whole gzip member or zstd frame: readers take them one after the other as one. */
export type Pack = (bytes: Uint8Array) => Promise<Uint8Array>

/** undefined where nothing is packed. Throws COMPRESSION_UNKNOWN. */
export function packer(compression: Compression, level: number | undefined): Pack | undefined {
  if (compression === 'none') return undefined
  if (compression === 'gzip') {
    const pack = promisify(gzip)
    return (bytes) => pack(bytes, { level: level ?? 4 })
  }
  if (zstdCompress === undefined)
    throw filesError('COMPRESSION_UNKNOWN', { message: `Node.js ${process.version} has no zstd.` })
  const pack = promisify(zstdCompress)
  const params = { [constants.ZSTD_c_compressionLevel]: level ?? 3, [constants.ZSTD_c_checksumFlag]: 1 }
  return (bytes) => pack(bytes, { params })
}
