/** Numbers that follow from a seed (mulberry32), so that every decision of a run can be made again. */
export class Random {
  #state: number

  constructor(seed: number) {
    // neighbouring seeds must not give neighbouring numbers
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 0
    for (let i = 0; i < 4; i++) this.next()
  }

  /** From 0 up to, and never, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** Whole, both ends included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  of<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!
  }

  /** One of several by weight. */
  weighted<T>(list: readonly (readonly [weight: number, item: T])[]): T {
    let left = this.next() * list.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, item] of list) {
      left -= weight
      if (left < 0) return item
    }
    return list.at(-1)![1]
  }
}
