import type { Buffer } from 'node:buffer'
import { constants, gzipSync } from 'node:zlib'
import { compressionsAlgorithms } from '@platformatic/kafka'

/** `compression.type`, with the number that batches have. */
export interface Codec {
  readonly name: CodecName
  readonly id: number
  compress(data: Buffer): Buffer
  decompress(data: Buffer): Buffer
}

export type CodecName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export const codecNames: readonly CodecName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

const codecs = codecNames.map((name, id): Codec => {
  const { compressSync, decompressSync } = compressionsAlgorithms[name]
  return {
    name,
    id,
    compress: name === 'gzip' ? (data) => gzipSync(data, { level: constants.Z_BEST_SPEED }) : compressSync,
    decompress: decompressSync,
  }
})

export function codecNamed(name: CodecName): Codec {
  return codecs[codecNames.indexOf(name)]!
}

export function codecNumbered(id: number): Codec | undefined {
  return codecs[id]
}
