import { armFailpoints, CdcError } from '@cdc/core'
import { datagen } from '@cdc/datagen'
import { directoryState, pipeline } from '@cdc/runtime'
import { filesystem } from '../src/index.ts'
import type { Job } from './child-process.ts'
import { wholeFormat } from './whole-format.ts'

const job = JSON.parse(process.argv[2]!) as Job
// only now: all modules were read, wherever they lie
if (job.user !== undefined) {
  process.setgid?.(job.user)
  process.setuid?.(job.user)
}
const stop = new AbortController()
let visits = 0
const { failpoint } = job
if (failpoint !== undefined) {
  armFailpoints((name) => {
    if (name !== failpoint.name || ++visits !== failpoint.nth) return
    process.kill(process.pid, 'SIGKILL')
    // the signal is not delivered at once, and nothing may happen after it
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
}
const source = datagen({
  schema: 'id BIGINT, name STRING',
  'rows-per-second': 'unlimited',
  'number-of-rows': job.rows,
  'fields.id.kind': 'sequence',
  'fields.id.start': '1',
  'fields.id.end': '1000000000',
  'fields.name.length': '30',
} as never)
const run = pipeline({
  name: 'killed',
  source,
  sinks: [filesystem({ path: `${job.folder}/out`, format: wholeFormat({}), ...job.sink } as never)],
  state: directoryState(`${job.folder}/state`),
  // an error that is tried again ends it too
  observer(report) {
    if (report.type !== 'rewind') return
    process.stdout.write(['rewind', report.code, report.message].join('|'))
    stop.abort()
  },
  limits: { batchRows: 400, batchBytes: 50_000, flushInterval: 5, checkpointInterval: 20, retry: { attempts: 1 } },
})
try {
  await run.run(stop.signal)
  if (!stop.signal.aborted) process.stdout.write('done')
} catch (failure) {
  const { code, kind, message } = CdcError.from(failure)
  process.stdout.write([code, kind, message].join('|'))
}
