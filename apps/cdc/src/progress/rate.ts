/** How fast a counter grows, over the last few seconds. */
export class Rate {
  readonly #window: number
  readonly #samples: { at: number; total: number }[] = []

  constructor(window = 3_000) {
    this.#window = window
  }

  add(at: number, total: number): void {
    const samples = this.#samples
    // ten samples a second are enough, however often it is told
    if (samples.length > 1 && at - samples.at(-2)!.at < 100) samples.at(-1)!.total = total
    else samples.push({ at, total })
    this.#forget(at)
  }

  /** Per second over the window that ends `now`; undefined while that cannot be said. */
  at(now: number): number | undefined {
    this.#forget(now)
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined) return undefined
    // at least a second, so that a burst of a moment is not taken for a rate
    const elapsed = Math.max(now - first.at, 1_000)
    return first === last && now - first.at < this.#window ? undefined : ((last.total - first.total) * 1000) / elapsed
  }

  /** Keeps one sample that is older than the window: the count at its beginning. */
  #forget(now: number): void {
    while (this.#samples.length > 1 && this.#samples[1]!.at <= now - this.#window) this.#samples.shift()
  }
}
