import {
  type Batch,
  CdcError,
  type Change,
  type ConfiguredSource,
  failpoint,
  type Logger,
  type Position,
  positionContext,
  type Report,
  type Share,
  type Source,
  type SourceContext,
  type StateStore,
  sameShape,
  tableName,
} from '@cdc/core'
import { abortable, within } from './backoff.ts'
import {
  type Checkpoint,
  encodeCheckpoint,
  encodeShapes,
  loadCheckpoint,
  loadShapes,
  type Shapes,
} from './checkpoint.ts'
import { Checkpointer } from './checkpointer.ts'
import { error } from './errors.ts'
import { explained } from './explain-history.ts'
import { FlushTime } from './flush-time.ts'
import type { PipelineLimits } from './limits.ts'
import type { NamedSink } from './pipeline.ts'
import { ReadAhead } from './read-ahead.ts'
import { SinkRunner } from './sink-runner.ts'
import type { Transform } from './transform.ts'
import { whereSharesStand } from './where-shares-stand.ts'
import { type SinkStand, type Stand, whereToStand } from './where-to-stand.ts'

export interface AttemptSetup {
  readonly pipeline: string
  /** Names this process among those that share the source, over all attempts of a run. */
  readonly process: string
  readonly source: ConfiguredSource
  readonly sinks: readonly NamedSink[]
  readonly store: StateStore
  readonly limits: PipelineLimits
  readonly transforms: readonly Transform[]
  readonly deadLetters: string
  readonly logger: Logger
  readonly report: (report: Report) => void
  /** Aborts: stop gracefully. */
  readonly signal: AbortSignal
  readonly keep: NonNullable<SourceContext['keep']>
}

interface Opened {
  readonly source: Source
  readonly stand: Stand
  readonly overlap: boolean
  readonly share: Share | undefined
}

/** How long a source may take to close, to let go of an iterator, or to send an acknowledgement. Milliseconds. */
const sourceTimeout = 10_000

/** Why work ends when a graceful stop takes too long, or is asked for before anything was read. */
const letGo = new Error('let go')

/**
 * One life of a source and its sinks: from opening them to the first fault, or to a graceful end. The order of
 * promises lives here: read, write, flush, save, acknowledge.
 */
export class Attempt {
  readonly #setup: AttemptSetup
  readonly #runners: readonly SinkRunner[]
  /** Those of them that move the source's own place; and in which order they are flushed, side by side in a step. */
  readonly #claiming: readonly SinkRunner[]
  readonly #flushes: readonly (readonly SinkRunner[])[]
  /** Ends everything under way, with the reason. */
  readonly #work = new AbortController()
  #source: Source | undefined
  #shapes: Shapes = new Map()
  #shapesChanged = false
  #began = false
  /** Written to every sink and not flushed: how many changes, and the last position among them. */
  #unflushed = { changes: 0, position: undefined as Position | undefined }
  readonly #flushTime: FlushTime
  /** The last position that is saved and acknowledged. */
  position: Position | undefined
  /** Changes that are durable in every sink. */
  durable = 0
  /** A batch has arrived: the source can be read. */
  everRead = false
  /** Where the sinks and the checkpoint said to read from. undefined: at the beginning, or not known yet. */
  from: Position | undefined
  /** Something was flushed: a fault after this starts a new count of attempts. */
  progressed = false

  constructor(setup: AttemptSetup) {
    this.#setup = setup
    this.#flushTime = new FlushTime(setup.limits)
    const { source, pipeline, process, logger, report, limits, transforms } = setup
    const context = { pipeline, logger, report, ...positionContext(source, process) }
    const transform = remembered((changes) => transforms.reduce((all, one) => one(all), changes))
    const { stallTimeout } = limits
    const { deadLetters } = setup
    this.#runners = setup.sinks.map(
      (sink) => new SinkRunner(sink, { source, context, stallTimeout, transform, deadLetters }),
    )
    this.#claiming = this.#runners.filter((sink) => sink.claiming)
    // what the source's place has passed is not read again for the others
    const others = this.#runners.filter((sink) => !sink.claiming)
    this.#flushes = [others, this.#claiming].filter((step) => step.length > 0)
  }

  /** `moved`: other parts of the source are this process's from now on, so it is to be opened anew. */
  async run(): Promise<'finished' | 'stopped' | 'moved'> {
    const { signal } = this.#setup
    let share: Share | undefined
    try {
      const opened = await this.#open()
      share = opened.share
      await this.#read(opened)
    } catch (failure) {
      if (failure !== letGo) throw failure
    } finally {
      this.#work.abort(letGo)
      await Promise.all([...this.#runners.map((sink) => sink.close()), this.#closeSource()])
    }
    if (signal.aborted) return 'stopped'
    return share?.ends.aborted ? 'moved' : 'finished'
  }

  /** Sinks first: the source is told where to read from, and makes nothing at its server before they are known good. */
  async #open(): Promise<Opened> {
    const { store, pipeline, source: configured, signal } = this.#setup
    const stop = () => this.#work.abort(letGo)
    signal.addEventListener('abort', stop, { once: true })
    try {
      if (signal.aborted) throw letGo
      const checkpoint = await abortable(loadCheckpoint(store, pipeline), this.#work.signal)
      this.#began = checkpoint !== undefined
      this.position = checkpoint?.position
      this.#shapes = await abortable(loadShapes(store), this.#work.signal)
      await this.#together((sink) => sink.open())
      const share = configured.shares ? await this.#share(checkpoint?.position) : undefined
      if (share !== undefined) await this.#claim(share)
      const stands = await this.#together((sink) => sink.stand())
      const stand = this.#whereToStand(checkpoint, stands, share)
      this.from = stand.from
      const overlap = this.#overlaps(stand)
      for (const [i, sink] of this.#runners.entries()) sink.standAt(stand.sinks[i], overlap)
      const source = this.#source ?? (await this.#openSource())
      return { source, stand, overlap, share }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  /** What falls to this process: before sinks are asked where they stand, since another has moved it until then. */
  async #share(before: Position | undefined): Promise<Share> {
    const source = await this.#openSource()
    const { signal } = this.#work
    const share = await abortable(source.share!(before, signal), signal)
    this.everRead = true
    return share
  }

  /** Before sinks are asked where they stand: with the claim they stand where the source's place is. */
  async #claim({ claim }: Share): Promise<void> {
    if (this.#claiming.length === 0) return
    const { connector, claims } = this.#setup.source
    if (claim?.kind !== claims)
      throw error('CLAIM_MISSING', { message: `Source '${connector}' gave no claim of kind '${claims}'.` })
    await this.#together((sink) => sink.claim(claim!), this.#claiming)
  }

  #whereToStand(checkpoint: Checkpoint | undefined, stands: readonly SinkStand[], share: Share | undefined): Stand {
    const { positions } = this.#setup.source
    if (share === undefined) return whereToStand(checkpoint, stands, positions)
    return whereSharesStand(checkpoint, stands, positions, share.position)
  }

  /** Exact for all: every sink takes tables atomically and all stand at one place. Else each leaves out its own. */
  #overlaps(stand: Stand): boolean {
    const atomic = this.#setup.sinks.every(({ sink }) => sink.capabilities.atomicTables)
    return !atomic || stand.sinks.some((one) => one !== stand.from)
  }

  get #following(): boolean {
    return this.#runners.some((sink) => sink.following)
  }

  #sourceContext() {
    const { sinks, limits, pipeline, logger, report, keep } = this.#setup
    const wants = (kind: 'message' | 'transaction') => sinks.some(({ sink }) => sink.capabilities.takes.includes(kind))
    return {
      pipeline,
      logger,
      report,
      wants: { message: wants('message'), transaction: wants('transaction') },
      limits: { rows: limits.batchRows, bytes: limits.batchBytes },
      shapes: new Map(this.#shapes),
      keep,
      claimed: this.#claiming.length > 0,
    }
  }

  async #read({ source, stand, overlap, share }: Opened): Promise<void> {
    const { limits, signal } = this.#setup
    const intake = new AbortController()
    const batches = explained(source.read(stand.from, intake.signal, { overlap }), this.#setup.source, stand)
    const ahead = new ReadAhead(batches, {
      rows: limits.batchRows,
      bytes: limits.batchBytes,
      ahead: limits.readAheadBytes,
    })
    ahead.merging = !this.#following
    const lose = () => this.#work.abort(share!.lost.reason)
    share?.lost.addEventListener('abort', lose, { once: true })
    if (share?.lost.aborted) lose()
    const fail = () => ahead.fail(this.#work.signal.reason)
    this.#work.signal.addEventListener('abort', fail, { once: true })
    const checkpointer = this.#checkpointer(async (position) => {
      // what was read before the source failed is saved all the same; the next attempt acknowledges it
      if (!ahead.sourceFailed) await source.acknowledge(position)
    })
    const stop = share === undefined ? signal : AbortSignal.any([signal, share.ends])
    try {
      await this.#stoppable(ahead, stop, async () => {
        await this.#loop(ahead, checkpointer, stand)
        // the iterator is still held, so that the last acknowledgement goes out on a live stream
        await checkpointer.settle()
      })
    } finally {
      this.#work.signal.removeEventListener('abort', fail)
      share?.lost.removeEventListener('abort', lose)
      intake.abort()
      await within(ahead.close(), sourceTimeout, () => letGo).catch(() => undefined)
      await within(checkpointer.close(), sourceTimeout, () => letGo).catch(() => undefined)
    }
  }

  #checkpointer(acknowledge: (position: Position) => Promise<void>): Checkpointer {
    const { pipeline, store, limits, report, source: configured } = this.#setup
    const late = () =>
      error('STALLED', { message: `The source has not taken an acknowledgement for ${sourceTimeout / 1000} s.` })
    return new Checkpointer({
      pipeline,
      store,
      report,
      interval: limits.checkpointInterval,
      describe: configured.positions.describe,
      settled: configured.positions.settled,
      acknowledge: async (position) => {
        this.position = position
        await within(acknowledge(position), sourceTimeout, late)
      },
      failed: (failure) => this.#work.abort(failure),
    })
  }

  /** Asked to stop by the signal, there is a deadline for what has been read to be written, saved and acknowledged. */
  async #stoppable(ahead: ReadAhead, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { limits, logger } = this.#setup
    let timer: NodeJS.Timeout | undefined
    const stop = () => {
      ahead.stop()
      timer = setTimeout(() => {
        logger.warn(
          {},
          `What was read could not all be written within ${limits.shutdownTimeout} ms; the rest will be read again.`,
        )
        this.#work.abort(letGo)
      }, limits.shutdownTimeout)
    }
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    try {
      await abortable(work(), this.#work.signal)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  }

  async #loop(ahead: ReadAhead, checkpointer: Checkpointer, stand: Stand): Promise<void> {
    for (let batch = await ahead.take(); batch !== undefined; batch = await ahead.take()) {
      this.everRead = true
      await failpoint('batch.taken')
      await this.#begin(stand)
      // what is whole does not wait for a transaction whose end is not in sight
      if (batch.position === undefined && this.#unflushed.position !== undefined) await this.#flush(checkpointer)
      await this.#write(batch)
      if (await this.#isTimeToFlush(ahead)) await this.#flush(checkpointer, batch.open)
      if (!ahead.merging) ahead.merging = !this.#following
    }
    if (this.#unflushed.position !== undefined) await this.#flush(checkpointer)
  }

  /** Before the first row of the first run: a state that says so, so that its loss can be told from a beginning. */
  async #begin(stand: Stand): Promise<void> {
    if (this.#began) return
    this.#began = true
    const { store, pipeline } = this.#setup
    await failpoint('checkpoint.begin')
    if (stand.from === undefined)
      await store.save('checkpoint', encodeCheckpoint(pipeline, { position: undefined, sinks: {} }))
  }

  async #write(batch: Batch): Promise<void> {
    const start = performance.now()
    this.#noteShapes(batch.changes)
    await this.#together((sink) => sink.write(batch, this.#work.signal))
    this.#flushTime.written(batch.bytes)
    this.#unflushed.changes += batch.changes.length
    this.#unflushed.position = batch.position
    const milliseconds = performance.now() - start
    if (batch.changes.length > 0)
      this.#setup.report({ type: 'written', changes: batch.changes.length, bytes: batch.bytes, milliseconds })
  }

  #noteShapes(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind !== 'schema') continue
      const { table } = change
      const known = this.#shapes.get(tableName(table))
      if (known?.id === table.id && known !== undefined && sameShape(known, table)) continue
      this.#shapes.set(tableName(table), table)
      this.#shapesChanged = true
    }
  }

  async #isTimeToFlush(ahead: ReadAhead): Promise<boolean> {
    const time = this.#flushTime
    if (ahead.empty && time.patience > 0) await ahead.more(time.patience)
    return ahead.empty || time.due
  }

  /** Never while a transaction is open; while a table is open without a position. */
  async #flush(checkpointer: Checkpointer, open?: Batch['open']): Promise<void> {
    if (open === 'transaction') return
    const { position, changes } = this.#unflushed
    const start = performance.now()
    if (position !== undefined) await this.#saveShapes()
    const sinks = await this.#flushAll(position)
    this.#flushTime.flushed(performance.now() - start)
    if (position === undefined) return
    this.progressed = true
    this.durable += changes
    this.#unflushed = { changes: 0, position: undefined }
    checkpointer.offer({ position, sinks }, this.#shapesChanged ? [...this.#shapes.values()] : undefined)
    this.#shapesChanged = false
  }

  /** What each is to remember, by name. */
  async #flushAll(position: Position | undefined): Promise<Record<string, Position | null>> {
    const sinks: Record<string, Position | null> = {}
    for (const step of this.#flushes) {
      const flushed = await this.#together((sink) => sink.flush(position, this.#work.signal), step)
      for (const [i, sink] of step.entries()) sinks[sink.name] = flushed[i]!
    }
    return sinks
  }

  /**
   * A sink that remembers goes on from its own position, however old the checkpoint is: then the shapes of rows that
   * it has must be known, or a renamed column could not be told from a new one.
   */
  async #saveShapes(): Promise<void> {
    const { sinks, store } = this.#setup
    if (!this.#shapesChanged || !sinks.some(({ sink }) => sink.capabilities.remembers)) return
    this.#shapesChanged = false
    await store.save('tables', encodeShapes([...this.#shapes.values()]))
  }

  /** The same call on every sink, side by side. The first fault ends the others' calls and is thrown. */
  async #together<T>(call: (sink: SinkRunner) => Promise<T>, sinks = this.#runners): Promise<T[]> {
    const { signal } = this.#work
    if (sinks.length === 1) return [await abortable(call(sinks[0]!), signal)]
    const calls = sinks.map((sink) =>
      call(sink).catch((failure: unknown) => {
        this.#work.abort(failure)
        throw failure
      }),
    )
    return abortable(Promise.all(calls), signal)
  }

  async #openSource(): Promise<Source> {
    const source = this.#setup.source.create(this.#sourceContext())
    this.#source = source
    const open = async () => {
      await failpoint('source.open')
      await source.open()
    }
    await abortable(open(), this.#work.signal)
    return source
  }

  /** Never throws. */
  async #closeSource(): Promise<void> {
    const source = this.#source
    if (source === undefined) return
    const close = async () => {
      await failpoint('source.close')
      await source.close()
    }
    try {
      await within(close(), sourceTimeout, () => new Error('it took too long'))
    } catch (failure) {
      this.#setup.logger.warn({ code: CdcError.from(failure).code }, 'The source did not close cleanly.')
    }
  }
}

/** The transform, run once for sinks that get the same array. */
function remembered(transform: Transform): Transform {
  let last: { from: readonly Change[]; to: readonly Change[] } | undefined
  return (changes) => {
    if (last?.from !== changes) last = { from: changes, to: transform(changes) }
    return last.to
  }
}
