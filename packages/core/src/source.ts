import type { Batch, Position } from './batch.ts'
import type { Change, Origin } from './change.ts'
import type { Context } from './context.ts'
import type { Table } from './table.ts'

/** What a source is told when it is made. */
export interface SourceContext extends Context {
  /** Do sinks want logical messages, or the bounds of transactions? The source leaves out what nobody wants. */
  readonly wants: { readonly message: boolean; readonly transaction: boolean }
  /** Batches should stay below these; one row may be larger than `bytes`. */
  readonly limits: { readonly rows: number; readonly bytes: number }
  /** The last shape of each table that was emitted in an earlier run, by `schema.name`. Empty at the first start. */
  readonly shapes: ReadonlyMap<string, Table>
  /**
   * What is to outlive this instance: a membership that must not be left and taken up again at every rewind. Made at
   * the first call of a run, the same object for later instances, and disposed of at the run's end. Absent where there
   * is one instance only: then the source makes and ends it itself.
   */
  keep?<T extends AsyncDisposable>(make: () => T): T
  /** A sink moves this source's place with the claim that `share` gives; `acknowledge` then has nothing to tell. */
  readonly claimed?: boolean
}

/**
 * The right of a sink to move a shared source's place, where the source's server keeps it, in the sink's own
 * transaction (Kafka: the offsets of the consumer group, KIP-447). Opaque to the runtime, which hands it on: the sink
 * knows the `kind` and what such a claim can do.
 */
export interface Claim {
  readonly kind: string
}

/** What one of several processes that share a source is to read now. */
export interface Share {
  /**
   * The parts that are this process's, each where the source's server knows it to be done with (Kafka: the offset that
   * the group has committed), or at the configured start where nobody has begun it. No parts: nothing to read for now.
   */
  readonly position: Position
  /**
   * Aborts when parts come or go. The caller then stops reading, makes durable and acknowledges what it has read,
   * closes the instance and asks another for its share. What goes is given to nobody else before `close`, or until the
   * source's patience has ended: then `lost` aborts.
   */
  readonly ends: AbortSignal
  /** Aborts, with an error of kind `rewind`, when others may have parts of it already: all in flight is dropped. */
  readonly lost: AbortSignal
  /** Of the kind that the definition names (`claims`). Good for this share only: what is lost cannot be moved by it. */
  readonly claim?: Claim
}

export interface ReadOptions {
  /**
   * `false` (the default): the source leaves out every streamed change that a snapshot it has read holds already.
   * `true`: it emits every change after the position's place in the log, since not every sink has taken the same
   * snapshot; the caller leaves out, sink by sink, what `PositionRules.contains` says is already there.
   */
  readonly overlap?: boolean
}

/**
 * A connector's source. Calls of `open`, `read` and `close` never overlap, except that `acknowledge` and `close`
 * may come while `read` is suspended. After a throw the instance is dead: the runtime closes it and makes another.
 */
export interface Source {
  /**
   * Called once, before anything else. Connects and proves what can be proved without a position. Throws a
   * `CdcError`; must leave nothing changed at the server when it throws.
   */
  open(): Promise<void>
  /**
   * Only of a source whose definition says `shares`: called once after `open`, when every sink is open and before any
   * is asked where it stands. Joins the others and waits for what falls to this process; `read` then gets a position
   * of exactly these parts. `before`: what this process has saved last, for parts that the server knows nothing of
   * (any more).
   */
  share?(before: Position | undefined, signal: AbortSignal): Promise<Share>
  /**
   * Batches after `after`, or from the configured start when it is undefined. Returning means bounded and done.
   * Called again on the same instance after a rewind, when the former iterator has been returned. Must stop soon
   * after `signal` aborts, by returning. Must throw a `history-lost` error when it cannot prove that nothing is
   * missing between `after` and what it would read.
   */
  read(after: Position | undefined, signal: AbortSignal, options?: ReadOptions): AsyncIterable<Batch>
  /**
   * Everything up to here is durable downstream and in the checkpoint: the source may free its log. May come while
   * `read` is suspended; calls are serial, positions never go back.
   */
  acknowledge(position: Position): Promise<void>
  /** Called once, also after a throw. Frees connections; never undoes or advances anything at the server. */
  close(): Promise<void>
}

/** Positions that are made of parts, which move independently of each other: partitions of a topic. */
export interface PositionParts {
  /** The parts by name, each a position by itself. Names are stable and the same in every process. */
  parts(position: Position): ReadonlyMap<string, Position>
  /** The position of these parts: the inverse of `parts`, in any order. `parts` is not empty. */
  join(parts: ReadonlyMap<string, Position>): Position
}

/** The arithmetic of a source's positions. Pure functions: the runtime needs them before anything is opened. */
export interface PositionRules extends Partial<PositionParts> {
  /** -1 when `a` is before `b`; undefined when they cannot be ordered (other server, other branch). */
  compare(a: Position, b: Position): -1 | 0 | 1 | undefined
  /** The position from which nothing is missing for any of them. Throws when there is none. `positions` is not empty. */
  lowest(positions: readonly Position[]): Position
  /**
   * Is this change in there already? For a streamed change: is its commit before the position's place in the log, or
   * (`exact`) in the snapshot that the position says its table was read under? For a snapshot row: is its table done?
   *
   * `exact` tells how the sink that stands there takes snapshots: true where rows of an unfinished table leave no
   * trace, so that it holds exactly what the position says; false where rows of an earlier attempt may be left, and
   * every streamed change after the position's place in the log must be repeated over them.
   */
  contains(position: Position, exact: boolean): (change: Change) => boolean
  /**
   * Is it a plain point of the log: no table left to snapshot, and none read under a snapshot that is ahead of it?
   * Nothing that is read from such a position on can be in it.
   */
  settled(position: Position): boolean
  /** Where a sink stands that stood at `own` and has since taken everything up to `read` (less what it had). */
  merge(own: Position, read: Position): Position
  /** Where a change lies in the log, as a short text for people: PostgreSQL's LSN, `0/1A2B3C`. */
  place?(origin: Origin): string
  /** A short text for people, for logs and `cdc` commands: `0/1A2B3C, snapshot of 2 of 5 tables`. */
  describe(position: Position): string
}
