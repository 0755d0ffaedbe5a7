import type { Report } from '@cdc/core'
import { Rate } from './rate.ts'

export interface TableProgress {
  readonly table: string
  /** An estimate of the server's statistics; 0 when it has none. */
  readonly expected: number
  rows: number
  done: boolean
  started: number | undefined
  ended: number | undefined
  readonly rate: Rate
}

/** What is known of a run by its reports. Times are milliseconds since the epoch. */
export class Progress {
  readonly tables = new Map<string, TableProgress>()
  readonly started: number
  phase: 'starting' | 'snapshot' | 'streaming' | 'waiting' = 'starting'
  changes = 0
  bytes = 0
  skipped = 0
  /** Changes set aside into dead-letter files. */
  rejected = 0
  lag: { readonly bytes: number; readonly milliseconds: number } | undefined
  checkpoint: { readonly at: number; readonly position: string } | undefined
  /** The last fault after which it reads again. */
  fault: { readonly code: string; readonly message: string; readonly until: number } | undefined
  readonly #rate = new Rate()

  constructor(now: number) {
    this.started = now
    this.#rate.add(now, 0)
  }

  apply(report: Report, now: number): void {
    if (report.type === 'snapshot-started') this.#startSnapshot(report.tables)
    else if (report.type === 'snapshot-progress') this.#table(report.table, report.rows, report.done, now)
    else if (report.type === 'snapshot-finished' || report.type === 'streaming') this.phase = 'streaming'
    else if (report.type === 'lag') this.lag = report
    else if (report.type === 'written') this.#written(report.changes, report.bytes, now)
    else if (report.type === 'checkpoint') this.checkpoint = { at: now, position: report.position }
    else if (report.type === 'skipped') this.skipped += report.changes
    else if (report.type === 'rejected') this.rejected++
    else if (report.type === 'rewind') {
      this.phase = 'waiting'
      this.fault = { code: report.code, message: report.message, until: now + report.delay }
    }
  }

  /** undefined: not known yet. */
  changesPerSecond(now: number): number | undefined {
    return this.#rate.at(now)
  }

  #startSnapshot(tables: readonly { readonly table: string; readonly rows: number }[]): void {
    this.phase = 'snapshot'
    this.tables.clear()
    for (const { table, rows } of tables) this.#add(table, rows)
  }

  #add(table: string, expected: number): TableProgress {
    const progress: TableProgress = {
      table,
      expected: Math.max(0, expected),
      rows: 0,
      done: false,
      started: undefined,
      ended: undefined,
      rate: new Rate(),
    }
    this.tables.set(table, progress)
    return progress
  }

  #table(name: string, rows: number, done: boolean, now: number): void {
    const table = this.tables.get(name) ?? this.#add(name, 0)
    if (table.started === undefined) table.rate.add(now, 0)
    table.started ??= now
    table.rows = rows
    table.rate.add(now, rows)
    if (done && !table.done) {
      table.done = true
      table.ended = now
    }
  }

  #written(changes: number, bytes: number, now: number): void {
    this.changes += changes
    this.bytes += bytes
    this.#rate.add(now, this.changes)
    if (this.phase === 'waiting' || this.phase === 'starting')
      this.phase = this.#snapshotOpen() ? 'snapshot' : 'streaming'
  }

  #snapshotOpen(): boolean {
    return [...this.tables.values()].some(({ done }) => !done)
  }
}

/** Milliseconds until the table is read, as far as estimate and rate tell. */
export function timeLeft(table: TableProgress, now: number): number | undefined {
  const rate = table.rate.at(now) ?? 0
  const rest = table.expected - table.rows
  return rate > 0 && rest > 0 ? (rest / rate) * 1000 : undefined
}
