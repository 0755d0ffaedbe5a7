import type { Row } from '@cdc/core'

/** What workers hand over about one table, in this order: prepared or skipped; rows; done. */
export type Piece =
  | { readonly kind: 'begin' }
  /** Nothing was read: the table has changed since the snapshot, is gone, or is locked. */
  | { readonly kind: 'skip'; readonly why: 'changed' | 'gone' | 'busy' }
  | { readonly kind: 'rows'; readonly rows: readonly Row[]; readonly bytes: number }
  | { readonly kind: 'end' }

interface Lane {
  readonly pieces: Piece[]
  bytes: number
}

/**
 * Brings what several workers read into the order of the tables. Bounded: half of the budget is for the table whose
 * turn it is, half for those that were begun ahead of it, so that none can starve the other.
 */
export class SnapshotFeed {
  readonly #lanes: Lane[]
  readonly #budget: number
  #turn = 0
  #ahead = 0
  #failure: { error: unknown } | undefined
  #wakeReader: (() => void) | undefined
  #writers: (() => void)[] = []

  /** `budget`: bytes of rows that may lie here. */
  constructor(tables: number, budget: number) {
    this.#lanes = Array.from({ length: tables }, () => ({ pieces: [], bytes: 0 }))
    this.#budget = budget / 2
  }

  /** The promise, where there is one, holds the worker back. Rejects after `fail`. */
  push(table: number, piece: Piece): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error
    const lane = this.#lanes[table]!
    lane.pieces.push(piece)
    if (piece.kind === 'rows') {
      lane.bytes += piece.bytes
      if (table !== this.#turn) this.#ahead += piece.bytes
    }
    if (table === this.#turn) this.#wake()
    if (this.#isFull(table)) return this.#room(table)
  }

  #isFull(table: number): boolean {
    const used = table === this.#turn ? this.#lanes[table]!.bytes : this.#ahead
    return used > this.#budget
  }

  async #room(table: number): Promise<void> {
    while (this.#isFull(table)) {
      if (this.#failure !== undefined) throw this.#failure.error
      await new Promise<void>((resolve) => this.#writers.push(resolve))
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** The table whose turn it is; past the last one when all are done. */
  get turn(): number {
    return this.#turn
  }

  get done(): boolean {
    return this.#turn >= this.#lanes.length
  }

  /** The next piece of the table whose turn it is, when one is at hand. After its last the turn passes on. */
  take(): Piece | undefined {
    const lane = this.#lanes[this.#turn]
    const piece = lane?.pieces.shift()
    if (piece === undefined) {
      if (this.#failure !== undefined) throw this.#failure.error
      return undefined
    }
    if (piece.kind === 'rows') lane!.bytes -= piece.bytes
    else if (piece.kind === 'end' || piece.kind === 'skip') {
      this.#turn++
      this.#ahead -= this.#lanes[this.#turn]?.bytes ?? 0
    }
    this.#release()
    return piece
  }

  /** Resolves when `take` may have something. */
  async wait(): Promise<void> {
    if (this.done || this.#failure !== undefined || this.#lanes[this.#turn]!.pieces.length > 0) return
    await new Promise<void>((resolve) => {
      this.#wakeReader = resolve
    })
  }

  /** Ends both sides with this error: workers at once, the reader when it has taken what is there. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#release()
    this.#wake()
  }

  #release(): void {
    const writers = this.#writers
    this.#writers = []
    for (const resume of writers) resume()
  }

  #wake(): void {
    this.#wakeReader?.()
    this.#wakeReader = undefined
  }
}
