import type { Buffer } from 'node:buffer'
import { crc32c as checksum, Writer } from '@platformatic/kafka'

/** CRC-32C (Castagnoli), native where the platform has it. Wrapped, because a bare buffer is copied first. */
export function crc32c(data: Buffer): number {
  return checksum(Writer.create().append(data).dynamicBuffer)
}
