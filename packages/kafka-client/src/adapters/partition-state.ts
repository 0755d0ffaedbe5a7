import type { KafkaBatch, KafkaRecord, ReadFrom, TopicPartition } from '../port.ts'
import { type OpenBatch, readRecords, type Scanned } from '../records/decode.ts'

/** Of a fetch: batches whose records become one piece, or several where they are too many. */
interface Part {
  readonly batches: readonly OpenBatch[]
  readonly from: bigint
  readonly nextOffset: bigint
  readonly endOffset: bigint
}

/**
 * Bytes of batches whose records are read at once. Of a whole fetch they would be as many objects as to be taken for
 * old by the garbage collector, which is what costs most.
 */
const partBytes = 128 * 1024

/** One partition that is being read: where its next fetch begins, and what was fetched and not handed out yet. */
export class PartitionState implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly end: bigint | undefined
  readonly topicId: string | undefined
  readonly #parts: Part[] = []
  /** Of the part that was begun. */
  readonly #pieces: KafkaBatch[] = []
  offset: bigint
  paused = false
  fetching = false
  /** When fetches of it began to fail, one after the other. */
  failingSince: number | undefined

  constructor({ topic, partition, offset, endOffset, topicId }: ReadFrom) {
    this.topicId = topicId
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.end = endOffset
  }

  /** Is there something to hand out? */
  get ready(): boolean {
    return this.#pieces.length + this.#parts.length > 0
  }

  get finished(): boolean {
    return !this.ready && this.end !== undefined && this.offset >= this.end
  }

  /** One fetch ahead: another is due when the last batch of the former is all that waits. */
  get due(): boolean {
    if (this.paused || this.fetching || this.#pieces.length + this.#parts.length > 1) return false
    return this.end === undefined || this.offset < this.end
  }

  /** Takes what a fetch brought. Its records are read when they are handed out. */
  take({ batches, nextOffset }: Scanned, endOffset: bigint): void {
    if (nextOffset === this.offset) return
    const { end } = this
    const last = end !== undefined && nextOffset > end ? end : nextOffset
    const wanted = end === undefined ? batches : batches.filter(({ base }) => base < end)
    const from = this.offset
    let part: OpenBatch[] = []
    let bytes = 0
    for (const batch of wanted) {
      if (part.length > 0 && bytes + batch.bytes.length > partBytes) {
        this.#parts.push({ batches: part, from, nextOffset: part.at(-1)!.nextOffset, endOffset })
        part = []
        bytes = 0
      }
      part.push(batch)
      bytes += batch.bytes.length
    }
    this.#parts.push({ batches: part, from, nextOffset: last, endOffset })
    this.offset = last
  }

  /** The next piece, of at most `maxRecords`; undefined: nothing is there. */
  next(maxRecords: number): KafkaBatch | undefined {
    if (this.#pieces.length === 0 && this.#parts.length > 0) this.#open(this.#parts.shift()!, maxRecords)
    return this.#pieces.shift()
  }

  #open({ batches, from, nextOffset, endOffset }: Part, maxRecords: number): void {
    const { topic, partition } = this
    const records: KafkaRecord[] = []
    for (const batch of batches) readRecords(batch, from, this.end, records)
    for (let at = 0; at < records.length || at === 0; at += maxRecords) {
      const piece = records.length <= maxRecords ? records : records.slice(at, at + maxRecords)
      const isLast = at + maxRecords >= records.length
      const next = isLast ? nextOffset : piece.at(-1)!.offset + 1n
      this.#pieces.push({ topic, partition, records: piece, nextOffset: next, endOffset })
    }
  }
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`
}
