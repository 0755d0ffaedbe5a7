import { Buffer } from 'node:buffer'
import { partitionOf } from '../murmur2.ts'
import type { ProducerRecord } from '../port.ts'
import { sizeOfVarint, writeVarint } from './varint.ts'

/**
 * The records of a send, by their places in it. A record's body is what it has in a batch after the difference of its
 * offset: key, value and headers, each with its length (https://kafka.apache.org/documentation/#record).
 */
export interface RecordList {
  readonly length: number
  topics(): Iterable<string>
  topic(place: number): string
  /** The one that was asked for. */
  partition(place: number): number | undefined
  /** The one that the key decides among so many; undefined: there is no key. */
  keyPartition(place: number, partitions: number): number | undefined
  timestamp(place: number): bigint | undefined
  bodySize(place: number): number
  /** Gives the place after it. */
  writeBody(place: number, out: Buffer, at: number): number
  /** The record as it was given; its buffers are not copies. */
  record(place: number): ProducerRecord
  /** All records as they are in a batch that begins with the first of them and has one timestamp, after room for its header. */
  whole?(): Buffer
}

/** A batch of format 2 begins with so many. */
export const batchHeaderBytes = 61

/** Beside its body: a varint has at most 5 bytes, a difference of timestamps 9, attributes 1. */
export const recordOverhead = 20

/** Records as objects. */
export class PlainRecords implements RecordList {
  readonly #records: readonly ProducerRecord[]

  constructor(records: readonly ProducerRecord[]) {
    this.#records = records
  }

  get length(): number {
    return this.#records.length
  }

  topics(): Iterable<string> {
    return new Set(this.#records.map(({ topic }) => topic))
  }

  topic(place: number): string {
    return this.#records[place]!.topic
  }

  partition(place: number): number | undefined {
    return this.#records[place]!.partition
  }

  keyPartition(place: number, partitions: number): number | undefined {
    const { key } = this.#records[place]!
    return key === null ? undefined : partitionOf(key, partitions)
  }

  timestamp(place: number): bigint | undefined {
    return this.#records[place]!.timestamp
  }

  bodySize(place: number): number {
    const { key, value, headers = [] } = this.#records[place]!
    let size = sizeOfBytes(key) + sizeOfBytes(value) + sizeOfVarint(headers.length)
    for (const [name, content] of headers) {
      const length = Buffer.byteLength(name)
      size += sizeOfVarint(length) + length + sizeOfBytes(content)
    }
    return size
  }

  writeBody(place: number, out: Buffer, start: number): number {
    const { key, value, headers = [] } = this.#records[place]!
    let at = writeBytes(out, start, key)
    at = writeBytes(out, at, value)
    at = writeVarint(out, at, headers.length)
    for (const [name, content] of headers) {
      at = writeBytes(out, at, Buffer.from(name))
      at = writeBytes(out, at, content)
    }
    return at
  }

  record(place: number): ProducerRecord {
    return this.#records[place]!
  }
}

/** Null has the length -1, an empty buffer 0: a tombstone is not an empty value. */
export function writeBytes(out: Buffer, at: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeVarint(out, at, -1)
  const begin = writeVarint(out, at, bytes.length)
  // copying few bytes costs more by the call than by the byte
  if (bytes.length < 24) for (let i = 0; i < bytes.length; i++) out[begin + i] = bytes[i]!
  else out.set(bytes, begin)
  return begin + bytes.length
}

export function sizeOfBytes(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length
}
