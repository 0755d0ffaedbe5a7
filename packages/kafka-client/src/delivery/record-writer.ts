import type { Producer, ProducerRecord } from '../port.ts'

/** What a record takes in a batch beside key, value and headers, at most (the format of record batches, version 2). */
const OVERHEAD = 70

/** Bytes of a record on the wire before compression, never less than they are. */
export function recordSize({ key, value, headers }: Omit<ProducerRecord, 'topic'>): number {
  let size = OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0)
  if (headers !== undefined)
    for (const [name, content] of headers) size += 10 + 3 * name.length + (content?.length ?? 0)
  return size
}

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

  /** Would a record of this size make the piece too large? Then `send` first. */
  isFull(size: number): boolean {
    return this.#records.length > 0 && this.#bytes + size > this.#piece
  }

  add(record: ProducerRecord, size: number): void {
    this.#records.push(record)
    this.#bytes += size
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
