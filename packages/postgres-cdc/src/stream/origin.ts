import type { Origin, Transaction } from '@cdc/core'

/** The origin of a streamed change. The LSN stays in two halves until somebody asks: a bigint a change would cost. */
export class StreamOrigin implements Origin {
  readonly transaction: Transaction
  readonly order: number
  readonly #high: number
  readonly #low: number

  constructor(transaction: Transaction, high: number, low: number, order: number) {
    this.transaction = transaction
    this.order = order
    this.#high = high
    this.#low = low
  }

  get offset(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low)
  }
}
