import type { Report } from '@cdc/core'
import type { Attributes, Counter, Gauge, Histogram, Meter } from '@opentelemetry/api'
import { Health } from './health.ts'

/** Every metric by its name as Prometheus shows it, with its meaning and the labels it has beside `pipeline`. */
export const metricNames = {
  cdc_ready: 'Is the pipeline ready (1) or not (0)? The same as /readyz.',
  cdc_changes_written_total: 'Changes given to all sinks.',
  cdc_bytes_written_total: 'Their size in memory, in bytes (an estimate).',
  cdc_batch_changes: 'Changes in a batch given to the sinks.',
  cdc_batch_bytes: 'Bytes of such a batch in memory (an estimate).',
  cdc_write_duration_seconds: 'How long all sinks took to take a batch.',
  cdc_flush_duration_seconds: 'How long a sink took to make what it was given durable. Label: sink.',
  cdc_checkpoint_duration_seconds: 'How long saving and acknowledging a checkpoint took.',
  cdc_last_checkpoint_timestamp_seconds: 'When the last checkpoint was saved, in seconds since 1970.',
  cdc_lag_bytes: "How far the source's log is ahead of what was read.",
  cdc_lag_seconds: 'Age of the transaction that is being read; 0 when nothing waits.',
  cdc_retained_wal_bytes: "Log that the source's server keeps for the slot of the pipeline.",
  cdc_errors_total: 'Errors, whatever followed. Labels: code, kind.',
  cdc_rewinds_total: 'Times that everything was opened anew and read again. Label: code.',
  cdc_retries_total: 'Times that a sink did its last work once more by itself. Labels: sink, code.',
  cdc_skipped_changes_total: 'Changes left out on purpose. Label: sink.',
  cdc_rejected_changes_total: 'Changes set aside as dead letters. Labels: sink, table, code.',
  cdc_snapshot_rows: 'Rows of a table read by the snapshot. Label: table.',
  cdc_snapshot_expected_rows: "The server's estimate of the rows of a table. Label: table.",
  cdc_snapshot_table_done: 'Is a table read (1) or not (0)? Label: table.',
} as const

export type MetricName = keyof typeof metricNames

/** Labels with the names of tables stop at so many; the rest are counted together as `(other)`. */
const tablesAtMost = 200
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
const sizes = [1, 10, 100, 1_000, 2_500, 5_000, 10_000, 20_000, 50_000, 100_000]
const bytes = [1_024, 16_384, 65_536, 262_144, 1_048_576, 2_097_152, 4_194_304, 8_388_608, 67_108_864]

/**
 * Makes the instruments on a meter (any OpenTelemetry provider's) and gives the observer for `pipeline({ observer })`
 * that feeds them. One call a pipeline. `now`: seconds since 1970.
 */
export function observeReports(
  meter: Meter,
  pipeline: string,
  health = new Health(),
  now = () => Date.now() / 1000,
): (report: Report) => void {
  const instruments = new Instruments(meter, pipeline, health, now)
  return (report) => instruments.apply(report)
}

class Instruments {
  readonly #meter: Meter
  readonly #labels: Attributes
  readonly #health: Health
  readonly #now: () => number
  readonly #counters = new Map<MetricName, Counter>()
  readonly #gauges = new Map<MetricName, Gauge>()
  readonly #histograms = new Map<MetricName, Histogram>()
  readonly #tables = new Set<string>()

  constructor(meter: Meter, pipeline: string, health: Health, now: () => number) {
    this.#meter = meter
    this.#labels = { pipeline }
    this.#health = health
    this.#now = now
    // a rate needs a first value to begin from
    for (const name of ['cdc_changes_written_total', 'cdc_bytes_written_total'] as const) this.#add(name, 0)
    this.#set('cdc_ready', 0)
  }

  apply(report: Report): void {
    this.#health.apply(report)
    this.#set('cdc_ready', this.#health.ready ? 1 : 0)
    switch (report.type) {
      case 'written':
        this.#add('cdc_changes_written_total', report.changes)
        this.#add('cdc_bytes_written_total', report.bytes)
        this.#record('cdc_batch_changes', sizes, report.changes)
        this.#record('cdc_batch_bytes', bytes, report.bytes)
        this.#record('cdc_write_duration_seconds', seconds, report.milliseconds / 1000)
        return
      case 'flushed':
        this.#record('cdc_flush_duration_seconds', seconds, report.milliseconds / 1000, { sink: report.sink })
        return
      case 'checkpoint':
        this.#set('cdc_last_checkpoint_timestamp_seconds', this.#now())
        this.#record('cdc_checkpoint_duration_seconds', seconds, report.milliseconds / 1000)
        return
      case 'lag':
        this.#set('cdc_lag_bytes', report.bytes)
        this.#set('cdc_lag_seconds', report.milliseconds / 1000)
        return
      case 'retained':
        this.#set('cdc_retained_wal_bytes', report.bytes)
        return
      case 'error':
        this.#add('cdc_errors_total', 1, { code: report.code, kind: report.kind })
        return
      case 'rewind':
        this.#add('cdc_rewinds_total', 1, { code: report.code })
        return
      case 'retried':
        this.#add('cdc_retries_total', 1, { sink: report.sink, code: report.code })
        return
      case 'skipped':
        this.#add('cdc_skipped_changes_total', report.changes, { sink: report.sink })
        return
      case 'rejected': {
        const table = this.#table(report.table) ?? '(other)'
        this.#add('cdc_rejected_changes_total', 1, { sink: report.sink, table, code: report.code })
        return
      }
      case 'snapshot-started':
        for (const { table, rows } of report.tables) this.#snapshot(table, { expected: rows, rows: 0, done: false })
        return
      case 'snapshot-progress':
        this.#snapshot(report.table, report)
        return
    }
  }

  /** Of tables beyond the limit a gauge can say nothing. */
  #snapshot(name: string, state: { readonly expected?: number; readonly rows: number; readonly done: boolean }): void {
    const table = this.#table(name)
    if (table === undefined) return
    if (state.expected !== undefined) this.#set('cdc_snapshot_expected_rows', Math.max(0, state.expected), { table })
    this.#set('cdc_snapshot_rows', state.rows, { table })
    this.#set('cdc_snapshot_table_done', state.done ? 1 : 0, { table })
  }

  #table(name: string): string | undefined {
    if (!this.#tables.has(name) && this.#tables.size >= tablesAtMost) return undefined
    this.#tables.add(name)
    return name
  }

  #add(name: MetricName, value: number, labels: Attributes = {}): void {
    const make = () => this.#meter.createCounter(name, { description: metricNames[name] })
    known(this.#counters, name, make).add(value, { ...this.#labels, ...labels })
  }

  #set(name: MetricName, value: number, labels: Attributes = {}): void {
    const make = () => this.#meter.createGauge(name, { description: metricNames[name] })
    known(this.#gauges, name, make).record(value, { ...this.#labels, ...labels })
  }

  #record(name: MetricName, boundaries: number[], value: number, labels: Attributes = {}): void {
    const advice = { explicitBucketBoundaries: boundaries }
    const make = () => this.#meter.createHistogram(name, { description: metricNames[name], advice })
    known(this.#histograms, name, make).record(value, { ...this.#labels, ...labels })
  }
}

function known<T>(instruments: Map<MetricName, T>, name: MetricName, make: () => T): T {
  let instrument = instruments.get(name)
  if (instrument === undefined) {
    instrument = make()
    instruments.set(name, instrument)
  }
  return instrument
}
