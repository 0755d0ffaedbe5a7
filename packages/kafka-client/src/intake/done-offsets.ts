import { CdcError, errorAction, type Logger } from '@cdc/core'
import type { PartitionOffset, TopicPartition } from '../port.ts'
import { placeOf } from './topic-position.ts'

/** How long one commit is tried: while the group settles a rebalance, it can be refused for a while. */
const patience = 5_000
const again = 1_000

/**
 * Offsets that are durable in every sink, and which of them the group has. Nothing depends on when a commit succeeds:
 * what fails is tried again, and until then somebody who took over would read a little twice.
 */
export class DoneOffsets {
  readonly #commit: (offsets: readonly PartitionOffset[], signal: AbortSignal) => Promise<void>
  readonly #logger: Logger
  readonly #done = new Map<string, PartitionOffset>()
  readonly #committed = new Map<string, bigint>()
  #last: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  constructor(commit: (offsets: readonly PartitionOffset[], signal: AbortSignal) => Promise<void>, logger: Logger) {
    this.#commit = commit
    this.#logger = logger
  }

  offset(partition: TopicPartition): bigint | undefined {
    return this.#done.get(placeOf(partition))?.offset
  }

  add(offsets: readonly PartitionOffset[]): void {
    for (const one of offsets) this.#done.set(placeOf(one), one)
  }

  forget(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) {
      this.#done.delete(placeOf(one))
      this.#committed.delete(placeOf(one))
    }
  }

  /** Resolves when the group has them, or when that is put off. Throws only what a person has to mend. */
  commit(): Promise<void> {
    clearTimeout(this.#timer)
    // one after the other: an older commit must not overtake a newer one
    const mine = this.#last.then(() => this.#commitDue())
    this.#last = mine.catch(() => undefined)
    return mine
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  async #commitDue(): Promise<void> {
    const due = [...this.#done.values()].filter((one) => this.#committed.get(placeOf(one)) !== one.offset)
    if (due.length === 0) return
    const signal = AbortSignal.timeout(patience)
    try {
      await this.#commit(due, signal)
      for (const one of due) this.#committed.set(placeOf(one), one.offset)
    } catch (failure) {
      const { kind, code } = CdcError.from(failure)
      if (!signal.aborted && errorAction[kind] === 'stop') throw failure
      this.#logger.debug({ code }, 'Offsets could not be committed while the group rebalances; they will be soon')
      this.#timer = setTimeout(() => void this.commit().catch(() => undefined), again).unref()
    }
  }
}
