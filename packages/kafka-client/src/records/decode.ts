import type { Buffer } from 'node:buffer'
import { kafkaError } from '../errors.ts'
import type { KafkaRecord } from '../port.ts'
import { codecNumbered } from './codecs.ts'
import { crc32c } from './crc32c.ts'
import { Cursor } from './cursor.ts'

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/** A batch that was checked and whose records are still to be read. */
export interface OpenBatch {
  readonly bytes: Buffer
  readonly base: bigint
  /** How many it has, those before the place that was asked for too. */
  readonly count: number
  /** Past its last record. */
  readonly nextOffset: bigint
}

export interface Scanned {
  /** Those that have records to read. */
  readonly batches: readonly OpenBatch[]
  /** Past the last whole batch: `from` when there was none. */
  readonly nextOffset: bigint
}

const headerBytes = 61

/**
 * The batches of one partition's part of a fetch, from offset `from` on. `aborted` is the broker's list for this part
 * under read_committed (undefined: read everything): a producer's batches count for nothing from the first offset of
 * its aborted transaction to its abort marker, as in `org.apache.kafka.clients.consumer.internals.CompletedFetch`. A
 * batch that was cut off at the end is left out.
 */
export function scanBatches(data: Buffer, from: bigint, aborted: readonly AbortedTransaction[] | undefined): Scanned {
  const waiting = aborted === undefined ? [] : [...aborted].sort(byOffset)
  const dead = new Set<bigint>()
  const batches: OpenBatch[] = []
  let nextOffset = from
  for (let at = 0; at + headerBytes <= data.length; ) {
    const end = at + 12 + data.readInt32BE(at + 8)
    if (end > data.length) break
    const bytes = data.subarray(at, end)
    at = end
    check(bytes)
    const base = bytes.readBigInt64BE(0)
    const last = base + BigInt(bytes.readInt32BE(23))
    if (last < from) continue
    const attributes = bytes.readInt16BE(21)
    const producerId = bytes.readBigInt64BE(43)
    while (waiting.length > 0 && waiting[0]!.firstOffset <= last) dead.add(waiting.shift()!.producerId)
    nextOffset = last + 1n
    if ((attributes & 0x20) !== 0) {
      if (isAbortMarker(bytes)) dead.delete(producerId)
    } else if ((attributes & 0x10) === 0 || !dead.has(producerId))
      batches.push({ bytes, base, count: bytes.readInt32BE(57), nextOffset })
  }
  return { batches, nextOffset }
}

/** The records of a batch from offset `from` on and before `end`, onto the end of `into`. */
export function readRecords(
  { bytes, base, count }: OpenBatch,
  from: bigint,
  end: bigint | undefined,
  into: KafkaRecord[],
): void {
  const attributes = bytes.readInt16BE(21)
  const codec = codecNumbered(attributes & 7)
  if (codec === undefined)
    throw kafkaError('KAFKA_CORRUPT', { message: `The batch at offset ${base} has an unknown compression.` })
  const body = bytes.subarray(headerBytes)
  const cursor = new Cursor(codec.id === 0 ? body : decompress(codec.decompress, body, base), 0)
  const first = bytes.readBigInt64BE(27)
  const appended = (attributes & 8) !== 0
  const stamp = bytes.readBigInt64BE(35)
  const leaderEpoch = bytes.readInt32BE(12)
  for (let i = 0; i < count; i++) {
    const next = cursor.varint() + cursor.at
    cursor.at += 1
    const timestamp = first + BigInt(cursor.varint())
    const offset = base + BigInt(cursor.varint())
    const key = cursor.bytes()
    const value = cursor.bytes()
    const headers = cursor.headers()
    cursor.at = next
    if (offset < from) continue
    if (end !== undefined && offset >= end) return
    into.push({
      offset,
      timestamp: appended ? stamp : timestamp,
      timestampType: appended ? 'LogAppendTime' : timestamp < 0n ? 'NoTimestampType' : 'CreateTime',
      key,
      value,
      headers,
      leaderEpoch,
    })
  }
}

function byOffset(a: AbortedTransaction, b: AbortedTransaction): number {
  return a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0
}

function check(batch: Buffer): void {
  const magic = batch.readInt8(16)
  if (magic !== 2)
    throw kafkaError('KAFKA_CORRUPT', { message: `A batch of records has format ${magic}; 2 is the one that is read.` })
  if (crc32c(batch.subarray(21)) !== batch.readUInt32BE(17))
    throw kafkaError('KAFKA_CORRUPT', {
      message: `The batch of records at offset ${batch.readBigInt64BE(0)} has a wrong checksum.`,
    })
}

/** A control record's key is its version and its type, two bytes each; type 0 aborts. */
function isAbortMarker(batch: Buffer): boolean {
  const cursor = new Cursor(batch, headerBytes)
  cursor.varint()
  cursor.at += 1
  cursor.varint()
  cursor.varint()
  const key = cursor.bytes()
  return key !== null && key.readInt16BE(2) === 0
}

function decompress(how: (data: Buffer) => Buffer, body: Buffer, base: bigint): Buffer {
  try {
    return how(body)
  } catch (cause) {
    throw kafkaError('KAFKA_CORRUPT', { message: `The batch at offset ${base} could not be decompressed.`, cause })
  }
}
