import {
  type Batch,
  type Change,
  choice,
  defineOptions,
  defineSource,
  flag,
  integer,
  type OptionValues,
  option,
  type Position,
  type ReadOptions,
  type Source,
  type SourceContext,
  type SourceDefinition,
  type Transaction,
  tableName,
} from '@cdc/core'
import { z } from 'zod'
import { testkitError } from '../errors.ts'
import { Faults } from '../faults.ts'
import { Journal } from '../journal.ts'
import { Caller } from './caller.ts'
import { Shapes, sizeOf, snapshotChanges, transactionChanges, type Wanted } from './changes.ts'
import { MemoryDatabase } from './database.ts'
import { formatPosition, type MemoryPosition, memoryPositions, parsePosition } from './position.ts'

const options = defineOptions({
  database: option(z.instanceof(MemoryDatabase), { doc: 'The database to read.', required: true }, 'MemoryDatabase'),
  faults: option(z.instanceof(Faults), { doc: 'Faults to run into.' }, 'Faults'),
  journal: option(z.instanceof(Journal), { doc: 'Where calls are written down.' }, 'Journal'),
  emits: choice(['append', 'upsert', 'retract'], { doc: 'What the changes are declared to be.', default: 'retract' }),
  mode: choice(['initial', 'latest', 'snapshot'], { doc: 'What to read without a position.', default: 'initial' }),
  bounded: flag({ doc: 'Return at the end of the log instead of waiting for more.', default: false }),
  slot: option(z.string(), { doc: 'Whose acknowledgements free the log.', default: 'memory' }),
  join: integer({ doc: 'How many whole transactions a batch may hold.', default: 8 }, { min: 1 }),
})
type Values = OptionValues<typeof options.fields>

/**
 * A source that reads a `MemoryDatabase`: snapshot with cuts, stream, keepalives, positions of the same kind as a real
 * one's. It also watches its caller, and throws TESTKIT_CALLER when that one breaks the contract.
 */
export const memorySource: SourceDefinition<typeof options.fields> = defineSource({
  name: 'memory',
  description: 'Reads a database in memory. For tests.',
  options,
  emits: (values) => values.emits,
  positions: memoryPositions,
  create: (values, context) => new MemorySource(values, context),
})

const instances = new WeakMap<MemoryDatabase, number>()

class MemorySource implements Source {
  readonly #values: Values
  readonly #context: SourceContext
  readonly #database: MemoryDatabase
  readonly #faults: Faults
  readonly #journal: Journal
  readonly #caller = new Caller('the memory source')
  readonly #instance: number
  readonly #closed = new AbortController()
  #acknowledged: Position | undefined
  #reading = false

  constructor(values: Values, context: SourceContext) {
    this.#values = values
    this.#context = context
    this.#database = values.database
    this.#faults = values.faults ?? new Faults()
    this.#journal = values.journal ?? new Journal()
    this.#instance = (instances.get(values.database) ?? 0) + 1
    instances.set(values.database, this.#instance)
  }

  open(): Promise<void> {
    return this.#call('open', 'read', {}, () => undefined)
  }

  read(after: Position | undefined, signal: AbortSignal, options: ReadOptions = {}): AsyncIterable<Batch> {
    if (this.#reading) this.#caller.refuse('read was called before the former iterator was returned')
    const ended = AbortSignal.any([signal, this.#closed.signal])
    return this.#watched(this.#batches(after, ended, options.overlap ?? false), after, ended)
  }

  async acknowledge(position: Position): Promise<void> {
    await this.#call('acknowledge', 'acknowledge', { position }, () => {
      const last = this.#acknowledged
      if (last !== undefined && memoryPositions.compare(last, position) !== -1 && last !== position)
        this.#caller.refuse('acknowledge went back')
      this.#acknowledged = position
      this.#database.acknowledged.push(position)
      this.#database.advance(this.#values.slot, parsePosition(position).at)
    })
  }

  async close(): Promise<void> {
    this.#closed.abort()
    await this.#call('close', 'close', {}, () => undefined)
  }

  #call(
    name: 'open' | 'acknowledge' | 'close',
    lane: string,
    more: { position?: Position },
    act: () => void,
  ): Promise<void> {
    const entry = { who: 'source', instance: this.#instance, call: name, ...more }
    return this.#journal.around(entry, () => this.#caller.call(name, lane, () => this.#faults.around(name, act)))
  }

  /** Runs a reading: one at a time, each batch through the faults, nothing after an abort. */
  async *#watched(
    batches: AsyncIterable<Batch>,
    after: Position | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Batch, void, undefined> {
    const entry = { who: 'source', instance: this.#instance, ...(after === undefined ? {} : { position: after }) }
    // a call of its own, so that a read before open or after a throw is refused
    await this.#journal.around({ ...entry, call: 'read' }, () =>
      this.#caller.call('read', 'read', async () => undefined),
    )
    this.#reading = true
    try {
      for await (const batch of batches) {
        const handed = await this.#faults.around('read', () => batch, signal)
        if (signal.aborted) return
        this.#noteBatch(handed)
        yield handed
      }
    } catch (error) {
      // a caller can know it when it has been told, and not while the throw is on its way to it
      setImmediate(() => this.#caller.died())
      throw error
    } finally {
      this.#reading = false
    }
  }

  #noteBatch({ position, changes }: Batch): void {
    const place = position === undefined ? {} : { position }
    const entry = { who: 'source', instance: this.#instance, call: 'batch', changes: changes.length, ...place }
    this.#journal.note({ ...entry, phase: 'done' })
  }

  async *#batches(after: Position | undefined, signal: AbortSignal, overlap: boolean): AsyncGenerator<Batch> {
    const shapes = new Shapes(this.#context.shapes)
    let place = after === undefined ? this.#begin() : this.#resume(after)
    const first = place
    if (!place.complete) {
      for await (const [batch, reached] of this.#snapshot(place, shapes)) {
        place = reached
        yield batch
      }
    }
    if (this.#values.mode !== 'snapshot') yield* this.#stream(place, first, shapes, signal, overlap)
  }

  #begin(): MemoryPosition {
    const { mode, slot } = this.#values
    const at = this.#database.slot(slot)
    return { v: 1, system: this.#database.name, at, complete: mode === 'latest', cuts: {} }
  }

  /** Proves that nothing is missing between the position and what would be read. */
  #resume(after: Position): MemoryPosition {
    const place = parsePosition(after)
    const kept = this.#database.confirmed(this.#values.slot)
    if (
      place.system === this.#database.name &&
      kept !== undefined &&
      kept <= place.at &&
      place.at <= this.#database.head
    )
      return place
    const why =
      place.system !== this.#database.name
        ? `it is of database ${place.system}, and this is ${this.#database.name}`
        : kept === undefined
          ? `slot ${this.#values.slot} is gone`
          : `the log is there from ${kept} to ${this.#database.head}`
    throw testkitError('MEMORY_HISTORY_LOST', {
      message: `Cannot resume at ${memoryPositions.describe(after)}: ${why}.`,
      where: { position: after },
    })
  }

  async *#snapshot(start: MemoryPosition, shapes: Shapes): AsyncGenerator<[Batch, MemoryPosition]> {
    const { cut, model } = this.#database.snapshot()
    const todo = model.tables().filter((table) => start.cuts[tableName(table)] === undefined)
    const transaction: Transaction = {
      connector: 'memory',
      database: this.#database.name,
      commitTime: 1_700_000_000_000_000n + BigInt(cut) * 1000n,
      commit: BigInt(cut),
    }
    let place = start
    const filled = todo.filter((table) => model.rows(table).length > 0)
    for (const table of todo) {
      const [first, last] = [table === filled[0], table === filled.at(-1)]
      const changes = snapshotChanges(table, model.rows(table), transaction, shapes, first, last)
      place = { ...place, complete: table === todo.at(-1), cuts: { ...place.cuts, [tableName(table)]: cut } }
      for (const batch of this.#cutUp(changes, 'table', formatPosition(place))) yield [batch, place]
    }
    // nothing to read: say so, else a restart would look again and find tables that were made since
    if (todo.length === 0) place = { ...place, complete: true }
    if (todo.length === 0) yield [{ changes: [], position: formatPosition(place), bytes: 0 }, place]
  }

  async *#stream(
    start: MemoryPosition,
    first: MemoryPosition,
    shapes: Shapes,
    signal: AbortSignal,
    overlap: boolean,
  ): AsyncGenerator<Batch> {
    let place = start
    const snapshotted = memoryPositions.contains(formatPosition({ ...start, at: first.at }), true)
    const wanted: Wanted = {
      connector: 'memory',
      database: this.#database.name,
      ...this.#context.wants,
      skip: overlap ? () => false : snapshotted,
    }
    while (!signal.aborted) {
      for (const [changes, commit] of this.#joined(place.at, shapes, wanted)) {
        place = { ...place, at: commit + 1 }
        for (const batch of this.#cutUp(changes, 'transaction', formatPosition(place))) yield batch
      }
      if (place.at < this.#database.head && this.#database.since(place.at).length === 0) {
        place = { ...place, at: this.#database.head }
        yield { changes: [], position: formatPosition(place), bytes: 0 }
      }
      if (place.at < this.#database.head) continue
      if (this.#values.bounded) return
      await this.#wait(place.at, signal)
    }
  }

  async #wait(head: number, signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>()
    const stop = () => aborted.resolve()
    if (signal.aborted) return
    signal.addEventListener('abort', stop, { once: true })
    await Promise.race([this.#database.after(head), aborted.promise])
    signal.removeEventListener('abort', stop)
  }

  /** Whole transactions together, as many as `join` and the limit of rows allow. */
  *#joined(at: number, shapes: Shapes, wanted: Wanted): Generator<[Change[], number]> {
    let changes: Change[] = []
    let [count, commit, size] = [0, at - 1, 0]
    const { rows, bytes } = this.#context.limits
    for (const logged of this.#database.since(at)) {
      const next = transactionChanges(logged, shapes, wanted)
      const more = next.reduce((sum, change) => sum + sizeOf(change), 0)
      const full = count === this.#values.join || changes.length + next.length > rows || size + more > bytes
      if (count > 0 && full) {
        yield [changes, commit]
        ;[changes, count, size] = [[], 0, 0]
      }
      for (const change of next) changes.push(change)
      count++
      size += more
      commit = logged.commit
    }
    if (count > 0) yield [changes, commit]
  }

  *#cutUp(changes: readonly Change[], open: 'transaction' | 'table', position: Position): Generator<Batch> {
    const { rows, bytes } = this.#context.limits
    let batch: Change[] = []
    let size = 0
    for (const change of changes) {
      const more = sizeOf(change)
      if (batch.length > 0 && (batch.length >= rows || size + more > bytes)) {
        yield { changes: batch, open, bytes: size }
        ;[batch, size] = [[], 0]
      }
      batch.push(change)
      size += more
    }
    yield { changes: batch, position, bytes: size }
  }
}
