import { describePlan, type Plan } from './plan.ts'
import type { SeedResult } from './run-seed.ts'

/** Keeps the sums of all seeds, says how far the loop is, and tells each failure when it is known. */
export class Summary {
  readonly #count: number
  readonly #begun = performance.now()
  readonly #ends = new Map<string, number>()
  readonly #reached = new Set<string>()
  readonly #failures: string[] = []
  #done = 0
  #transactions = 0
  #bankReads = 0
  #samples = 0

  constructor(count: number) {
    this.#count = count
  }

  get failed(): number {
    return this.#failures.length
  }

  add(result: SeedResult, plan: Plan): void {
    this.#transactions += result.transactions
    this.#bankReads += result.bankReads
    this.#samples += result.samples
    for (const [what, times] of Object.entries(result.ends)) this.#ends.set(what, (this.#ends.get(what) ?? 0) + times)
    for (const name of result.reached) this.#reached.add(name)
    if (result.fault !== undefined) this.#fail(plan, `${result.fault}\n  kept in ${result.folder}`)
    this.#progress(plan, result.fault === undefined ? `${Math.round(result.milliseconds)} ms` : 'FAILED')
  }

  /** The loop itself could not go on with this seed. */
  broken(plan: Plan, failure: unknown): void {
    this.#fail(plan, failure instanceof Error ? (failure.stack ?? failure.message) : String(failure))
    this.#progress(plan, 'BROKEN')
  }

  #fail(plan: Plan, text: string): void {
    this.#failures.push(`${describePlan(plan)}\n  ${text}`)
    console.log(this.#failures.at(-1))
  }

  #progress({ seed }: Plan, text: string): void {
    this.#done++
    const seconds = (performance.now() - this.#begun) / 1000
    const left = (seconds / this.#done) * (this.#count - this.#done)
    console.log(
      `${this.#done}/${this.#count} seed ${seed} ${text}; ${this.failed} failed; ${seconds.toFixed(0)} s, ${left.toFixed(0)} s left`,
    )
  }

  print(): void {
    const ends = [...this.#ends].sort((a, b) => b[1] - a[1])
    const kills = ends.reduce((sum, [, times]) => sum + times, 0)
    console.log(
      `\n${this.#done} seeds, ${this.failed} failed, ${((performance.now() - this.#begun) / 1000).toFixed(0)} s`,
    )
    console.log(`${this.#transactions} transactions, ${kills} ends of the process, at ${ends.length} places:`)
    for (const [what, times] of ends) console.log(`  ${String(times).padStart(6)}  ${what}`)
    console.log(`${this.#reached.size} failpoints passed`)
    console.log(`${this.#bankReads} reads of the bank, ${this.#samples} samples of the acknowledged position`)
    for (const failure of this.#failures) console.log(`\nFAILED ${failure}`)
  }
}
