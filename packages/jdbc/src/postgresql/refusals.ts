import type { CdcError, RowChange, SinkContext, Truncate } from '@cdc/core'

/** So many are held until they are written down. */
const heldAtMost = 1000

/**
 * Changes that the open transaction leaves out because the target cannot take them. They are durable as dead letters
 * before its COMMIT, and forgotten when it rolls back, since all of it is then applied again.
 */
export class Refusals {
  readonly #reject: NonNullable<SinkContext['reject']>
  #held: { readonly change: RowChange | Truncate; readonly error: CdcError }[] = []

  constructor(reject: NonNullable<SinkContext['reject']>) {
    this.#reject = reject
  }

  async add(change: RowChange | Truncate, error: CdcError): Promise<void> {
    this.#held.push({ change, error })
    if (this.#held.length >= heldAtMost) await this.settle()
  }

  /** Before COMMIT: resolves when all of them are durable. */
  async settle(): Promise<void> {
    const held = this.#held
    this.#held = []
    await Promise.all(held.map(({ change, error }) => this.#reject(change, error)))
  }

  rolledBack(): void {
    this.#held = []
  }
}
