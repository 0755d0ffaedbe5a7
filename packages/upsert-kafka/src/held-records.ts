import type { ProducerRecord } from '@cdc/kafka-client'

/** Records held back for a while: of each key only the last is left. */
export class HeldRecords {
  #records = new Map<string, ProducerRecord>()
  #since = 0

  get size(): number {
    return this.#records.size
  }

  /** Milliseconds since the first of them came. */
  get age(): number {
    return this.#records.size === 0 ? 0 : performance.now() - this.#since
  }

  add(record: ProducerRecord): void {
    if (this.#records.size === 0) this.#since = performance.now()
    const key = `${record.topic}\0${record.key!.toString('latin1')}`
    // to the end: what came after it in another key stays before it
    this.#records.delete(key)
    this.#records.set(key, record)
  }

  take(): ProducerRecord[] {
    const records = this.#records
    this.#records = new Map()
    return [...records.values()]
  }
}
