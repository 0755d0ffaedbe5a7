import type { OutgoingRecord } from '@cdc/kafka-client'

/** Records held back for a while: of each key only the last is left. */
export class HeldRecords {
  #records = new Map<string, OutgoingRecord>()
  #since = 0

  get size(): number {
    return this.#records.size
  }

  /** Milliseconds since the first of them came. */
  get age(): number {
    return this.#records.size === 0 ? 0 : performance.now() - this.#since
  }

  add(record: OutgoingRecord): void {
    if (this.#records.size === 0) this.#since = performance.now()
    const { topic, key: own } = record
    const key = `${topic}\0${typeof own === 'string' ? own : Buffer.from(own!).toString('latin1')}`
    // to the end: what came after it in another key stays before it
    this.#records.delete(key)
    this.#records.set(key, record)
  }

  take(): OutgoingRecord[] {
    const records = this.#records
    this.#records = new Map()
    return [...records.values()]
  }
}
