import type { KafkaBatch, KafkaRecord, ReadFrom, TopicPartition } from '../port.ts'
import type { Decoded } from '../records/decode.ts'

/** One partition that is being read: where its next fetch begins, and what was fetched and not handed out yet. */
export class PartitionState implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly end: bigint | undefined
  readonly topicId: string | undefined
  readonly queue: KafkaBatch[] = []
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

  get finished(): boolean {
    return this.queue.length === 0 && this.end !== undefined && this.offset >= this.end
  }

  /** One fetch ahead: another is due when the last batch of the former is all that waits. */
  get due(): boolean {
    if (this.paused || this.fetching || this.queue.length > 1) return false
    return this.end === undefined || this.offset < this.end
  }

  /** Takes what a fetch brought, in batches of at most `maxRecords`. */
  take({ records, nextOffset }: Decoded, endOffset: bigint, maxRecords: number): void {
    if (nextOffset === this.offset) return
    const { end } = this
    const wanted = end === undefined || nextOffset <= end ? records : records.filter(({ offset }) => offset < end)
    const last = end !== undefined && nextOffset > end ? end : nextOffset
    for (let from = 0; from < wanted.length || from === 0; from += maxRecords) {
      const part = wanted.length <= maxRecords ? wanted : wanted.slice(from, from + maxRecords)
      const isLast = from + maxRecords >= wanted.length
      this.#push(part, isLast ? last : part.at(-1)!.offset + 1n, endOffset)
    }
    this.offset = last
  }

  #push(records: readonly KafkaRecord[], nextOffset: bigint, endOffset: bigint): void {
    const { topic, partition } = this
    this.queue.push({ topic, partition, records, nextOffset, endOffset })
  }
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`
}
