import type { ErrorKind } from './errors.ts'

/** Structured logging: fields first, as pino has it. Never given row values or secrets. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What a connector is told whatever its kind. */
export interface Context {
  readonly pipeline: string
  readonly logger: Logger
  /** Tells watchers (a progress bar, metrics) what happens. Cheap, never throws, may be ignored. */
  report(report: Report): void
}

/** Facts for people who watch. Sizes in bytes, times in milliseconds. */
export type Report =
  /** A snapshot begins; `rows` are estimates. */
  | { readonly type: 'snapshot-started'; readonly tables: readonly { readonly table: string; readonly rows: number }[] }
  /** `rows` read so far of this table. */
  | { readonly type: 'snapshot-progress'; readonly table: string; readonly rows: number; readonly done: boolean }
  | { readonly type: 'snapshot-finished'; readonly position: string }
  /** The stream is known to run: evidence from the server, not a guess. */
  | { readonly type: 'streaming'; readonly position: string }
  /** How far the source's log is ahead of what was read. */
  | { readonly type: 'lag'; readonly bytes: number; readonly milliseconds: number }
  /** Log that the source's server keeps for this pipeline (PostgreSQL: what the slot retains). */
  | { readonly type: 'retained'; readonly bytes: number }
  | { readonly type: 'written'; readonly changes: number; readonly bytes: number; readonly milliseconds: number }
  | { readonly type: 'flushed'; readonly sink: string; readonly milliseconds: number }
  /** `settled`: the position is a plain point of the log, with no snapshot left and none ahead of it. */
  | {
      readonly type: 'checkpoint'
      readonly position: string
      readonly milliseconds: number
      readonly settled: boolean
    }
  /** Something went wrong, whatever follows: a rewind, or the end of the pipeline. */
  | { readonly type: 'error'; readonly code: string; readonly kind: ErrorKind }
  /** A sink did its last piece of work once more by itself. */
  | { readonly type: 'retried'; readonly sink: string; readonly code: string }
  | { readonly type: 'rewind'; readonly code: string; readonly message: string; readonly delay: number }
  /** A change was set aside into the dead-letter file of its sink. `code`: of the error that was the reason. */
  | { readonly type: 'rejected'; readonly sink: string; readonly table: string; readonly code: string }
  | { readonly type: 'skipped'; readonly sink: string; readonly changes: number; readonly reason: string }

/** Says nothing. The default of everything that is embedded. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
