import { setTimeout as delay } from 'node:timers/promises'

/** Rows that may come at once after a pause, as a part of a second: a slow reader is not made up for. */
const burst = 0.1

/** Spreads rows evenly over time, by a clock that nobody sets. */
export class RateLimit {
  readonly #perSecond: number
  readonly #most: number
  #allowed = 1
  #last = performance.now()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
    this.#most = Math.max(1, Math.floor(perSecond * burst))
  }

  /** How many of `wanted` rows may come now: at least one, and it waits for that. 0 when `signal` aborts. */
  async take(wanted: number, signal: AbortSignal): Promise<number> {
    if (this.#perSecond === Infinity) return wanted
    this.#refill()
    while (this.#allowed < 1) {
      // at most some hundred times a second, however high the rate
      const wait = Math.max(((1 - this.#allowed) * 1000) / this.#perSecond, 5)
      if (!(await sleep(wait, signal))) return 0
      this.#refill()
    }
    const given = Math.min(wanted, Math.floor(this.#allowed))
    this.#allowed -= given
    return given
  }

  #refill(): void {
    const now = performance.now()
    this.#allowed = Math.min(this.#allowed + ((now - this.#last) / 1000) * this.#perSecond, this.#most)
    this.#last = now
  }
}

/** Gives false, at once, when the signal aborts. */
async function sleep(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  // timers hold 31 bits
  const wait = Math.min(milliseconds, 0x7fff_ffff)
  return await delay(wait, true, { signal }).catch(() => false)
}
