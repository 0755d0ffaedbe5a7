import { Buffer } from 'node:buffer'
import type { ProducerRecord } from '../port.ts'
import type { Codec } from './codecs.ts'
import { crc32c } from './crc32c.ts'

export interface BatchHeader {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional: boolean
  readonly codec: Codec
  /** Milliseconds, for records that bring none. */
  readonly now: bigint
}

const headerBytes = 61

/**
 * One record batch of format 2, of `records[from]` to before `records[to]`
 * (https://kafka.apache.org/documentation/#recordbatch). Written by hand into one buffer: this is the sinks' hot path.
 */
export function encodeBatch(records: readonly ProducerRecord[], from: number, to: number, header: BatchHeader): Buffer {
  const first = records[from]!.timestamp ?? header.now
  let bytes = 0
  for (let i = from; i < to; i++) bytes += recordBound(records[i]!)
  const out = Buffer.allocUnsafe(headerBytes + bytes)
  let at = headerBytes
  let max = first
  for (let i = from; i < to; i++) {
    const record = records[i]!
    const timestamp = record.timestamp ?? header.now
    if (timestamp > max) max = timestamp
    at = writeRecord(out, at, record, i - from, Number(timestamp - first))
  }
  const whole = compressed(out, at, header.codec)
  return finish(whole, to - from, first, max, header)
}

function compressed(out: Buffer, end: number, codec: Codec): Buffer {
  if (codec.id === 0) return out.subarray(0, end)
  const body = codec.compress(out.subarray(headerBytes, end))
  const whole = Buffer.allocUnsafe(headerBytes + body.length)
  body.copy(whole, headerBytes)
  return whole
}

function finish(out: Buffer, count: number, first: bigint, max: bigint, header: BatchHeader): Buffer {
  out.writeBigInt64BE(0n, 0)
  out.writeInt32BE(out.length - 12, 8)
  // the leader's epoch, which the broker fills in
  out.writeInt32BE(-1, 12)
  out.writeInt8(2, 16)
  out.writeInt16BE(header.codec.id | (header.transactional ? 0x10 : 0), 21)
  out.writeInt32BE(count - 1, 23)
  out.writeBigInt64BE(first, 27)
  out.writeBigInt64BE(max, 35)
  out.writeBigInt64BE(header.producerId, 43)
  out.writeInt16BE(header.producerEpoch, 51)
  out.writeInt32BE(header.baseSequence, 53)
  out.writeInt32BE(count, 57)
  out.writeUInt32BE(crc32c(out.subarray(21)), 17)
  return out
}

/** At least as many bytes as the record takes: a varint has at most 5, a delta of timestamps 9. */
export function recordBound({ key, value, headers }: ProducerRecord): number {
  let bytes = 36 + (key?.length ?? 0) + (value?.length ?? 0)
  if (headers !== undefined) for (const [name, text] of headers) bytes += 10 + name.length * 3 + (text?.length ?? 0)
  return bytes
}

function writeRecord(out: Buffer, start: number, record: ProducerRecord, delta: number, time: number): number {
  const { key, value, headers } = record
  const encoded = headers === undefined || headers.length === 0 ? none : headers.map(encodeHeader)
  let length = 1 + sizeOfVarint(time) + sizeOfVarint(delta) + sizeOfBytes(key) + sizeOfBytes(value)
  length += sizeOfVarint(encoded.length)
  for (const [name, text] of encoded) length += sizeOfBytes(name) + sizeOfBytes(text)
  let at = writeVarint(out, start, length)
  out[at++] = 0
  at = writeVarint(out, at, time)
  at = writeVarint(out, at, delta)
  at = writeBytes(out, at, key)
  at = writeBytes(out, at, value)
  at = writeVarint(out, at, encoded.length)
  for (const [name, text] of encoded) {
    at = writeBytes(out, at, name)
    at = writeBytes(out, at, text)
  }
  return at
}

const none: readonly (readonly [Buffer, Buffer | null])[] = []

function encodeHeader([name, value]: readonly [string, Buffer | null]): readonly [Buffer, Buffer | null] {
  return [Buffer.from(name), value]
}

/** Null has the length -1, an empty buffer 0: a tombstone is not an empty value. */
function writeBytes(out: Buffer, at: number, bytes: Buffer | null): number {
  if (bytes === null) return writeVarint(out, at, -1)
  const begin = writeVarint(out, at, bytes.length)
  // copying few bytes costs more by the call than by the byte
  if (bytes.length < 24) for (let i = 0; i < bytes.length; i++) out[begin + i] = bytes[i]!
  else out.set(bytes, begin)
  return begin + bytes.length
}

function sizeOfBytes(bytes: Buffer | null): number {
  return bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length
}

/** Zigzag. Numbers up to 2^52, so that a timestamp's difference fits. */
function writeVarint(out: Buffer, start: number, value: number): number {
  let at = start
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  while (rest >= 0x80) {
    out[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  out[at++] = rest
  return at
}

function sizeOfVarint(value: number): number {
  let size = 1
  for (let rest = value >= 0 ? value * 2 : -value * 2 - 1; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}
