import {
  CdcError,
  type Change,
  type ConfiguredSource,
  type Logger,
  type Position,
  positionContext,
  type Sink,
  type StateStore,
  type Table,
} from '@cdc/core'
import { loadCheckpoint } from '../checkpoint.ts'
import { isClaiming } from '../judge.ts'
import type { NamedSink } from '../pipeline.ts'
import { checkWhole } from '../sink-runner.ts'
import { encodeRow } from './cells.ts'
import { deadLetterError } from './errors.ts'
import type { DeadLetter, Rejectable } from './letter.ts'

export interface ReplaySetup {
  readonly pipeline: string
  readonly source: ConfiguredSource
  readonly sink: NamedSink
  /** Open, so that its lease proves that the pipeline stands still. */
  readonly store: StateStore
  readonly logger: Logger
}

export interface Replayed {
  readonly letter: DeadLetter
  /** `done`: durable in the sink. `failed`: refused again. `held`: an earlier one of the same row failed. */
  readonly outcome: 'done' | 'failed' | 'held'
  readonly error?: CdcError
}

/**
 * Writes letters of one sink through it again, one by one in the order given, each durable before the next. The
 * sink's position stays where it is. What is refused for its data stays behind, with all that follows of the same
 * row; any other error is thrown.
 */
export async function* replayDeadLetters(
  setup: ReplaySetup,
  letters: readonly DeadLetter[],
  signal: AbortSignal,
): AsyncGenerator<Replayed> {
  const held = new Set<string>()
  const replay = new Replay(setup, signal)
  try {
    for (const letter of letters) {
      if (signal.aborted) return
      const rows = rowsOf(letter.change)
      if (rows.some((row) => held.has(row))) {
        for (const row of rows) held.add(row)
        yield { letter, outcome: 'held' }
        continue
      }
      const error = await replay.write(letter.change)
      if (error !== undefined) for (const row of rows) held.add(row)
      yield error === undefined ? { letter, outcome: 'done' } : { letter, outcome: 'failed', error }
    }
  } finally {
    await replay.close()
  }
}

/** What rows a change is about, as texts. A truncated table is one that every change of it is about. */
function rowsOf(change: Rejectable): string[] {
  const { table } = change
  const whole = `${table.schema}.${table.name}`
  if (change.kind === 'truncate') return [whole]
  if (table.key.length === 0) return [whole, `${whole} ${change.origin.transaction.commit} ${change.origin.order}`]
  const rows = [
    ...('before' in change && change.before !== undefined ? [change.before] : []),
    ...('after' in change ? [change.after] : []),
  ]
  return rows.map((row) => {
    const cells = encodeRow(row)
    return `${whole} ${JSON.stringify(table.key.map((index) => cells[index]))}`
  })
}

/** Opens the sink when it is needed, and anew after it threw. */
class Replay {
  readonly #setup: ReplaySetup
  readonly #signal: AbortSignal
  readonly #tables = new Map<string, Table>()
  #sink: Sink | undefined
  #position: Position | undefined
  #rejected: CdcError | undefined

  constructor(setup: ReplaySetup, signal: AbortSignal) {
    this.#setup = setup
    this.#signal = signal
  }

  /** undefined: it is durable. Throws what is no fault of the data. */
  async write(change: Rejectable): Promise<CdcError | undefined> {
    try {
      const sink = await this.#open()
      if (this.#setup.sink.sink.capabilities.wholeRows) checkWhole(change, this.#setup.sink.name)
      this.#rejected = undefined
      const position = this.#position!
      await sink.write({ changes: this.#changes(change), position, bytes: 0 }, this.#signal)
      await sink.flush(position, this.#signal)
      return this.#rejected
    } catch (thrown) {
      const error = CdcError.from(thrown)
      await this.close()
      if (error.kind !== 'data') throw error.at({ sink: this.#setup.sink.name })
      return error
    }
  }

  async close(): Promise<void> {
    const sink = this.#sink
    this.#sink = undefined
    this.#tables.clear()
    await sink?.close()
  }

  async #open(): Promise<Sink> {
    if (this.#sink !== undefined) return this.#sink
    const { pipeline, source, sink, logger } = this.#setup
    const opened = sink.sink.create({
      pipeline,
      logger,
      report: () => undefined,
      sink: sink.name,
      ...positionContext(source),
      reject: async (_, error) => {
        this.#rejected = error
      },
    })
    this.#sink = opened
    await opened.open()
    this.#position = await this.#stand(opened)
    return opened
  }

  async #stand(sink: Sink): Promise<Position> {
    const { store, pipeline, source, sink: named } = this.#setup
    // the place that a claim moves is the source's, which a replay does not open
    const remembers = named.sink.capabilities.remembers && !isClaiming(source, named)
    const own = remembers ? await sink.position?.() : (await loadCheckpoint(store, pipeline))?.position
    if (own !== undefined) return own
    throw deadLetterError('REPLAY_UNKNOWN_POSITION', { message: `Sink '${named.name}' has no position yet.` })
  }

  /** As a change of the stream: a snapshot's first row could make the sink empty the table. */
  #changes(change: Rejectable): Change[] {
    const { table } = change
    const { snapshot: _, ...origin } = change.origin
    const name = `${table.schema}.${table.name}`
    const known = this.#tables.get(name)
    this.#tables.set(name, table)
    const same = known !== undefined && JSON.stringify(known) === JSON.stringify(table)
    const streamed = { ...change, table: same ? known : table, origin }
    return same ? [streamed] : [{ kind: 'schema', table, origin }, streamed]
  }
}
