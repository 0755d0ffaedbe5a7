/** How fast a counter grows, over the last few seconds. */
export class Rate {
  readonly #window: number
  readonly #samples: { at: number; total: number }[] = []

  constructor(window = 5_000) {
    this.#window = window
  }

  add(at: number, total: number): void {
    const samples = this.#samples
    const last = samples.at(-1)
    // ten samples a second are enough, however often it is told
    if (last !== undefined && samples.length > 1 && at - samples.at(-2)!.at < 100) last.total = total
    else samples.push({ at, total })
    while (samples.length > 2 && samples[1]!.at <= at - this.#window) samples.shift()
  }

  /** Per second, up to `now`; 0 when nothing came for a whole window. */
  at(now: number): number {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || now - last.at > this.#window) return 0
    const elapsed = now - first.at
    return elapsed < 100 ? 0 : ((last.total - first.total) * 1000) / elapsed
  }
}
