import {
  type Batch,
  CdcError,
  type Change,
  type Claim,
  type ConfiguredSource,
  type ErrorPlace,
  failpoint,
  isRowChange,
  type Position,
  type PositionRules,
  type Report,
  type RowChange,
  type Sink,
  type SinkContext,
  type Table,
  type TableChange,
  tableName,
} from '@cdc/core'
import { within } from './backoff.ts'
import { Rejections } from './dead-letters/rejections.ts'
import { error } from './errors.ts'
import { isClaiming, judgeTable } from './judge.ts'
import type { NamedSink } from './pipeline.ts'
import { keepTables } from './select-tables.ts'
import type { SinkStand } from './where-to-stand.ts'

export interface SinkSetup {
  readonly source: ConfiguredSource
  readonly context: Omit<SinkContext, 'sink'>
  /** A call that takes longer is STALLED. Milliseconds. */
  readonly stallTimeout: number
  readonly transform: (changes: readonly Change[]) => readonly Change[]
  /** The directory of dead letters. */
  readonly deadLetters: string
}

/** How long a sink may take to close before it is left behind. Milliseconds. */
const closeTimeout = 5_000

/** One life of one sink: opened, fed with what it has not got yet, flushed, closed. Ends with the first throw. */
export class SinkRunner {
  readonly name: string
  readonly #named: NamedSink
  readonly #setup: SinkSetup
  readonly #rules: PositionRules
  readonly #sink: Sink
  /** Present where the user tolerates that changes are set aside. */
  readonly #rejections: Rejections | undefined
  /** Where the sink stands; kept up to date only while `#holds` is needed. */
  #stand: Position | undefined
  /** Is a change in the sink already? undefined when nothing that comes can be. */
  #holds: ((change: Change) => boolean) | undefined
  #following = false
  /** By table, the last shape that came and was not told, since the sink has all changes that came after it. */
  readonly #untold = new Map<string, TableChange>()
  /** The sink was given a part of something whose end it has not seen. */
  #inPart = false

  constructor(named: NamedSink, setup: SinkSetup) {
    this.name = named.name
    this.#named = named
    this.#setup = setup
    this.#rules = setup.source.positions
    const rejections = named.tolerant ? rejectionsOf(named, setup) : undefined
    this.#rejections = rejections
    this.#sink = named.sink.create({
      ...setup.context,
      sink: named.name,
      ...(rejections === undefined ? {} : { reject: (change, error) => rejections.reject(change, error) }),
    })
  }

  async open(): Promise<void> {
    await this.#rejections?.open()
    await this.#call('open', async () => {
      await failpoint('sink.open')
      await this.#sink.open()
    })
  }

  /** Does it move the place of the source that processes share? */
  get claiming(): boolean {
    return isClaiming(this.#setup.source, this.#named)
  }

  async claim(claim: Claim): Promise<void> {
    const take = this.#sink.claim
    if (take === undefined) throw error('CLAIM_MISSING', { message: `Sink '${this.name}' has no claim().` })
    await this.#call('claim', () => take.call(this.#sink, claim))
  }

  /** Where it says that it stands. */
  async stand(): Promise<SinkStand> {
    const { remembers, shared } = this.#named.sink.capabilities
    if (!remembers) return { sink: this.name, remembers, position: undefined }
    const { position } = this.#sink
    if (position === undefined)
      throw error('SINK_WITHOUT_POSITION', { message: `Sink '${this.name}' has no position().` })
    const stand = await this.#call('position', async () => {
      await failpoint('sink.position')
      return position.call(this.#sink)
    })
    return { sink: this.name, remembers, position: stand, ...(shared === 'apart' ? { apart: true } : {}) }
  }

  /** Tells where it stands, and whether what comes may overlap with what it has. */
  standAt(stand: Position | undefined, overlap: boolean): void {
    this.#stand = stand
    this.#following = overlap
    this.#holds = overlap && stand !== undefined ? this.#rules.contains(stand, this.#atomic) : undefined
  }

  /** Does it still leave out changes that it has? Until it stands where everybody is read to. */
  get following(): boolean {
    return this.#following
  }

  get #atomic(): boolean {
    return this.#named.sink.capabilities.atomicTables
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    const changes = await this.#judge(this.#select(batch.changes))
    // the end of what it has a part of is told even where nothing of the last part is for it
    const ends = this.#inPart && batch.position !== undefined
    if (changes.length > 0 || ends) {
      this.#inPart = batch.position === undefined
      await this.#call('write', async () => {
        await failpoint('sink.write')
        await this.#sink.write(changes === batch.changes ? batch : { ...batch, changes }, signal)
      })
    }
    if (this.#following && batch.position !== undefined) this.#follow(batch.position)
  }

  async #judge(changes: readonly Change[]): Promise<readonly Change[]> {
    const { source } = this.#setup
    const { capabilities } = this.#named.sink
    const refused = new Set<Change>()
    for (const change of changes) {
      if (change.kind === 'schema') judgeTable(source, this.name, capabilities, change.table)
      else if (capabilities.wholeRows && isRowChange(change)) {
        const fault = faultOfPart(change, this.name)
        if (fault === undefined) continue
        if (this.#rejections === undefined) throw fault
        await this.#rejections.reject(change, fault)
        refused.add(change)
      }
    }
    return refused.size === 0 ? changes : changes.filter((change) => !refused.has(change))
  }

  #select(all: readonly Change[]): readonly Change[] {
    let changes = this.#withoutHeld(all)
    if (this.#named.takes !== undefined) changes = keepTables(changes, this.#named.takes)
    changes = this.#leaveOut(changes)
    return this.#setup.transform(changes)
  }

  /** A shape is told with the first change that it is for: one of held changes only may be older than what the sink has. */
  #withoutHeld(all: readonly Change[]): readonly Change[] {
    const holds = this.#holds
    const untold = this.#untold
    if (holds === undefined) {
      if (untold.size === 0) return all
      const shapes = [...untold.values()]
      untold.clear()
      return [...shapes, ...all]
    }
    const rest: Change[] = []
    for (const change of all) {
      if (change.kind === 'schema') untold.set(tableName(change.table), change)
      else if (!holds(change)) {
        const shape = 'table' in change ? untold.get(tableName(change.table)) : undefined
        if (shape !== undefined) {
          rest.push(shape)
          untold.delete(tableName(shape.table))
        }
        rest.push(change)
      }
    }
    return rest
  }

  /** Optional kinds reach only sinks that want them. */
  #leaveOut(changes: readonly Change[]): readonly Change[] {
    const { takes } = this.#named.sink.capabilities
    const wanted = (change: Change) =>
      change.kind === 'message'
        ? takes.includes('message')
        : change.kind === 'begin' || change.kind === 'commit'
          ? takes.includes('transaction')
          : true
    return takes.length === 2 || changes.every(wanted) ? changes : changes.filter(wanted)
  }

  #follow(read: Position): void {
    this.#stand = this.#stand === undefined ? read : this.#rules.merge(this.#stand, read)
    if (this.#stand === read && this.#rules.settled(read)) {
      this.#following = false
      this.#holds = undefined
    } else this.#holds = this.#rules.contains(this.#stand, this.#atomic)
  }

  /** What the sink is to remember for the reader's position: its own, where it is ahead or has other snapshots. */
  async flush(read: Position | undefined, signal: AbortSignal): Promise<Position | null> {
    const own = read !== undefined && this.#following ? this.#stand : read
    const start = performance.now()
    await this.#call('flush', async () => {
      await failpoint('sink.flush')
      await this.#sink.flush(own, signal)
      await failpoint('sink.flushed')
    })
    await this.#rejections?.settle()
    this.#report({ type: 'flushed', sink: this.name, milliseconds: performance.now() - start })
    return this.#named.sink.capabilities.remembers ? (own ?? null) : null
  }

  /** Never throws: what was flushed is safe, and the rest is dropped anyway. */
  async close(): Promise<void> {
    try {
      await within(this.#close(), closeTimeout, () => new Error('timeout'))
    } catch (failure) {
      this.#setup.context.logger.warn(
        { sink: this.name, code: CdcError.from(failure).code },
        'Sink did not close cleanly',
      )
    }
    await this.#rejections?.close().catch(() => undefined)
  }

  async #close(): Promise<void> {
    await failpoint('sink.close')
    await this.#sink.close()
  }

  #report(report: Report): void {
    this.#setup.context.report(report)
  }

  async #call<T>(what: string, run: () => Promise<T>): Promise<T> {
    const { stallTimeout } = this.#setup
    const late = () =>
      error('STALLED', { message: `Sink '${this.name}' has not finished ${what} for ${stallTimeout / 1000} s.` })
    try {
      return await within(run(), stallTimeout, late)
    } catch (failure) {
      const place: ErrorPlace = { sink: this.name }
      throw CdcError.from(failure).at(place)
    }
  }
}

/** Throws VALUE_NOT_SENT where a row lacks a cell. */
export function checkWhole(change: Change, sink: string): void {
  const fault = isRowChange(change) ? faultOfPart(change, sink) : undefined
  if (fault !== undefined) throw fault
}

function faultOfPart(change: RowChange, sink: string): CdcError | undefined {
  if (change.kind === 'delete') return undefined
  const column = change.after.indexOf(undefined)
  return column < 0 ? undefined : notSent(change.table, column, sink)
}

function rejectionsOf({ name }: NamedSink, { context, source, deadLetters }: SinkSetup): Rejections {
  const { pipeline, logger, report } = context
  const { place } = source.positions
  return new Rejections({
    directory: deadLetters,
    pipeline,
    sink: name,
    logger,
    report,
    place: (origin) =>
      place?.(origin) ?? String(origin.snapshot === undefined ? origin.offset : origin.transaction.commit),
  })
}

function notSent(table: Table, column: number, sink: string): CdcError {
  const name = tableName(table)
  const message = `Sink '${sink}' needs whole rows, and the source did not send column '${table.columns[column]!.name}' of ${name}, which an update left unchanged.`
  return error('VALUE_NOT_SENT', {
    message,
    hint: `ALTER TABLE ${name} REPLICA IDENTITY FULL;`,
    where: { table: name },
  })
}
