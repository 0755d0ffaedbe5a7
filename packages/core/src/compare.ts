import type { Position } from './batch.ts'
import type { RowChange } from './change.ts'
import type { Table } from './table.ts'
import type { Row } from './value.ts'

/**
 * How a column's cells become texts that are equal on both sides where the values are. `text`: as the server prints
 * them; `number`: without trailing zeros; `json`: the value and not its spelling; `timestamp`: date and time without
 * a zone, in UTC; `trimmed`: without trailing blanks.
 */
export type ComparedForm = 'text' | 'number' | 'json' | 'timestamp' | 'trimmed'

/** A column that is compared. */
export interface ComparedColumn {
  readonly name: string
  readonly form: ComparedForm
  /** The order of a key's column on both sides: the type's own, or that of the bytes of its text. */
  readonly order: 'own' | 'bytes'
}

/** A table as one side has it. `columns` and `key` are the same on both sides but for the names of tables. */
export interface ComparedTable {
  readonly table: Table
  readonly columns: readonly ComparedColumn[]
  /** Positions in `columns`; [] where there is none. */
  readonly key: readonly number[]
}

/** The cells of a key in their compared form. */
export type KeyText = readonly string[]

/** Keys in order: `after` itself is outside, `upTo` inside. Neither: all. */
export interface KeyRange {
  readonly after?: KeyText
  readonly upTo?: KeyText
}

/** Of a set of rows, whatever their order. */
export interface Digest {
  readonly rows: number
  readonly checksum: string
}

export interface RowDigest {
  readonly key: KeyText
  readonly checksum: string
}

/** One row in its compared form. */
export interface RowTexts {
  readonly key: KeyText
  readonly cells: readonly (string | null)[]
}

/** One side of `cdc verify`: a connection of its own, which changes nothing but in `repair`. Calls never overlap. */
export interface TableComparer {
  /** The types of the table's columns by name, as the server prints them; undefined: there is no such table. */
  columns(table: Table): Promise<ReadonlyMap<string, string> | undefined>
  /** Each `rows`-th key in order, so that the table falls into ranges. */
  bounds(table: ComparedTable, rows: number): Promise<readonly KeyText[]>
  digest(table: ComparedTable, range: KeyRange): Promise<Digest>
  digests(table: ComparedTable, range: KeyRange): Promise<readonly RowDigest[]>
  digestsOf(table: ComparedTable, keys: readonly KeyText[]): Promise<readonly RowDigest[]>
  textsOf(table: ComparedTable, keys: readonly KeyText[]): Promise<readonly RowTexts[]>
  close(): Promise<void>
}

export interface SourceComparer extends TableComparer {
  /** Where the source's log is now. The function tells whether a sink that stands at a position has all up to there. */
  mark(): Promise<(position: Position) => boolean>
  /** Whole rows in canonical cells, in the order of `table.columns`; what is not there is left out. */
  rowsOf(table: ComparedTable, keys: readonly KeyText[]): Promise<readonly Row[]>
  /** A row of which only the key is known; the rest is undefined. */
  keyRow(table: ComparedTable, key: KeyText): Row
}

export interface SinkComparer extends TableComparer {
  /** Where the sink stands; undefined: nowhere yet. */
  position(): Promise<Position | undefined>
  /**
   * Writes rows (inserts: there or not; deletes) in one transaction, in which the sink cannot move on. `confirm` is
   * asked inside of it, with the sink's position: false undoes it. Gives what `confirm` gave.
   */
  repair(
    table: Table,
    changes: readonly RowChange[],
    confirm: (position: Position) => Promise<boolean>,
  ): Promise<boolean>
}
