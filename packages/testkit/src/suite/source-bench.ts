import {
  type Batch,
  type Change,
  isRowChange,
  isTableChange,
  type Position,
  type PositionRules,
  type RowChange,
  type Source,
  type SourceContext,
  silentLogger,
  type Table,
  type Truncate,
} from '@cdc/core'
import { rowKey } from '../cell.ts'
import type { EditTransaction } from '../edit.ts'
import { randomChangelog } from '../generate/changelog.ts'
import { Random } from '../generate/random.ts'
import { Model } from '../model.ts'
import { soon, that } from './expect.ts'
import type { SourceDeclared, SourceFixture } from './source-fixture.ts'
import { events, items, marker, pairs } from './source-tables.ts'

type ReaderOptions = Partial<Pick<SourceContext, 'limits' | 'wants' | 'shapes'>>

/** A run without interruption: what others are compared with. */
export interface Run {
  readonly batches: readonly Batch[]
  /** What was committed after the snapshot; all of it, where the source streams its whole history. */
  readonly streamed: readonly EditTransaction[]
  /** The last that was committed, to read to; undefined where nothing can be committed. */
  readonly mark: number | undefined
  /** The reader, still at work unless the source is bounded. */
  readonly reader: Reader
}

/** A fixture with what the cases do to it. */
export class SourceBench {
  readonly fixture: SourceFixture
  readonly declared: SourceDeclared
  readonly #readers = new Set<Reader>()
  #marks = 0

  constructor(fixture: SourceFixture, declared: SourceDeclared) {
    this.fixture = fixture
    this.declared = declared
  }

  get positions(): PositionRules {
    return this.fixture.source.positions
  }

  /** A new instance, opened. */
  async open(options: ReaderOptions = {}): Promise<Reader> {
    const context: SourceContext = {
      pipeline: 'testkit',
      logger: silentLogger,
      report() {},
      wants: { message: false, transaction: false },
      limits: { rows: 5, bytes: 1_000_000 },
      shapes: new Map(),
      ...options,
    }
    const reader = new Reader(this.fixture.source.create(context), this)
    this.#readers.add(reader)
    await this.soon(reader.source.open(), 'open')
    return reader
  }

  /** A new instance that reads on after a position. */
  async start(after?: Position, options: ReaderOptions & { readonly overlap?: boolean } = {}): Promise<Reader> {
    const reader = await this.open(options)
    reader.read(after, options.overlap)
    return reader
  }

  /** A new instance that has read everything that is there, and waits for more. */
  async startSettled(options: ReaderOptions = {}): Promise<Reader> {
    const reader = await this.start(undefined, options)
    if (this.declared.snapshot) await reader.until((batch) => this.isSettled(batch.position), 'the end of the snapshot')
    return reader
  }

  isSettled(position: Position | undefined): boolean {
    return position !== undefined && this.positions.settled(position)
  }

  async commit(...edits: EditTransaction): Promise<void> {
    await this.fixture.commit!(edits)
  }

  /** Commits something to recognise, and gives what to look for. */
  async mark(): Promise<number> {
    const id = ++this.#marks
    await this.commit({ kind: 'insert', table: marker, after: [id] })
    return id
  }

  /** Rows that are there, then random transactions while it is read, to the last of them. */
  async run(options: ReaderOptions = {}): Promise<Run> {
    const { write, truncate, bounded, snapshot, history } = this.declared
    if (!write) return this.#ownRun(options)
    const model = emptyModel()
    const tables = [items, pairs, events]
    const random = new Random(42)
    const before = randomChangelog(random, { tables, transactions: 5, longest: 10, model, truncates: false })
    for (const edits of before) await this.commit(...edits)
    const reader = await this.startSettled(options)
    const streamed = randomChangelog(random, { tables, transactions: 25, longest: 14, model, truncates: truncate })
    for (const edits of streamed) await this.commit(...edits)
    const mark = await this.mark()
    await reader.untilMark(mark)
    if (bounded) await reader.untilEnd()
    const all = history && !snapshot ? [...before, ...streamed] : streamed
    return { batches: reader.batches, streamed: all, mark, reader }
  }

  async #ownRun(options: ReaderOptions): Promise<Run> {
    const reader = await this.start(undefined, options)
    if (this.declared.bounded) await reader.untilEnd()
    else await reader.until(({ position }) => position !== undefined && reader.changes().length >= 200, '200 changes')
    return { batches: reader.batches, streamed: [], mark: undefined, reader }
  }

  soon<T>(promise: Promise<T>, what: string): Promise<T> {
    return soon(promise, this.declared.deadline, what)
  }

  async dispose(): Promise<void> {
    for (const reader of this.#readers) await reader.close().catch(() => undefined)
    await this.fixture.dispose?.()
  }
}

/** One instance of a source, and what it has given. */
export class Reader {
  readonly source: Source
  readonly batches: Batch[] = []
  readonly #bench: SourceBench
  #stop = new AbortController()
  #iterator: AsyncIterator<Batch> | undefined
  #pending: Promise<IteratorResult<Batch>> | undefined
  #closed = false

  constructor(source: Source, bench: SourceBench) {
    this.source = source
    this.#bench = bench
  }

  /** Begins to read; the batches so far are forgotten. */
  read(after?: Position, overlap?: boolean): void {
    this.#stop = new AbortController()
    this.batches.length = 0
    const options = overlap === undefined ? undefined : { overlap }
    this.#iterator = this.source.read(after, this.#stop.signal, options)[Symbol.asyncIterator]()
  }

  /** Asks for the next batch, without waiting for it. */
  ask(): Promise<IteratorResult<Batch>> {
    this.#pending ??= this.#iterator!.next()
    return this.#pending
  }

  /** The next batch; undefined at the end. */
  async next(what = 'The next batch'): Promise<Batch | undefined> {
    const asked = this.ask()
    // a read that has failed is not asked again
    asked.catch(() => {
      this.#pending = undefined
    })
    const result = await this.#bench.soon(asked, what)
    this.#pending = undefined
    if (result.done) return undefined
    this.batches.push(result.value)
    return result.value
  }

  /** Reads until a batch is what is looked for; not for ever, though a heartbeat may always be there. */
  async until(found: (batch: Batch) => boolean, what: string): Promise<Batch> {
    const { deadline } = this.#bench.declared
    for (let last = performance.now(); ; ) {
      const batch = await this.next(`Reading to ${what}`)
      that(batch !== undefined, `Reading returned before ${what}.`)
      if (found(batch)) return batch
      if (batch.changes.length > 0) last = performance.now()
      that(performance.now() - last < 2 * deadline, `No change came in ${2 * deadline} ms, and not ${what}.`)
    }
  }

  /** Reads until the marker has come, and with it a position. */
  async untilMark(id: number): Promise<Batch> {
    let seen = false
    return this.until(({ changes, position }) => {
      seen ||= changes.some((change) => change.kind === 'insert' && isMarker(change.table) && change.after[0] === id)
      return seen && position !== undefined
    }, 'a change that was committed')
  }

  async untilEnd(): Promise<void> {
    while ((await this.next('Reading to the end')) !== undefined);
  }

  changes(): Change[] {
    return this.batches.flatMap(({ changes }) => changes)
  }

  abort(): void {
    this.#stop.abort()
  }

  /** Stops reading, as the runtime does it before it reads again. */
  async stop(): Promise<void> {
    this.abort()
    if (this.#pending !== undefined) await this.#bench.soon(this.#pending, 'The end of reading after an abort')
    this.#pending = undefined
    await this.#bench.soon(Promise.resolve(this.#iterator?.return?.()), 'The return of the iterator')
  }

  /** Closes the instance, as after an abort; with false, while it may be reading. */
  async close(abort = true): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (abort) this.abort()
    this.#pending?.catch(() => undefined)
    await this.#bench.soon(this.source.close(), 'close')
  }
}

export const isMarker = (table: Pick<Table, 'name'>) => table.name === marker.name

/** A change of rows of one of the suite's tables. */
export type SuiteChange = RowChange | Truncate

/** Row changes and truncates of the suite's tables, without the marker. */
export function tableChanges(changes: readonly Change[]): SuiteChange[] {
  return changes.filter(
    (change): change is SuiteChange => (isRowChange(change) || change.kind === 'truncate') && !isMarker(change.table),
  )
}

/** A text that is the same for the same change, however it was batched. */
export function changeKey(change: Change): string {
  const { transaction, order, snapshot } = change.origin
  const place = snapshot === undefined ? `${transaction.commit}/${order}` : 'snapshot'
  const table = isTableChange(change) ? change.table.name : ''
  const before = 'before' in change && change.before !== undefined ? rowKey(change.before) : ''
  const after = 'after' in change ? rowKey(change.after) : ''
  return `${place} ${change.kind} ${table} ${before} -> ${after}`
}

/** The tables of a run, empty. */
export const emptyModel = () =>
  new Model().apply([items, pairs, events].map((table) => ({ kind: 'schema', table }) as const))

/** Applies changes to a model, those of the suite's tables. */
export function applyChanges(model: Model, changes: readonly Change[]): Model {
  return model.apply(tableChanges(changes).map((change) => ({ ...change, table: named(change.table) })))
}

/** A source may say more of a table than the suite asked for, such as its database. */
const named = (table: Table): Table => [items, pairs, events].find(({ name }) => name === table.name) ?? table
