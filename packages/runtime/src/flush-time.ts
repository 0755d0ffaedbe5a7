/** A busy pipeline flushes after so many bytes at the latest, and not before so many batches. */
const flushBytes = 4 * 1024 * 1024
const flushBatches = 8
/** Bytes of heap a millisecond from which on a pipeline is catching up: some ten thousand small changes a second. */
const busy = 12 * 1024
/** A pipeline that is catching up gathers so many times as long as its last flush took, within these milliseconds. */
const perFlush = 8
const gatheringAtLeast = 25
const gatheringAtMost = 100
/** The next burst of a busy source is not later than this. Milliseconds. */
const nextBurst = 10

export interface FlushLimits {
  readonly batchBytes: number
  readonly flushInterval: number
}

/**
 * When to flush: at once when nothing more is at hand, so that a single change does not wait; a pipeline that is
 * catching up, whose source pauses between bursts, gathers for a while, since a flush costs as much for few changes
 * as for many.
 */
export class FlushTime {
  readonly #limits: FlushLimits
  #last = performance.now()
  /** Written since then. */
  #bytes = 0
  /** How long more is gathered, though nothing is at hand at a moment. Milliseconds. */
  #gathering = gatheringAtLeast

  constructor(limits: FlushLimits) {
    this.#limits = limits
  }

  written(bytes: number): void {
    this.#bytes += bytes
  }

  /** `took`: milliseconds. */
  flushed(took: number): void {
    this.#last = performance.now()
    this.#bytes = 0
    this.#gathering = Math.min(gatheringAtMost, Math.max(gatheringAtLeast, perFlush * took))
  }

  /** Whether or not anything is at hand. */
  get due(): boolean {
    const { batchBytes, flushInterval } = this.#limits
    return (
      this.#bytes >= Math.max(flushBytes, flushBatches * batchBytes) || performance.now() - this.#last >= flushInterval
    )
  }

  /** How long more may be waited for, when nothing is at hand. Milliseconds; 0: it is time. */
  get patience(): number {
    const passed = performance.now() - this.#last
    const left = this.#gathering - passed
    return left > 0 && !this.due && this.#bytes > busy * passed ? Math.min(nextBurst, left) : 0
  }
}
