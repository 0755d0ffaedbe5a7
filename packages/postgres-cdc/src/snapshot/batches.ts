import type { Batch, Change, Position, Table } from '@cdc/core'
import type { MarkedOutput } from './marks.ts'

export interface SnapshotLimits {
  readonly rows: number
  readonly bytes: number
}

/**
 * Gathers snapshot rows into batches. Small tables share a batch, which then ends where the last of them ended; the
 * rows of a table that is not done yet never share one with those before it.
 */
export class SnapshotBatches implements MarkedOutput {
  readonly #limits: SnapshotLimits
  readonly #position: () => Position
  readonly #completed: (table: Table) => void
  #changes: Change[] = []
  #bytes = 0
  /** How much of it lies before the end of the last table that is done. */
  #whole = { count: 0, bytes: 0 }
  #settled = true

  /** `position`: where the snapshot stands after every table that `completed` was told of. */
  constructor(limits: SnapshotLimits, position: () => Position, completed: (table: Table) => void) {
    this.#limits = limits
    this.#position = position
    this.#completed = completed
  }

  change(change: Change, bytes: number): void {
    this.#changes.push(change)
    this.#bytes += bytes
  }

  complete(table: Table): void {
    this.#completed(table)
    this.#whole = { count: this.#changes.length, bytes: this.#bytes }
    this.#settled = false
  }

  get full(): boolean {
    return this.#changes.length >= this.#limits.rows || this.#bytes >= this.#limits.bytes
  }

  /** How many rows of this size still fit; at least one. */
  room(bytes: number): number {
    const rows = this.#limits.rows - this.#changes.length
    const fit = Math.floor((this.#limits.bytes - this.#bytes) / Math.max(1, bytes))
    return Math.max(1, Math.min(rows, fit))
  }

  /** What there is, as at most two batches: whole tables with their position, then a part of one. */
  *drain(): Generator<Batch> {
    if (!this.#settled) {
      this.#settled = true
      const { count, bytes } = this.#whole
      const whole = this.#cut(count, bytes)
      yield { changes: whole, position: this.#position(), bytes }
    }
    if (this.#changes.length === 0) return
    const bytes = this.#bytes
    yield { changes: this.#cut(this.#changes.length, bytes), open: 'table', bytes }
  }

  #cut(count: number, bytes: number): Change[] {
    const taken = count === this.#changes.length ? this.#changes : this.#changes.slice(0, count)
    this.#changes = count === this.#changes.length ? [] : this.#changes.slice(count)
    this.#bytes -= bytes
    this.#whole = { count: 0, bytes: 0 }
    return taken
  }
}
