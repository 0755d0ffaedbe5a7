import type { OutgoingRecord } from '@cdc/kafka-client'
import type { UpsertTarget } from './target.ts'

export interface HeldRecord {
  readonly target: UpsertTarget
  readonly record: OutgoingRecord
}

/** Records held back for a while: of each key only the last is left. */
export class HeldRecords {
  #records = new Map<string, HeldRecord>()
  #since = 0

  get size(): number {
    return this.#records.size
  }

  /** Milliseconds since the first of them came. */
  get age(): number {
    return this.#records.size === 0 ? 0 : performance.now() - this.#since
  }

  add(held: HeldRecord): void {
    if (this.#records.size === 0) this.#since = performance.now()
    const key = `${held.target.topic.topic}\0${held.record.key!.toString('latin1')}`
    // to the end: what came after it in another key stays before it
    this.#records.delete(key)
    this.#records.set(key, held)
  }

  take(): Iterable<HeldRecord> {
    const records = this.#records
    this.#records = new Map()
    return records.values()
  }
}
