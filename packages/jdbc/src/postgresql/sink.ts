import { setTimeout as sleep } from 'node:timers/promises'
import { type Batch, type Change, failpoint, isRowChange, type Position, type Sink, type SinkContext } from '@cdc/core'
import { error } from '../errors.ts'
import type { JdbcOptions } from '../options.ts'
import { connectionSettings } from '../settings.ts'
import { parseTableName } from '../table-name.ts'
import { Applier } from './applier.ts'
import { hasDeferred } from './catalog.ts'
import { Connection } from './connection.ts'
import { addRows, count, few } from './few-path.ts'
import type { Reply } from './flight.ts'
import { PartStore } from './part-store.ts'
import type { PositionKeeper } from './position-keeper.ts'
import { PositionStore } from './position-store.ts'
import { Refusals } from './refusals.ts'
import { Segment } from './segment.ts'
import { ConnectionEnded, isRetriable, ServerError, translate } from './server-error.ts'

/** Changes are held until so many have come, or `flush`: larger sets are quicker. */
const heldAtMost = 5000
const heldBytes = 8 * 1024 * 1024
/** Where COMMIT may refuse a row, a transaction is held up to this size, so that the row can still be found. */
const heldWhole = 64 * 1024 * 1024

/** Where the position row is: the option's schema, else the connection's current one. */
export function positionStore(options: JdbcOptions, context: SinkContext, connection: Connection): PositionKeeper {
  const name = parseTableName(options['sink.state-table'])!
  const schema = name.schema ?? connection.currentSchema
  if (schema === undefined)
    throw error('POSITION_TABLE', {
      message: `The schema of ${name.name} is not known: the search path of the user leads to no schema that is there.`,
      hint: 'Write sink.state-table: schema.table, or currentSchema=... into the URL.',
      where: { option: 'sink.state-table' },
    })
  const { pipeline, sink, parts } = context
  const place = { schema, name: name.name }
  return parts?.shared ? new PartStore(pipeline, sink, place, parts) : new PositionStore(pipeline, sink, place, parts)
}

/** Writes to PostgreSQL, with the position in the same transaction as the rows. */
export class PostgresSink implements Sink {
  readonly #options: JdbcOptions
  readonly #context: SinkContext
  #connection: Connection | undefined
  #applier!: Applier
  /** Present where the user tolerates that changes are left out. */
  readonly #refusals: Refusals | undefined
  #store!: PositionKeeper
  #held: readonly Change[] = []
  #heldBytes = 0
  /** What is held ends on a commit, or with a snapshot table. */
  #whole = true
  /** Rows are left out where need be, and the target has constraints that it checks at COMMIT. */
  #defers = false
  /** The changes of the open transaction, while they are all held here and could be applied again. */
  #sole: readonly Change[] | undefined
  #open = false
  /** What was begun by `write` and is waited for by the next call. */
  #work: Promise<void> | undefined

  constructor(options: JdbcOptions, context: SinkContext) {
    this.#options = options
    this.#context = context
    const { reject } = context
    this.#refusals = reject && new Refusals((change, error) => reject(change, error))
  }

  async open(): Promise<void> {
    const connection = await Connection.open(connectionSettings(this.#options))
    this.#connection = connection
    this.#store = positionStore(this.#options, this.#context, connection)
    this.#applier = new Applier(connection, this.#store, this.#options, this.#context, this.#refusals)
    if (this.#refusals !== undefined) this.#defers = await hasDeferred(connection)
  }

  async position(): Promise<Position | undefined> {
    return this.#guard('reading the position', undefined, () => this.#store.read(this.#connection!))
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    await failpoint('sink.write')
    await this.#guard('writing', signal, async () => {
      await this.#settle()
      if (batch.changes.length === 0) return
      // a transaction is cut only where it is too large by itself: what constraints mind may be mended further on
      if (batch.position === undefined && this.#whole && this.#isFull(batch)) await this.#apply(this.#take())
      this.#held = this.#held.length === 0 ? batch.changes : this.#held.concat(batch.changes)
      const first = this.#held.find(isRowChange)
      const snapshot = first?.origin.snapshot !== undefined
      this.#heldBytes += batch.bytes
      this.#whole = batch.position !== undefined
      if (this.#defers && !this.#whole && this.#heldBytes < heldWhole) return
      if (!snapshot && !this.#isFull()) return
      const held = this.#take()
      const work = this.#apply(held)
      if (snapshot) return work
      // the source decodes the next batch meanwhile; the next call waits for this one
      this.#work = work
      work.catch(() => {})
    })
  }

  /** Is it time to apply what is held, with this batch? */
  #isFull(batch: Pick<Batch, 'changes' | 'bytes'> = { changes: [], bytes: 0 }): boolean {
    const { length } = this.#held
    return length > 0 && (length + batch.changes.length >= heldAtMost || this.#heldBytes + batch.bytes >= heldBytes)
  }

  async flush(position: Position | undefined, signal: AbortSignal): Promise<void> {
    await failpoint('sink.flush')
    await this.#guard('committing', signal, async () => {
      await this.#settle()
      // a snapshot table is open: its rows stay in the open transaction
      if (position === undefined) return
      const held = this.#take()
      if (!this.#open && (await this.#commitFew(held, position))) return
      if (held.length > 0) await this.#apply(held)
      await this.#applier.endLoad()
      await this.#commit(position)
    })
  }

  async close(): Promise<void> {
    this.#work?.catch(() => {})
    await this.#connection?.close()
  }

  async #settle(): Promise<void> {
    const work = this.#work
    this.#work = undefined
    await work
  }

  #take(): readonly Change[] {
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    return held
  }

  /** Few changes and the COMMIT in one flight: one round trip. false: they need more than that, and nothing was done. */
  async #commitFew(changes: readonly Change[], position: Position): Promise<boolean> {
    const segment = changes.length > few ? undefined : this.#simple(changes)
    if (segment === undefined) return false
    for (let attempt = 0; ; attempt++) {
      await this.#store.create(this.#connection!)
      const flight = this.#connection!.flight()
      flight.run('BEGIN')
      this.#store.addLock(flight)
      for (const group of segment.groups.values()) addRows(flight, group, ['delete', 'update', 'patch', 'insert'])
      this.#store.addWrite(flight, position)
      flight.run('COMMIT')
      await failpoint('sink.commit')
      try {
        await this.#commits(flight.send())
        await this.#committed()
        return true
      } catch (cause) {
        if (!(cause instanceof ServerError)) throw cause
        await this.#rollBack()
        if (this.#store.isConflict(cause)) throw this.#store.conflict(cause)
        if (!isRetriable(cause.code) || attempt >= this.#options['sink.max-retries']) return this.#orGeneral(cause)
        await this.#pause(attempt)
      }
    }
  }

  /** What a constraint, a value or a missing row stopped is done again the long way, which knows more. */
  #orGeneral(cause: ServerError): boolean {
    if (/^(22|23)/.test(cause.code)) return false
    if (this.#refusals !== undefined && translate(cause, 'writing changes').kind === 'data') return false
    throw cause
  }

  /** The changes as one segment, where nothing but rows of known tables without foreign keys between them is in it. */
  #simple(changes: readonly Change[]): Segment | undefined {
    const segment = new Segment()
    for (const change of changes) {
      if (change.kind === 'schema' && this.#applier.knows(change.table)) continue
      if (!isRowChange(change) || change.origin.snapshot !== undefined) return undefined
      const writer = this.#applier.known(change.table)
      if (writer === undefined) return undefined
      segment.add(writer, change)
    }
    const groups = [...segment.groups.values()]
    const linked = groups.some(({ writer: { target } }) => target.parents.length + target.children.length > 0)
    return (linked && changes.length > 1) || groups.some((group) => group.ordered || count(group) > few)
      ? undefined
      : segment
  }

  /** Applies changes in the open transaction, or in a new one that can be done again as a whole. */
  async #apply(changes: readonly Change[]): Promise<void> {
    const sole = !this.#open
    this.#sole = sole && changes.every(({ origin }) => origin.snapshot === undefined) ? changes : undefined
    for (let attempt = 0; ; attempt++) {
      try {
        if (!this.#open) await this.#begin()
        return await this.#applier.apply(changes, this.#whole)
      } catch (cause) {
        await this.#mayRetry(cause, attempt)
      }
    }
  }

  async #commit(position: Position): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        if (!this.#open) await this.#begin()
        // what is left out is kept elsewhere before the position passes it
        await this.#refusals?.settle()
        const flight = this.#connection!.flight()
        this.#store.addWrite(flight, position)
        flight.run('COMMIT')
        await failpoint('sink.commit')
        try {
          await this.#commits(flight.send())
        } catch (cause) {
          if (cause instanceof ServerError && this.#store.isConflict(cause)) throw this.#store.conflict(cause)
          throw cause
        }
        return await this.#committed()
      } catch (cause) {
        await this.#mayRetry(cause, attempt)
        if (this.#sole !== undefined) await this.#apply(this.#sole)
      }
    }
  }

  /** Rolls back and returns where the same can be done again from here; else throws. */
  async #mayRetry(cause: unknown, attempt: number): Promise<void> {
    const state = stateOf(cause)
    const again = state !== undefined && isRetriable(state) && this.#sole !== undefined
    if (!again || attempt >= this.#options['sink.max-retries']) throw cause
    this.#context.logger.warn({ sqlstate: state, attempt: attempt + 1 }, 'The target rolled back; trying again')
    this.#context.report({ type: 'retried', sink: this.#context.sink, code: 'TARGET_RETRY' })
    await this.#rollBack()
    await this.#pause(attempt)
  }

  async #begin(): Promise<void> {
    await this.#store.create(this.#connection!)
    const flight = this.#connection!.flight()
    flight.run('BEGIN')
    this.#store.addLock(flight)
    this.#open = true
    try {
      await flight.send()
    } catch (cause) {
      if (cause instanceof ServerError && this.#store.isConflict(cause)) throw this.#store.conflict(cause)
      throw cause
    }
  }

  async #rollBack(): Promise<void> {
    await this.#connection!.query('ROLLBACK')
    if (this.#open) this.#applier.rolledBack()
    this.#store.rolledBack()
    this.#refusals?.rolledBack()
    this.#open = false
  }

  /** Without an answer nobody knows whether it has happened. */
  async #commits(answer: Promise<readonly Reply[]>): Promise<void> {
    try {
      const last = (await answer).at(-1)!.tag
      // a transaction that has failed answers COMMIT with ROLLBACK, and no error
      if (last !== 'COMMIT') throw error('STATEMENT_REFUSED', { message: `The target answered COMMIT with ${last}.` })
    } catch (cause) {
      if (cause instanceof ConnectionEnded || (cause instanceof ServerError && /^(57P|08)/.test(cause.code)))
        throw error('COMMIT_UNKNOWN', {
          message: 'The connection to the target ended after COMMIT was sent and before its answer came.',
          cause,
        })
      throw cause
    }
  }

  async #committed(): Promise<void> {
    this.#store.committed()
    this.#applier.committed()
    this.#open = false
    this.#sole = undefined
    await failpoint('sink.committed')
  }

  #pause(attempt: number): Promise<void> {
    return sleep(Math.random() * 50 * 2 ** attempt)
  }

  /** Errors leave as CdcErrors; an abort cuts the connection, which is the only sure way to stop. */
  async #guard<T>(doing: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const abort = () => this.#connection?.destroy()
    signal?.throwIfAborted()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await work()
    } catch (cause) {
      signal?.throwIfAborted()
      throw translate(cause, doing, { sink: this.#context.sink })
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }
}

const stateOf = (cause: unknown): string | undefined => {
  const inner = cause instanceof ServerError ? cause : (cause as { cause?: unknown })?.cause
  return inner instanceof ServerError ? inner.code : undefined
}
