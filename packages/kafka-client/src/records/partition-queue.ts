import type { ProducerRecord } from '../port.ts'
import { recordBound } from './encode.ts'

/** The records of one send for one partition, in order, cut into batches as they go out. */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly records: ProducerRecord[] = []
  /** Place of each record in the send. */
  readonly places: number[] = []
  /** How many are acknowledged. */
  done = 0
  /** Of the batch that goes out next; halved when the broker finds it too large. */
  limit: number

  constructor(topic: string, partition: number, limit: number) {
    this.topic = topic
    this.partition = partition
    this.limit = limit
  }

  get finished(): boolean {
    return this.done === this.records.length
  }

  /** Where the next batch ends: at least one record, and as many as stay within the limit. */
  nextEnd(): number {
    let bytes = 0
    let end = this.done
    while (end < this.records.length) {
      bytes += recordBound(this.records[end]!)
      if (bytes > this.limit && end > this.done) break
      end++
    }
    return end
  }

  /** The batch that ends at `end` was too large: the next one is surely smaller. */
  halve(end: number): void {
    let bytes = 0
    for (let i = this.done; i < end; i++) bytes += recordBound(this.records[i]!)
    this.limit = Math.max(1, Math.floor(Math.min(this.limit, bytes) / 2))
  }
}
