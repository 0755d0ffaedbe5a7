import type { Producer, ProducerRecord } from '../port.ts'
import { recordBound } from '../records/encode.ts'

/**
 * Gathers records and sends them in pieces, one send at a time: while one is on its way the next is gathered. Bounds
 * what is held to two pieces. Records go out in the order in which they came.
 */
export class RecordWriter {
  readonly #producer: Producer
  /** Bytes of one send. */
  #piece: number
  #records: ProducerRecord[] = []
  #bytes = 0
  #sending: Promise<unknown> | undefined

  constructor(producer: Producer, piece: number) {
    this.#producer = producer
    this.#piece = piece
  }

  /** A topic that takes less has come. */
  narrow(piece: number): void {
    this.#piece = Math.min(this.#piece, piece)
  }

  /** Adds records; where that fills a piece, the one before it is sent. A promise only where the caller has to wait. */
  add(records: readonly ProducerRecord[], signal: AbortSignal): Promise<void> | undefined {
    for (let i = 0; i < records.length; i++) {
      const size = recordBound(records[i]!)
      if (this.#records.length > 0 && this.#bytes + size > this.#piece) return this.#addRest(records.slice(i), signal)
      this.#records.push(records[i]!)
      this.#bytes += size
    }
    return undefined
  }

  async #addRest(records: readonly ProducerRecord[], signal: AbortSignal): Promise<void> {
    await this.send(signal)
    await this.add(records, signal)
  }

  /** Waits for the last piece and sends this one, without waiting for it. Throws what the last one has met. */
  async send(signal: AbortSignal): Promise<void> {
    if (this.#records.length === 0) return
    await this.settle()
    const records = this.#records
    this.#records = []
    this.#bytes = 0
    this.#sending = this.#producer.send(records, signal)
    // whoever comes next gets it
    this.#sending.catch(() => {})
  }

  /** Waits until what was sent is acknowledged. */
  async settle(): Promise<void> {
    const sending = this.#sending
    this.#sending = undefined
    await sending
  }
}
