import { randomBytes } from 'node:crypto'
import {
  CdcError,
  type ConfiguredSink,
  type ConfiguredSource,
  errorAction,
  type Logger,
  type Position,
  type Report,
  type StateStore,
  type StateStoreFactory,
  silentLogger,
  type Table,
} from '@cdc/core'
import { Attempt } from './attempt.ts'
import { abortable, backoff, pause, within } from './backoff.ts'
import { error } from './errors.ts'
import { judgeClaims, judgeConnectors, judgeShared, judgeTolerance } from './judge.ts'
import { type PipelineLimits, type PipelineLimitsInput, withDefaults } from './limits.ts'
import { selectTables } from './select-tables.ts'
import { directoryState } from './state/index.ts'
import type { Transform } from './transform.ts'
import { watchedStore } from './watched-store.ts'

/** A sink with its place in the pipeline. */
export interface SinkEntry {
  readonly sink: ConfiguredSink
  /** Names it in state, logs and metrics. Default: the connector's name, with a number from the second on. */
  readonly name?: string
  /** Takes some tables only: regular expressions for the whole of the source's `schema.table`. */
  readonly tables?: string | readonly string[]
  /**
   * What happens to a change that the sink cannot take because of its data. `none` (the default): the pipeline stops.
   * `all`: the change goes to the sink's dead-letter file and the pipeline goes on. Kafka Connect's words.
   */
  readonly 'errors.tolerance'?: 'none' | 'all'
}

export interface PipelineConfig {
  /** Names the state and the defaults that connectors derive from it. */
  readonly name: string
  readonly source: ConfiguredSource
  readonly sinks: readonly (ConfiguredSink | SinkEntry)[]
  /** Default: the directory `./state`. */
  readonly state?: StateStoreFactory
  /** Where changes are kept that sinks could not take: a directory, in which each pipeline has its own. */
  readonly deadLetters?: string
  readonly transforms?: readonly Transform[]
  readonly limits?: PipelineLimitsInput
  /** Default: says nothing. */
  readonly logger?: Logger
  /** Told what happens, for progress bars and metrics. Must be quick and must not throw. */
  readonly observer?: (report: Report) => void
}

/** A sink of a pipeline, named. */
export interface NamedSink {
  readonly name: string
  readonly sink: ConfiguredSink
  readonly takes: ((table: Table) => boolean) | undefined
  /** Are changes set aside that it cannot take? */
  readonly tolerant: boolean
}

/** Where dead letters go when nothing else is said. */
export const defaultDeadLetters = './dead-letters'

export interface Summary {
  /** `finished`: the source is bounded and done. `stopped`: the signal aborted. */
  readonly reason: 'finished' | 'stopped'
  /** Changes read and durable in every sink. */
  readonly changes: number
  /** The last position that is durable in every sink and in the checkpoint. */
  readonly position: Position | undefined
}

export interface Pipeline {
  readonly name: string
  readonly sinks: readonly NamedSink[]
  /**
   * Runs until the source is done or the signal aborts, reading again by itself after faults that pass. Resolves
   * after a graceful stop: what was read is durable, saved and acknowledged, or was let go at the deadline. Throws a
   * `CdcError` for everything that needs a person. May be called again; never twice at a time.
   */
  run(signal?: AbortSignal): Promise<Summary>
}

/** Puts a pipeline together. Throws a `config` error for what can never run; opens nothing. */
export function pipeline(config: PipelineConfig): Pipeline {
  const { name, source } = config
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(name))
    throw error('PIPELINE_INVALID', {
      message: `'${name}' cannot name a pipeline: use letters, digits, '_', '-' and '.', at most 128.`,
    })
  const sinks = nameSinks(config.sinks)
  for (const sink of sinks) {
    judgeConnectors(source, sink.name, sink.sink.capabilities)
    judgeShared(source, sink)
    judgeTolerance(sink)
  }
  judgeClaims(source, sinks)
  const limits = withDefaults(config.limits)
  return { name, sinks, run: (signal = new AbortController().signal) => new Run(config, sinks, limits, signal).run() }
}

function nameSinks(entries: PipelineConfig['sinks']): NamedSink[] {
  if (entries.length === 0) throw error('PIPELINE_INVALID', { message: 'The pipeline has no sink.' })
  const counts = new Map<string, number>()
  const named = entries.map((entry): NamedSink => {
    const { sink, name, tables, 'errors.tolerance': tolerance }: SinkEntry = 'kind' in entry ? { sink: entry } : entry
    const count = (counts.get(sink.connector) ?? 0) + 1
    counts.set(sink.connector, count)
    return {
      name: name ?? (count === 1 ? sink.connector : `${sink.connector}-${count}`),
      sink,
      takes: selectTables(tables),
      tolerant: tolerance === 'all',
    }
  })
  const names = new Set<string>()
  for (const { name } of named) {
    if (names.has(name))
      throw error('PIPELINE_INVALID', {
        message: `Two sinks are named '${name}'.`,
        hint: 'Give each a `name` of its own.',
      })
    names.add(name)
  }
  return named
}

/** One call of `run`: holds the state's lease, and makes attempts until one ends for good. */
class Run {
  readonly #config: PipelineConfig
  readonly #sinks: readonly NamedSink[]
  readonly #limits: PipelineLimits
  readonly #signal: AbortSignal
  readonly #logger: Logger
  readonly #report: (report: Report) => void
  readonly #store: StateStore
  /** Of the processes that may share the source, this one. */
  readonly #process = randomBytes(8).toString('hex')
  #changes = 0
  #attempt = 0
  #everRead = false
  /** What the source has asked to be kept from one attempt to the next. */
  #kept: AsyncDisposable | undefined
  /** The position whose history an attempt has found lost. */
  #lost: Position | undefined

  constructor(config: PipelineConfig, sinks: readonly NamedSink[], limits: PipelineLimits, signal: AbortSignal) {
    this.#config = config
    this.#sinks = sinks
    this.#limits = limits
    this.#signal = signal
    this.#logger = config.logger ?? silentLogger
    this.#report = config.observer ?? (() => undefined)
    this.#store = watchedStore((config.state ?? directoryState('./state'))(config.name), limits.stallTimeout)
  }

  async run(): Promise<Summary> {
    const place = { pipeline: this.#config.name }
    try {
      await this.#openStore()
      return await this.#attempts()
    } catch (failure) {
      if (this.#signal.aborted && failure === this.#signal.reason)
        return { reason: 'stopped', changes: 0, position: undefined }
      throw CdcError.from(failure).at(place)
    } finally {
      await this.#dispose()
      await this.#store.close()
    }
  }

  async #dispose(): Promise<void> {
    const kept = this.#kept
    if (kept === undefined) return
    const late = () => error('STALLED', { message: 'The source has not left the others for 10 s.' })
    await within(kept[Symbol.asyncDispose]() as Promise<void>, 10_000, late).catch((failure: unknown) => {
      const { code } = CdcError.from(failure)
      this.#logger.warn({ code }, 'The source did not leave the others cleanly.')
    })
  }

  /** As patient as with sources and sinks that cannot be reached. Throws the signal's reason when that comes first. */
  async #openStore(): Promise<void> {
    const { retry } = this.#limits
    for (let attempt = 1; ; attempt++) {
      try {
        return await abortable(this.#store.open(), this.#signal)
      } catch (cause) {
        if (this.#signal.aborted) throw this.#signal.reason
        const failure = CdcError.from(cause)
        if (errorAction[failure.kind] === 'stop' || attempt >= retry.attempts) throw failure
        const delay = backoff(attempt, retry)
        const { code, kind, hint, message } = failure
        this.#logger.warn(
          { code, kind, delay, attempt, ...failure.where, hint },
          `${message} Trying again in ${delay} ms.`,
        )
        await pause(delay, this.#signal)
      }
    }
  }

  async #attempts(): Promise<Summary> {
    let position: Position | undefined
    for (;;) {
      const attempt = this.#newAttempt()
      try {
        const reason = await attempt.run()
        this.#changes += attempt.durable
        if (reason === 'moved') {
          this.#everRead = true
          this.#attempt = 0
          position = attempt.position ?? position
          continue
        }
        return { reason, changes: this.#changes, position: attempt.position ?? position }
      } catch (failure) {
        this.#changes += attempt.durable
        position = attempt.position ?? position
        const { reason } = await this.#afterFailure(CdcError.from(failure), attempt)
        if (reason !== undefined) return { reason, changes: this.#changes, position }
      }
    }
  }

  #newAttempt(): Attempt {
    return new Attempt({
      pipeline: this.#config.name,
      process: this.#process,
      source: this.#config.source,
      sinks: this.#sinks,
      store: this.#store,
      limits: this.#limits,
      transforms: this.#config.transforms ?? [],
      deadLetters: this.#config.deadLetters ?? defaultDeadLetters,
      logger: this.#logger,
      report: this.#report,
      signal: this.#signal,
      keep: (make) => this.#keep(make),
    })
  }

  /** The source's own from an earlier attempt, as it is the same source. */
  #keep<T extends AsyncDisposable>(make: () => T): T {
    this.#kept ??= make()
    return this.#kept as T
  }

  /** Throws what must stop the pipeline; else waits until it is time for the next attempt. */
  async #afterFailure(failure: CdcError, attempt: Attempt): Promise<{ reason: 'stopped' | undefined }> {
    this.#report({ type: 'error', code: failure.code, kind: failure.kind })
    if (this.#signal.aborted) return this.#failedWhileStopping(failure)
    if (errorAction[failure.kind] === 'stop' && !this.#mayBeTakenOver(failure, attempt)) throw failure
    if (attempt.everRead) this.#everRead = true
    this.#attempt = attempt.progressed ? 1 : this.#attempt + 1
    const { retry } = this.#limits
    if (!this.#everRead && this.#attempt >= retry.attempts) throw failure
    const delay = backoff(this.#attempt, retry)
    const { code, kind, hint, message } = failure
    this.#logger.warn(
      { code, kind, delay, attempt: this.#attempt, ...failure.where, hint },
      `${message} ${kind === 'history-lost' ? 'Asking the sinks for their positions once more' : 'Reading again'} in ${delay} ms.`,
    )
    this.#report({ type: 'rewind', code, message, delay })
    await pause(delay, this.#signal)
    return { reason: this.#signal.aborted ? 'stopped' : undefined }
  }

  /**
   * While this process waited for its turn at the source, another may have taken a sink that remembers further on, and
   * the source with it: what is gone there is durable here. So the sinks are asked once more before a history is lost.
   */
  #mayBeTakenOver(failure: CdcError, { from, everRead }: Attempt): boolean {
    const remembered = this.#sinks.some(({ sink }) => sink.capabilities.remembers)
    if (failure.kind !== 'history-lost' || from === undefined || everRead || !remembered) return false
    const again = this.#lost !== undefined && this.#config.source.positions.compare(this.#lost, from) === 0
    this.#lost = from
    return !again
  }

  /** A fault during the stop loses nothing, since what is not saved is read again; only what needs a person is told. */
  #failedWhileStopping(failure: CdcError): { reason: 'stopped' } {
    if (errorAction[failure.kind] === 'stop') throw failure
    this.#logger.warn(
      { code: failure.code, ...failure.where },
      `${failure.message} It was met while stopping; what was in flight will be read again.`,
    )
    return { reason: 'stopped' }
  }
}
