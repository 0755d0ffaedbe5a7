import { testkitError } from '../errors.ts'

/**
 * Watches that whoever drives a memory source or sink keeps the contract, and throws TESTKIT_CALLER when it does not.
 * `lanes` are sets of calls that must not overlap.
 */
export class Caller {
  readonly #who: string
  readonly #busy = new Map<string, string>()
  #opened = false
  #closed = false
  #dead = false

  constructor(who: string) {
    this.#who = who
  }

  /** Runs a call. After a throw only `close` may follow. */
  async call<T>(name: string, lane: string, act: () => Promise<T>): Promise<T> {
    this.#check(name, lane)
    this.#busy.set(lane, name)
    try {
      return await act()
    } catch (error) {
      this.#dead = true
      throw error
    } finally {
      this.#busy.delete(lane)
    }
  }

  /** The instance has thrown in a place that `call` does not see. */
  died(): void {
    this.#dead = true
  }

  /** Fails with the rule that was broken. */
  refuse(rule: string): never {
    this.#dead = true
    throw testkitError('TESTKIT_CALLER', { message: `The caller of ${this.#who} broke a rule: ${rule}.` })
  }

  #check(name: string, lane: string): void {
    const busy = this.#busy.get(lane)
    if (busy !== undefined) this.refuse(`${name} was called while ${busy} was running`)
    if (name === 'close') {
      if (this.#closed) this.refuse('close was called twice')
      this.#closed = true
      return
    }
    if (this.#closed) this.refuse(`${name} was called after close`)
    if (this.#dead) this.refuse(`${name} was called after a throw`)
    if ((name === 'open') === this.#opened)
      this.refuse(name === 'open' ? 'open was called twice' : `${name} was called before open`)
    this.#opened = true
  }
}
