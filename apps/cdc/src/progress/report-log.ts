import type { Logger, Report } from '@cdc/core'
import type { Progress } from './progress.ts'

const statusInterval = 30_000
const tableInterval = 10_000

/**
 * Reports as log lines: what happens once at once, and every half minute how it goes. `brief` leaves out what a live
 * display shows.
 */
export class ReportLog {
  readonly #logger: Logger
  readonly #progress: Progress
  readonly #tables = new Map<string, number>()
  readonly #brief: boolean
  #status: number
  #changes = 0

  constructor(logger: Logger, progress: Progress, now: number, brief: boolean) {
    this.#brief = brief
    this.#logger = logger
    this.#progress = progress
    this.#status = now
  }

  /** Called after the progress took the report. */
  apply(report: Report, now: number): void {
    if (report.type === 'snapshot-started') {
      const rows = report.tables.reduce((sum, table) => sum + table.rows, 0)
      this.#logger.info({ tables: report.tables.length, expectedRows: rows }, 'snapshot started')
    } else if (report.type === 'snapshot-progress') {
      if (!this.#brief) this.#table(report, now)
    } else if (report.type === 'snapshot-finished') this.#snapshotFinished(report.position, now)
    else if (report.type === 'streaming') this.#logger.info({ position: report.position }, 'streaming')
    else if (report.type === 'skipped') {
      const { sink, changes, reason } = report
      this.#logger.warn({ sink, changes, reason }, 'changes skipped')
    } else if (report.type === 'checkpoint') {
      const { position, milliseconds } = report
      this.#logger.debug({ position, milliseconds }, 'checkpoint saved')
    }
    if (!this.#brief && now - this.#status >= statusInterval) this.#tell(now)
  }

  #snapshotFinished(position: string, now: number): void {
    const tables = [...this.#progress.tables.values()]
    const rows = tables.reduce((sum, table) => sum + table.rows, 0)
    const milliseconds = now - this.#progress.started
    this.#logger.info({ position, tables: tables.length, rows, milliseconds }, 'snapshot finished')
  }

  #table({ table, rows, done }: Report & { type: 'snapshot-progress' }, now: number): void {
    const last = this.#tables.get(table)
    if (done) this.#logger.info({ table, rows }, 'table read')
    else if (last === undefined || now - last >= tableInterval) {
      const progress = this.#progress.tables.get(table)!
      const rowsPerSecond = Math.round(progress.rate.at(now) ?? 0)
      this.#logger.info({ table, rows, expectedRows: progress.expected, rowsPerSecond }, 'reading table')
    } else return
    this.#tables.set(table, now)
  }

  #tell(now: number): void {
    const { phase, changes, lag, checkpoint, skipped, rejected } = this.#progress
    const changesPerSecond = Math.round(((changes - this.#changes) * 1000) / (now - this.#status))
    this.#logger.info(
      {
        phase,
        changes,
        changesPerSecond,
        ...(lag === undefined ? {} : { lagBytes: lag.bytes, lagMilliseconds: lag.milliseconds }),
        ...(checkpoint === undefined ? {} : { checkpointAgeMilliseconds: now - checkpoint.at }),
        ...(skipped === 0 ? {} : { skipped }),
        ...(rejected === 0 ? {} : { rejected }),
      },
      'status',
    )
    this.#status = now
    this.#changes = changes
  }
}
