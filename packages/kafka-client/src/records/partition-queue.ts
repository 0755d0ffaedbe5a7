import type { RecordList } from './record-list.ts'
import { recordOverhead } from './record-list.ts'

/** The records of one send for one partition, in order, cut into batches as they go out. */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** All records of the send, */
  readonly list: RecordList
  /** and the places in it of those that are for this partition. */
  readonly places: number[] = []
  /** How many are acknowledged. */
  done = 0
  /** Of the batch that goes out next; halved when the broker finds it too large. */
  limit: number

  constructor(topic: string, partition: number, list: RecordList, limit: number) {
    this.topic = topic
    this.partition = partition
    this.list = list
    this.limit = limit
  }

  get finished(): boolean {
    return this.done === this.places.length
  }

  /** Where the next batch ends: at least one record, and as many as stay within the limit. */
  nextEnd(): number {
    let bytes = 0
    let end = this.done
    while (end < this.places.length) {
      bytes += this.#bound(end)
      if (bytes > this.limit && end > this.done) break
      end++
    }
    return end
  }

  /** The batch that ends at `end` was too large: the next one is surely smaller. */
  halve(end: number): void {
    let bytes = 0
    for (let i = this.done; i < end; i++) bytes += this.#bound(i)
    this.limit = Math.max(1, Math.floor(Math.min(this.limit, bytes) / 2))
  }

  #bound(at: number): number {
    return this.list.bodySize(this.places[at]!) + recordOverhead
  }
}
