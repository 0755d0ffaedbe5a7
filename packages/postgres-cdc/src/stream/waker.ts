/** Wakes the one who waits, whatever it was that happened. What happened before `wait` counts too. */
export class Waker {
  #resolve: (() => void) | undefined
  #rung = false

  readonly ring = (): void => {
    const resolve = this.#resolve
    this.#resolve = undefined
    if (resolve === undefined) this.#rung = true
    else resolve()
  }

  async wait(): Promise<void> {
    if (!this.#rung)
      await new Promise<void>((resolve) => {
        this.#resolve = resolve
      })
    this.#rung = false
  }
}
