import type { Row, Table } from '@cdc/core'
import type { EditTransaction } from '../edit.ts'
import { Model } from '../model.ts'

/** One entry of the log. Places count changes, so that a reader's `at` may lie before, and after, each. */
export interface LoggedTransaction {
  readonly id: number
  /** The place of the commit; a reader that stands at `commit + 1` has it. */
  readonly commit: number
  /** Microseconds since 1970-01-01 UTC: invented, a millisecond later each time. */
  readonly time: bigint
  readonly edits: EditTransaction
}

interface Slot {
  /** The log is kept from here on. */
  confirmed: number
}

/**
 * The server of memory sources: tables with rows, a log of transactions, slots. It outlives the sources that read it,
 * so a test can stop one and start another. Everything is synchronous and waits for nobody.
 */
export class MemoryDatabase {
  readonly name: string
  /** Every value that was acknowledged, in order. */
  readonly acknowledged: string[] = []
  readonly #log: LoggedTransaction[] = []
  readonly #slots = new Map<string, Slot>()
  readonly #now = new Model()
  #head = 1
  #changed = Promise.withResolvers<void>()

  constructor(name = 'memory') {
    this.name = name
  }

  /** Adds a table, with rows that are there already, without a trace in the log. */
  create(table: Table, rows: readonly Row[] = []): this {
    this.#now.apply([{ kind: 'schema', table }, ...rows.map((after) => ({ kind: 'insert', table, after }) as const)])
    return this
  }

  /** Commits a transaction and wakes the readers. Gives the place of its commit. */
  commit(...edits: EditTransaction): number {
    this.#now.apply(edits)
    this.#head += edits.length + 1
    const commit = this.#head - 1
    const time = 1_700_000_000_000_000n + BigInt(commit) * 1000n
    this.#log.push({ id: this.#log.length + 1, commit, time, edits })
    this.#wake()
    return commit
  }

  /** The log moves on without anything for a reader: makes a keepalive. */
  idle(): void {
    this.#head++
    this.#wake()
  }

  /** What the tables hold now. */
  rows(table: Table | string): readonly Row[] {
    return this.#now.rows(table)
  }

  /** The tables in their shape of now. */
  tables(): readonly Table[] {
    return this.#now.tables()
  }

  /** The end of the log. */
  get head(): number {
    return this.#head
  }

  /** The oldest place that a reader of this slot can still start from; undefined when there is no such slot. */
  confirmed(slot: string): number | undefined {
    return this.#slots.get(slot)?.confirmed
  }

  /** Frees the log before this place for the slot's readers, as an acknowledgement or somebody else would. */
  advance(slot: string, place: number): void {
    const held = this.#slots.get(slot)
    if (held !== undefined) held.confirmed = Math.max(held.confirmed, place)
  }

  /** Makes the slot if it is not there. Gives where it stands. */
  slot(name: string): number {
    const held = this.#slots.get(name) ?? { confirmed: this.#head }
    this.#slots.set(name, held)
    return held.confirmed
  }

  /** Forgets a slot, and with it the log that only it kept. */
  dropSlot(name: string): boolean {
    return this.#slots.delete(name)
  }

  /** The tables as they are now, for reading at leisure. */
  snapshot(): { readonly cut: number; readonly model: Model } {
    return { cut: this.#head, model: this.#now.clone() }
  }

  /** The transactions whose commit is at or after this place. */
  since(place: number): readonly LoggedTransaction[] {
    let first = this.#log.length
    while (first > 0 && this.#log[first - 1]!.commit >= place) first--
    return this.#log.slice(first)
  }

  /** Resolves when the log has moved on from `head`. */
  async after(head: number): Promise<void> {
    if (this.#head <= head) await this.#changed.promise
  }

  /** For logs and fingerprints: it is neither its rows nor its readers. */
  toJSON(): string {
    return `memory database ${this.name}`
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}
