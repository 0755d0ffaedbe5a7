import type { Batch, Position } from './batch.ts'
import type { RowChange, Truncate } from './change.ts'
import type { Context } from './context.ts'
import type { CdcError } from './errors.ts'
import type { Claim, PositionParts } from './source.ts'

/** What a sink is told when it is made. */
export interface SinkContext extends Context {
  /** Names this sink within its pipeline, stable over restarts: the `name` option, else its place in the file. */
  readonly sink: string
  /** The rules of the source's positions; a sink needs them only to describe one. */
  readonly describePosition: (position: Position) => string
  /**
   * Present where the source's positions have parts. `shared`: several processes write for this pipeline, each moving
   * parts of its own. A sink that declares `shared: 'parts'` then keeps one position for each part, in one place for
   * all of them; `position()` gives all parts that it has, and `flush` gets those of this process. `process`: names
   * this process among them, the same for later instances of a run and another in the next run; absent where nothing
   * is run.
   */
  readonly parts?: PositionParts & { readonly shared: boolean; readonly process?: string }
  /**
   * Sets one change aside that this sink cannot take because of its data (a `data` error): it goes to the sink's
   * dead-letter file. Present only where the user tolerates that (`errors.tolerance: all`); a sink that may call it
   * declares `rejects`. Resolves when the change is durable there, and must have resolved before the sink makes
   * anything durable that leaves the change out, its position above all. Calls may overlap, and one for the same
   * change may come again after a retry. Rejects (with an error that ends the attempt) when the file cannot be
   * written, or when `error` is of another kind than `data`.
   */
  reject?(change: RowChange | Truncate, error: CdcError): Promise<void>
}

/**
 * A connector's sink. Calls never overlap. After a throw the instance is dead: the runtime closes it, makes another
 * and reads again from where that one stands, so a sink keeps nothing in memory for replay. It may retry by itself
 * only what it holds wholly: a batch whose transactions all began in it.
 */
export interface Sink {
  /** Called once, first. Connects and checks what can be checked before the first row. Throws a `CdcError`. */
  open(): Promise<void>
  /**
   * Only of a sink whose definition says `claims`, where several processes share the source: called once after `open`,
   * before `position`. From here on the sink stands where the source's place is, and `flush(position)` moves it in one
   * atomic step with the rows. It is flushed when every other sink has been: what the source's place has passed is not
   * read again. Without a claim (a replay of dead letters) it makes rows durable and moves nothing.
   */
  claim?(claim: Claim): Promise<void>
  /**
   * Where this sink stands. Only where the definition says `remembers`; asked once after `open`, before the first
   * `write`. undefined: it has taken nothing of this pipeline yet.
   */
  position?(): Promise<Position | undefined>
  /** Takes a batch; may buffer. Back-pressure is a promise that is not resolved yet. */
  write(batch: Batch, signal: AbortSignal): Promise<void>
  /**
   * When it resolves, everything written is durable (and `position` with it, in one atomic step, if this sink
   * remembers). Never called while a transaction is open. With undefined a snapshot table is still open: rows may
   * be made durable now only if repeating them is harmless, else they stay in the open target transaction.
   */
  flush(position: Position | undefined, signal: AbortSignal): Promise<void>
  /**
   * Called once, also after a throw, and also while a call is under way whose signal has aborted. Drops what was not
   * flushed and frees connections.
   */
  close(): Promise<void>
}
