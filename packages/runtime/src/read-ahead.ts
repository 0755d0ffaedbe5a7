import { setImmediate as macrotask } from 'node:timers/promises'
import type { Batch } from '@cdc/core'
import { error } from './errors.ts'

export interface ReadAheadLimits {
  /** Upper bounds of a merged batch. One batch of the source may be larger by itself. */
  readonly rows: number
  readonly bytes: number
  /** Bytes that may lie in the queue before reading pauses. */
  readonly ahead: number
}

/** Timers starve in loops of microtasks, so the loop gives way at least this often. Milliseconds. */
const longestTurn = 20

/**
 * Reads batches ahead of the writer, bounded in bytes, and merges what has piled up: while the writer is busy batches
 * grow, while it is idle a change goes through at once.
 */
export class ReadAhead {
  readonly #iterator: AsyncIterator<Batch>
  readonly #limits: ReadAheadLimits
  readonly #queue: Batch[] = []
  #bytes = 0
  /** Off while sinks leave out what they have: that is decided batch by batch, at each position. */
  merging = true
  #state: 'reading' | 'ended' | 'stopped' = 'reading'
  #failure: { error: unknown } | undefined
  /** The source has thrown: it takes no call any more but `close`. */
  sourceFailed = false
  #wakeWriter: (() => void) | undefined
  #wakeReader: (() => void) | undefined
  readonly #pumping: Promise<void>

  constructor(batches: AsyncIterable<Batch>, limits: ReadAheadLimits) {
    this.#iterator = batches[Symbol.asyncIterator]()
    this.#limits = limits
    this.#pumping = this.#pump()
  }

  /** Nothing more is at hand right now. */
  get empty(): boolean {
    return this.#queue.length === 0
  }

  /** The next batch, merged from what is there; waits while there is none. undefined: the source is done or stopped. */
  async take(): Promise<Batch | undefined> {
    while (this.#queue.length === 0) {
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#state !== 'reading') return undefined
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve
      })
    }
    const batch = this.#merge()
    this.#bytes -= batch.bytes
    if (this.#bytes <= this.#limits.ahead) this.#wake('reader')
    return batch
  }

  /** Resolves when more is at hand or nothing will come any more, and after this time anyway. Milliseconds. */
  async more(milliseconds: number): Promise<void> {
    if (this.#queue.length > 0 || this.#state !== 'reading') return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#wake('writer'), milliseconds)
      this.#wakeWriter = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** No more intake: what is in the queue can still be taken. The source is told by its own signal. */
  stop(): void {
    if (this.#state === 'reading') this.#state = 'stopped'
    this.#wake('reader')
    this.#wake('writer')
  }

  /** What is in the queue is dropped, and the writer gets this error. */
  fail(failure: unknown): void {
    this.#queue.length = 0
    this.#failure = { error: failure }
    this.stop()
  }

  /** Drops everything and gives the iterator back to the source. Resolves when the source has let go of it. */
  async close(): Promise<void> {
    this.stop()
    this.#queue.length = 0
    this.#bytes = 0
    await this.#pumping
    await this.#iterator.return?.()
  }

  #wake(side: 'reader' | 'writer'): void {
    const wake = side === 'reader' ? this.#wakeReader : this.#wakeWriter
    if (side === 'reader') this.#wakeReader = undefined
    else this.#wakeWriter = undefined
    wake?.()
  }

  async #pump(): Promise<void> {
    let turn = performance.now()
    try {
      while (this.#state === 'reading') {
        const next = await this.#iterator.next()
        if (next.done) break
        this.#push(next.value)
        if (performance.now() - turn > longestTurn) {
          await macrotask()
          turn = performance.now()
        }
        while (this.#bytes > this.#limits.ahead && this.#state === 'reading') {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve
          })
          turn = performance.now()
        }
      }
    } catch (failure) {
      // what was read before the fault is whole and may still be written
      this.#failure = { error: failure }
      this.sourceFailed = true
    }
    if (this.#state === 'reading') this.#state = 'ended'
    this.#wake('writer')
  }

  #push(batch: Batch): void {
    if (this.#state !== 'reading') return
    if (batch.position === undefined && batch.open === undefined)
      throw error('BATCH_RULE', { message: 'A batch has neither a position nor says what is open.' })
    this.#queue.push(batch)
    this.#bytes += batch.bytes
    this.#wake('writer')
  }

  #merge(): Batch {
    const first = this.#queue[0]!
    let count = 1
    let { bytes } = first
    let rows = first.changes.length
    let last = first
    for (; this.merging && count < this.#queue.length; count++) {
      const next = this.#queue[count]!
      bytes += next.bytes
      rows += next.changes.length
      if (!follows(last, next) || bytes > this.#limits.bytes || rows > this.#limits.rows) {
        bytes -= next.bytes
        break
      }
      last = next
    }
    const taken = this.#queue.splice(0, count)
    if (count === 1) return first
    const changes = taken.flatMap((batch) => batch.changes)
    if (last.position !== undefined) return { changes, position: last.position, bytes }
    return { changes, open: last.open!, bytes }
  }
}

/** May `next` be joined to what ends with `last`? Never the tail of one transaction with the open head of the next. */
function follows(last: Batch, next: Batch): boolean {
  return last.position === undefined || next.position !== undefined
}
