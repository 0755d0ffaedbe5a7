import { armFailpoints, CdcError } from '@cdc/core'
import { datagen } from '@cdc/datagen'
import { json } from '@cdc/json'
import { directoryState, pipeline } from '@cdc/runtime'
import { kafka } from '../src/index.ts'
import type { Job } from './child-process.ts'

const job = JSON.parse(process.argv[2]!) as Job
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
  sinks: [kafka({ 'value.format': json({}), 'key.format': json({}), 'key.fields': 'id', ...job.sink } as never)],
  state: directoryState(`${job.folder}/state`),
  limits: { batchRows: 400, batchBytes: 50_000, flushInterval: 5, checkpointInterval: 20, retry: { attempts: 1 } },
})
try {
  await run.run(new AbortController().signal)
  process.stdout.write('done')
} catch (failure) {
  const { code, kind, message } = CdcError.from(failure)
  process.stdout.write([code, kind, message].join('|'))
}
