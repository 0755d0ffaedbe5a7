import type { Cell, ChangelogMode, ConfiguredFormat, DataType } from '@cdc/core'
import type { Runner } from './runner.ts'

/** One fresh instance of what a format needs (a registry, usually nothing). */
export interface FormatFixture {
  readonly format: ConfiguredFormat
  dispose?(): Promise<void>
}

/** What is declared to the suite beside `holds`. */
export interface FormatAbilities {
  /** It can be read back. Default true. */
  readonly decode?: boolean
  /** Truncates can be encoded; else they give no record. Default true. */
  readonly truncate?: boolean
  /** Updates that lack cells can be encoded. Default true. */
  readonly partial?: boolean
}

export interface FormatSuite {
  readonly runner: Runner
  /** What kinds of rows the format declares to hold. */
  readonly holds: ChangelogMode
  readonly can?: FormatAbilities
  /** The types that can be written down; default all of `sampleTypes`. */
  readonly types?: readonly DataType[]
  fixture(): Promise<FormatFixture>
  /**
   * What a cell decodes to, for a format that documents that it cannot keep it: NaN as null in JSON, say. Default: the
   * cell itself.
   */
  decoded?(cell: Cell, type: DataType): Cell
  /** How many random changelogs a property is tried with; default 10. */
  readonly seeds?: number
}

/** What the cases ask: with every default filled in. */
export interface FormatDeclared extends Required<FormatAbilities> {
  readonly holds: ChangelogMode
  readonly types: readonly DataType[]
  readonly decoded: (cell: Cell, type: DataType) => Cell
  readonly seeds: number
}
