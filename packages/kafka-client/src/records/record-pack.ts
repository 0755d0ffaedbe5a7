import { Buffer } from 'node:buffer'
import type { EncodedRecord } from '@cdc/core'
import { partitionOf } from '../murmur2.ts'
import type { ProducerRecord } from '../port.ts'
import { Cursor } from './cursor.ts'
import { batchHeaderBytes, type RecordList, recordOverhead, sizeOfBytes, writeBytes } from './record-list.ts'
import { sizeOfVarint, writeVarint } from './varint.ts'

/** A record as a format gives it. */
export interface OutgoingRecord {
  readonly topic: string
  /** As in `ProducerRecord`. */
  readonly partition?: number
  readonly key: EncodedRecord['key']
  readonly value: EncodedRecord['value']
  readonly headers?: NonNullable<EncodedRecord['headers']>
}

const firstBytes = 64 * 1024
/** What is kept for the next records, where nothing else was said; beyond it the pack had a very large one. */
const mostKept = 4 * 1024 * 1024
const noHeaders = Buffer.from([0])

/**
 * Records in one buffer that is used again and again, laid out as in a batch: an object and two buffers a record, for
 * as long as a send is under way, cost the garbage collector more than all else of a sink. What is sent must not be
 * changed until it is acknowledged.
 */
export class RecordPack implements RecordList {
  #bytes = Buffer.allocUnsafeSlow(firstBytes)
  #end = batchHeaderBytes
  #length = 0
  readonly #topics: string[] = []
  /** Of each record: where it begins, where its body does, how long its key is (-1: none), its partition (-1: by key). */
  #marks = new Int32Array(4 * 1024)
  /** The last headers: formats give the same ones with nearly every record. */
  #headers: EncodedRecord['headers']
  #writtenHeaders: Buffer = noHeaders

  readonly #kept: number

  /** `kept`: bytes of the buffer that are kept for the next records. */
  constructor(kept = 0) {
    this.#kept = Math.max(kept, mostKept)
  }

  get length(): number {
    return this.#length
  }

  /** Bytes of all records, each with all that it may need. */
  get size(): number {
    return this.#end - batchHeaderBytes + this.#length * recordOverhead
  }

  add({ topic, partition = -1, key, value, headers }: OutgoingRecord): void {
    const keyLength = lengthOf(key)
    const valueLength = lengthOf(value)
    const tail = headers === undefined ? noHeaders : this.#headersOf(headers)
    const body = sizeOfPart(keyLength) + sizeOfPart(valueLength) + tail.length
    let at = this.#begin(topic, body, keyLength, partition)
    at = writePart(this.#bytes, at, key, keyLength)
    at = writePart(this.#bytes, at, value, valueLength)
    if (tail.length === 1) this.#bytes[at] = tail[0]!
    else this.#bytes.set(tail, at)
  }

  /** Takes the last record of another pack. */
  takeLast(from: RecordPack): void {
    const place = from.#length - 1
    const mark = 4 * place
    const start = from.#marks[mark + 1]!
    const topic = from.#topics[place]!
    const at = this.#begin(topic, from.#end - start, from.#marks[mark + 2]!, from.#marks[mark + 3]!)
    from.#bytes.copy(this.#bytes, at, start, from.#end)
    from.#length = place
    from.#end = from.#marks[mark]!
  }

  /** Everything was acknowledged, or is given up. */
  clear(): void {
    this.#length = 0
    this.#end = batchHeaderBytes
    if (this.#bytes.length > this.#kept) this.#bytes = Buffer.allocUnsafeSlow(firstBytes)
  }

  topics(): Iterable<string> {
    const names = new Set<string>()
    for (let place = 0; place < this.#length; place++) {
      const name = this.#topics[place]!
      if (place === 0 || name !== this.#topics[place - 1]) names.add(name)
    }
    return names
  }

  topic(place: number): string {
    return this.#topics[place]!
  }

  partition(place: number): number | undefined {
    const partition = this.#marks[4 * place + 3]!
    return partition < 0 ? undefined : partition
  }

  keyPartition(place: number, partitions: number): number | undefined {
    const length = this.#marks[4 * place + 2]!
    if (length < 0) return undefined
    if (partitions === 1) return 0
    const at = this.#marks[4 * place + 1]! + sizeOfVarint(length)
    return partitionOf(this.#bytes.subarray(at, at + length), partitions)
  }

  timestamp(): undefined {
    return undefined
  }

  bodySize(place: number): number {
    return this.#endOf(place) - this.#marks[4 * place + 1]!
  }

  writeBody(place: number, out: Buffer, at: number): number {
    return at + this.#bytes.copy(out, at, this.#marks[4 * place + 1]!, this.#endOf(place))
  }

  record(place: number): ProducerRecord {
    const cursor = new Cursor(this.#bytes, this.#marks[4 * place + 1]!)
    const topic = this.#topics[place]!
    const partition = this.partition(place)
    const record = { topic, key: cursor.bytes(), value: cursor.bytes(), headers: cursor.headers() }
    return partition === undefined ? record : { ...record, partition }
  }

  whole(): Buffer {
    return this.#bytes.subarray(0, this.#end)
  }

  #endOf(place: number): number {
    return place + 1 === this.#length ? this.#end : this.#marks[4 * (place + 1)]!
  }

  /** Writes what comes before the body; gives the body's place. */
  #begin(topic: string, body: number, keyLength: number, partition: number): number {
    const place = this.#length
    const start = this.#end
    this.#reserve(start + body + recordOverhead, 4 * place + 4)
    const bytes = this.#bytes
    let at = writeVarint(bytes, start, 2 + sizeOfVarint(place) + body)
    // attributes, and the difference of timestamps
    bytes[at++] = 0
    bytes[at++] = 0
    at = writeVarint(bytes, at, place)
    const marks = this.#marks
    const mark = 4 * place
    marks[mark] = start
    marks[mark + 1] = at
    marks[mark + 2] = keyLength
    marks[mark + 3] = partition
    this.#topics[place] = topic
    this.#length = place + 1
    this.#end = at + body
    return at
  }

  #reserve(bytes: number, marks: number): void {
    if (bytes > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(bytes, this.#bytes.length * 2))
      this.#bytes.copy(grown, 0, 0, this.#end)
      this.#bytes = grown
    }
    if (marks <= this.#marks.length) return
    const grown = new Int32Array(this.#marks.length * 2)
    grown.set(this.#marks)
    this.#marks = grown
  }

  /** Their number, and names and contents with their lengths. */
  #headersOf(headers: NonNullable<EncodedRecord['headers']>): Buffer {
    if (headers !== this.#headers) {
      this.#headers = headers
      this.#writtenHeaders = writtenHeaders(headers)
    }
    return this.#writtenHeaders
  }
}

function writtenHeaders(headers: NonNullable<EncodedRecord['headers']>): Buffer {
  const list = Object.entries(headers).map(([name, content]): readonly [Uint8Array, Uint8Array | null] => [
    Buffer.from(name),
    typeof content === 'string' ? Buffer.from(content) : content,
  ])
  let size = sizeOfVarint(list.length)
  for (const [name, content] of list) size += sizeOfBytes(name) + sizeOfBytes(content)
  const out = Buffer.allocUnsafeSlow(size)
  let at = writeVarint(out, 0, list.length)
  for (const [name, content] of list) at = writeBytes(out, writeBytes(out, at, name), content)
  return out
}

/** -1: there is none. */
function lengthOf(part: EncodedRecord['key']): number {
  if (part === null) return -1
  return typeof part === 'string' ? Buffer.byteLength(part) : part.length
}

function sizeOfPart(length: number): number {
  return length < 0 ? 1 : sizeOfVarint(length) + length
}

function writePart(out: Buffer, at: number, part: EncodedRecord['key'], length: number): number {
  if (typeof part !== 'string') return writeBytes(out, at, part)
  const begin = writeVarint(out, at, length)
  // as many bytes as characters: each is one of ASCII
  if (length < 24 && length === part.length) for (let i = 0; i < length; i++) out[begin + i] = part.charCodeAt(i)
  else out.write(part, begin, length, length === part.length ? 'latin1' : 'utf8')
  return begin + length
}
