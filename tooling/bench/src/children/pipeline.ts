import { text } from 'node:stream/consumers'
import { directoryState, pipeline } from '@cdc/runtime'
import type { PipelineJob, PipelineMeasurement } from '../pipeline-job.ts'
import { sinkOf, sourceOf } from './connectors.ts'
import { cpuSince, peakMemory, say } from './say.ts'

const job = JSON.parse(await text(process.stdin)) as PipelineJob
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

const goal = (job.changes ?? Number.POSITIVE_INFINITY) + job.tables
let changes = 0
let half: { readonly changes: number; readonly cpu: number } | undefined
let first: number | undefined
let snapshot: { began?: number; ended?: number } = {}
let flushed = false
const passed = () => (performance.now() - start) / 1000

const run = pipeline({
  name: job.name,
  source: await sourceOf(job.source),
  sinks: [await sinkOf(job.sink)],
  state: directoryState(job.state),
  logger: { debug() {}, info() {}, warn: complain, error: complain },
  observer(report) {
    if (report.type === 'written') {
      if (report.changes > 0) first ??= passed()
      changes += report.changes
      if (half === undefined && changes >= goal / 2) half = { changes, cpu: cpuSince(before) }
    } else if (report.type === 'flushed') flushed = true
    else if (report.type === 'streaming') say('streaming')
    else if (report.type === 'snapshot-started') snapshot = { ...snapshot, began: passed() }
    else if (report.type === 'snapshot-finished') snapshot = { ...snapshot, ended: passed() }
    if (flushed && changes >= goal) stop.abort()
    else flushed = false
  },
})
const before = process.cpuUsage()
const start = performance.now()
let done = start
stop.signal.addEventListener('abort', () => {
  done = performance.now()
})
const summary = await run.run(stop.signal)
if (summary.reason === 'finished') done = performance.now()
const cpu = cpuSince(before)
say({
  changes: changes - job.tables,
  seconds: (done - start) / 1000,
  cpu,
  steadyCpu:
    half !== undefined && changes - half.changes >= goal / 4 ? (cpu - half.cpu) / (changes - half.changes) : undefined,
  peakRss: peakMemory(),
  first,
  snapshot,
} satisfies PipelineMeasurement)

/** A run that met a fault is no measurement: it is shown. */
function complain(fields: object, message: string): void {
  process.stderr.write(`${job.name}: ${message} ${JSON.stringify(fields)}\n`)
}
