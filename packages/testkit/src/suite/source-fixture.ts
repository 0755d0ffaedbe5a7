import type { ChangelogMode, ConfiguredSource, DataType, Table } from '@cdc/core'
import type { EditTransaction } from '../edit.ts'
import type { Runner } from './runner.ts'

/** One fresh source system, as its author knows to make it. The suite makes one for each case. */
export interface SourceFixture {
  /**
   * A source that reads the tables of the fixture and goes on for ever (unless `bounded`). Every instance of it is the
   * same source of the same pipeline: made anew, it is the one after a restart.
   */
  readonly source: ConfiguredSource
  /** Does these edits at the source as one transaction. `editStatement` writes them as SQL. */
  commit?(edits: EditTransaction): Promise<void>
  /** Changes the shape of a table at the source: `to` has one column more, at the end. */
  alter?(from: Table, to: Table): Promise<void>
  /** Makes the log move on without a change of the tables. */
  idle?(): Promise<void>
  /** Makes the log before the present unavailable, as an administrator or a full disk might. */
  loseHistory?(): Promise<void>
  /** Called after the case, whatever happened. */
  dispose?(): Promise<void>
}

/** What is declared to the suite beside `emits`. */
export interface SourceAbilities {
  /** The fixture has `commit`. Default true. Without it only what the source gives by itself is looked at. */
  readonly write?: boolean
  /** Rows that were there before the first start are read first. Default true. */
  readonly snapshot?: boolean
  /** Without a snapshot: what was committed before the first start is streamed too, as files and topics have it. Default false. */
  readonly history?: boolean
  /** The same position gives the same changes again. Default true. */
  readonly resume?: boolean
  /** TRUNCATE is seen. Default true. */
  readonly truncate?: boolean
  /** Bounds of transactions can be wanted. Default true. */
  readonly transactions?: boolean
  /** Reading returns by itself. Default false. */
  readonly bounded?: boolean
  /** The fixture has `alter`. Default false. */
  readonly alter?: boolean
  /** The fixture has `idle`. Default false. */
  readonly idle?: boolean
  /** The fixture has `loseHistory`. Default false. */
  readonly loseHistory?: boolean
}

export interface SourceSuite {
  readonly runner: Runner
  /** What the source declares. */
  readonly emits: ChangelogMode
  readonly can?: SourceAbilities
  /** The types that the source has; default `sampleTypes` without enum and xml. */
  readonly types?: readonly DataType[]
  /** Makes a fresh source system with these tables, empty. Their `identity` matters. */
  fixture(tables: readonly Table[]): Promise<SourceFixture>
  /** After how many positions resuming is tried; default 8, spread over the run. */
  readonly resumes?: number
  /** Milliseconds after which something that should come soon is given up; default 30,000. */
  readonly deadline?: number
}

/** What the cases ask: with every default filled in. */
export interface SourceDeclared extends Required<SourceAbilities> {
  readonly emits: ChangelogMode
  readonly types: readonly DataType[]
  readonly resumes: number
  readonly deadline: number
}
