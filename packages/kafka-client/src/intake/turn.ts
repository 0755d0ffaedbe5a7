import type { TopicPartition } from '../port.ts'
import { placeOf } from './topic-position.ts'

/** What a member of a group reads from one rebalance that concerns it to the next. */
export class Turn {
  readonly partitions: readonly TopicPartition[]
  readonly #ends = new AbortController()
  readonly #lost = new AbortController()
  readonly #over = Promise.withResolvers<void>()
  readonly #closed: () => void

  constructor(partitions: readonly TopicPartition[], closed: () => void) {
    this.partitions = partitions
    this.#closed = closed
  }

  /** Aborts when other partitions are ours from now on. */
  get ends(): AbortSignal {
    return this.#ends.signal
  }

  /** Aborts when others may have some of them already. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Resolves when nothing of it is in flight any more. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  has(some: readonly TopicPartition[]): boolean {
    const names = new Set(this.partitions.map(placeOf))
    return some.some((one) => names.has(placeOf(one)))
  }

  end(): void {
    this.#ends.abort()
  }

  lose(reason: unknown): void {
    this.#lost.abort(reason)
  }

  /** Nothing of it is read, written or acknowledged any more. */
  close(): void {
    this.#over.resolve()
    this.#closed()
  }
}
