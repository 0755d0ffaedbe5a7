import type { Producer } from '../port.ts'
import { type OutgoingRecord, RecordPack } from '../records/record-pack.ts'

/**
 * Gathers records and sends them in pieces, one send at a time: while one is on its way the next is gathered. Bounds
 * what is held to two pieces. Records go out in the order in which they came.
 */
export class RecordWriter {
  readonly #producer: Producer
  /** Bytes of one send. */
  #piece: number
  /** Being filled; */
  #pack: RecordPack
  /** on its way, or free when nothing is. */
  #other: RecordPack
  #sending: Promise<unknown> | undefined

  constructor(producer: Producer, piece: number) {
    this.#producer = producer
    this.#piece = piece
    // a buffer that grows doubles
    this.#pack = new RecordPack(2 * piece)
    this.#other = new RecordPack(2 * piece)
  }

  /** A topic that takes less has come. */
  narrow(piece: number): void {
    this.#piece = Math.min(this.#piece, piece)
  }

  /** Adds records; where that fills a piece, it is sent. A promise only where the caller has to wait for the one before. */
  add(records: readonly OutgoingRecord[], signal: AbortSignal): Promise<void> | undefined {
    for (let i = 0; i < records.length; i++) {
      this.#pack.add(records[i]!)
      if (this.#pack.size > this.#piece && this.#pack.length > 1) return this.#sendFull(records.slice(i + 1), signal)
    }
    return undefined
  }

  /** All but the last record, which was too much; it and `rest` begin the next piece. */
  async #sendFull(rest: readonly OutgoingRecord[], signal: AbortSignal): Promise<void> {
    await this.settle()
    this.#other.takeLast(this.#pack)
    this.#swap(signal)
    await this.add(rest, signal)
  }

  /** Waits for the last piece and sends this one, without waiting for it. Throws what the last one has met. */
  async send(signal: AbortSignal): Promise<void> {
    if (this.#pack.length === 0) return
    await this.settle()
    this.#swap(signal)
  }

  #swap(signal: AbortSignal): void {
    const full = this.#pack
    this.#pack = this.#other
    this.#other = full
    this.#sending = this.#producer.send(full, signal)
    // whoever comes next gets it
    this.#sending.catch(() => {})
  }

  /** Waits until what was sent is acknowledged. */
  async settle(): Promise<void> {
    const sending = this.#sending
    this.#sending = undefined
    await sending
    this.#other.clear()
  }
}
