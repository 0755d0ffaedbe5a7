/**
 * `pnpm test:faults [--all] [--times N] [sentence]`: the network's faults against whole pipelines. Without `--all` the
 * share of them that `pnpm test` runs; `--times`: how often each strikes; a sentence, or a part of one: only those.
 */
import { parseArgs } from 'node:util'
import { run } from './steps.ts'

const { values, positionals } = parseArgs({
  options: { all: { type: 'boolean', default: false }, times: { type: 'string', default: '1' } },
  allowPositionals: true,
})
process.exitCode = await run('vitest', ['run', 'tooling/faults/test/network'], {
  CDC_FAULTS: values.all ? 'all' : '',
  CDC_FAULTS_TIMES: values.times,
  CDC_FAULTS_ONLY: positionals.join(' '),
})
