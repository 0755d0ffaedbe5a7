import { Buffer } from 'node:buffer'
import type { Codec } from './codecs.ts'
import { crc32c } from './crc32c.ts'
import { batchHeaderBytes, type RecordList, recordOverhead } from './record-list.ts'
import { sizeOfVarint, writeVarint } from './varint.ts'

export interface BatchHeader {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional: boolean
  readonly codec: Codec
  /** Milliseconds, for records that bring none. */
  readonly now: bigint
}

/** The records at `places[from]` to before `places[to]`. */
export interface BatchRecords {
  readonly list: RecordList
  readonly places: readonly number[]
  readonly from: number
  readonly to: number
}

/**
 * One record batch of format 2 (https://kafka.apache.org/documentation/#recordbatch). Written by hand into one buffer:
 * this is the sinks' hot path. Where the list is laid out as a batch already, that is it: it must not change then
 * before the batch is acknowledged.
 */
export function encodeBatch(records: BatchRecords, header: BatchHeader): Buffer {
  const { list, places, from, to } = records
  const all = from === 0 && to === list.length && places.length === list.length
  const whole = all ? list.whole?.() : undefined
  if (whole !== undefined) return finish(compressed(whole, header.codec), to, header.now, header.now, header)
  const first = list.timestamp(places[from]!) ?? header.now
  let bytes = batchHeaderBytes
  for (let i = from; i < to; i++) bytes += list.bodySize(places[i]!) + recordOverhead
  const out = Buffer.allocUnsafe(bytes)
  let at = batchHeaderBytes
  let max = first
  for (let i = from; i < to; i++) {
    const timestamp = list.timestamp(places[i]!) ?? header.now
    if (timestamp > max) max = timestamp
    at = writeRecord(out, at, list, places[i]!, i - from, Number(timestamp - first))
  }
  return finish(compressed(out.subarray(0, at), header.codec), to - from, first, max, header)
}

function writeRecord(out: Buffer, start: number, list: RecordList, place: number, delta: number, time: number): number {
  const length = 1 + sizeOfVarint(time) + sizeOfVarint(delta) + list.bodySize(place)
  let at = writeVarint(out, start, length)
  out[at++] = 0
  at = writeVarint(out, at, time)
  at = writeVarint(out, at, delta)
  return list.writeBody(place, out, at)
}

function compressed(batch: Buffer, codec: Codec): Buffer {
  if (codec.id === 0) return batch
  const body = codec.compress(batch.subarray(batchHeaderBytes))
  const whole = Buffer.allocUnsafe(batchHeaderBytes + body.length)
  body.copy(whole, batchHeaderBytes)
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
