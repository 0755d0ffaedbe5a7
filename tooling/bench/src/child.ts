import { text } from 'node:stream/consumers'
import { blackhole } from '@cdc/blackhole'
import { debeziumJson } from '@cdc/debezium-json'
import { filesystem } from '@cdc/filesystem'
import { jdbc } from '@cdc/jdbc'
import { postgresCdc } from '@cdc/postgres-cdc'
import { directoryState, pipeline } from '@cdc/runtime'
import type { Job, Measurement } from './measure.ts'

const job = JSON.parse(await text(process.stdin)) as Job
const stop = new AbortController()
const { connector, ...sinkOptions } = job.sink
const sink =
  connector === 'jdbc'
    ? jdbc(sinkOptions as never)
    : connector === 'filesystem'
      ? filesystem({ ...(sinkOptions as { path: string }), format: debeziumJson({ 'topic.prefix': 'bench' }) })
      : blackhole(sinkOptions as never)
let changes = 0
let flushed = false
const run = pipeline({
  name: job.name,
  source: postgresCdc(job.source as never),
  sinks: [sink],
  state: directoryState(job.state),
  observer(report) {
    if (report.type === 'written') changes += report.changes
    if (report.type === 'flushed') flushed = true
    if (flushed && changes >= job.changes) stop.abort()
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
const { user, system } = process.cpuUsage(before)
const measurement: Measurement = {
  changes: Math.max(changes, job.changes),
  seconds: (done - start) / 1000,
  cpu: user + system,
  peakRss: process.resourceUsage().maxRSS * 1024,
}
process.stdout.write(JSON.stringify(measurement))
