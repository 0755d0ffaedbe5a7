import type { ConfiguredSink, DataType, Row, RowKind, SinkCapabilities, Table } from '@cdc/core'
import type { Runner } from './runner.ts'

/** One row of a changelog that a sink has written: what `print` prints, or a consumer of a topic finds. */
export interface LogEntry {
  readonly kind: RowKind
  readonly cells: Row
}

/** One fresh target, as its author knows to make it. The suite makes one for each case. */
export interface SinkFixture {
  /** A sink that writes to it. Every instance of it is the same sink of the same pipeline. */
  readonly sink: ConfiguredSink
  /**
   * What somebody else finds in the target's table: rows in canonical cells, in the order of `table.columns`, a cell
   * of a column that is not there as undefined. `[]` when there is no such table.
   */
  rows?(table: Table): Promise<readonly Row[]>
  /** Instead of `rows` for a sink that keeps no rows but a log of them. The suite applies it by key. */
  log?(table: Table): Promise<readonly LogEntry[]>
  /** Cuts the connections that the sink has now; later ones work. */
  cut?(): Promise<void>
  /** The target takes nothing (a lock, a stopped server) until the function that it gives is called. */
  stall?(): Promise<() => Promise<void>>
  /** Called after the case, whatever happened. */
  dispose?(): Promise<void>
}

/** What is declared to the suite beside the capabilities. */
export interface SinkAbilities {
  /** The fixture has `rows` or `log`. Default true. */
  readonly read?: boolean
  /** TRUNCATE reaches the target. Default true. */
  readonly truncate?: boolean
  /** Columns that come later are added. Default: what `createsTables` says. */
  readonly evolve?: boolean
  /** The fixture has `cut`. Default false. */
  readonly cut?: boolean
  /** The fixture has `stall`. Default false. */
  readonly stall?: boolean
  /** Opening takes over: who was there before is refused, even if it is the first to write. Default false. */
  readonly takesOver?: boolean
}

export interface SinkSuite {
  readonly runner: Runner
  /** What the sink declares: `jdbc({...}).capabilities`. Decides which cases run. */
  readonly capabilities: SinkCapabilities
  readonly can?: SinkAbilities
  /** The types that the target can hold; default `sampleTypes` without enum and xml, which need a made type or server. */
  readonly types?: readonly DataType[]
  /** Makes a fresh target, in which these tables can be written: made empty, where the sink does not create them. */
  fixture(tables: readonly Table[]): Promise<SinkFixture>
  /** How many random changelogs a property is tried with; default 5. */
  readonly seeds?: number
  /** Rows of the large batch; default 20,000. */
  readonly large?: number
  /** Bytes after which a write must wait while the target is stalled; default 64 MB. */
  readonly buffer?: number
  /** Milliseconds after which something that should come soon is given up; default 30,000. */
  readonly deadline?: number
}

/** What the cases ask: capabilities and abilities, with every default filled in. */
export interface SinkDeclared extends Required<SinkAbilities> {
  readonly capabilities: SinkCapabilities
  readonly types: readonly DataType[]
  readonly seeds: number
  readonly large: number
  readonly buffer: number
  readonly deadline: number
}
