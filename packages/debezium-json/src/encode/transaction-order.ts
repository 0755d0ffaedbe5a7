import type { Origin, Transaction } from '@cdc/core'

/** Counts the events of the running transaction, for one instance of the format: all its encoders share it. */
export class TransactionOrder {
  #transaction: Transaction | undefined
  #total = 0
  #collections = new Map<string, number>()

  /** The `transaction` of the next event of this collection (`schema.table`), as JSON. Snapshots have none. */
  next(origin: Origin, collection: string): string {
    const { transaction } = origin
    if (origin.snapshot !== undefined || transaction.id === undefined) return 'null'
    if (transaction !== this.#transaction) this.#begin(transaction)
    const order = (this.#collections.get(collection) ?? 0) + 1
    this.#collections.set(collection, order)
    return `{"id":"${transactionId(origin)}","total_order":${++this.#total},"data_collection_order":${order}}`
  }

  /** What the transaction that ends held. */
  ended({ transaction }: Origin): { readonly total: number; readonly collections: ReadonlyMap<string, number> } {
    if (transaction !== this.#transaction) this.#begin(transaction)
    return { total: this.#total, collections: this.#collections }
  }

  #begin(transaction: Transaction): void {
    this.#transaction = transaction
    this.#total = 0
    this.#collections = new Map()
  }
}

/** Debezium's id of a transaction: with the place of the event at hand, so that only the part before `:` is the same. */
export function transactionId({ transaction, offset }: Origin): string {
  return `${transaction.id}:${offset}`
}
