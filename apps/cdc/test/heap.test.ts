import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { missingFlags } from '../src/heap.ts'

test('flags of the heap are added, and those that the user has set stay', () => {
  expect(missingFlags({ execArgv: [], env: {} })).toEqual(['--max-semi-space-size=16', '--heap-growing-percent=50'])
  expect(missingFlags({ execArgv: ['--max-semi-space-size=64'], env: {} })).toEqual([])
  expect(missingFlags({ execArgv: [], env: { NODE_OPTIONS: '--trace-gc --max_semi_space_size=4' } })).toEqual([])
  expect(missingFlags({ execArgv: ['--heap-growing-percent=10'], env: {} })).toEqual(['--max-semi-space-size=16'])
})

const heap = new URL('../src/heap.ts', import.meta.url)
const script = `
  import { restartWithHeapFlags } from ${JSON.stringify(heap)}
  restartWithHeapFlags()
  console.log(JSON.stringify({ pid: process.pid, flags: process.execArgv.filter((flag) => !flag.startsWith('--eval')) }))`

test.skipIf(process.platform === 'win32')('the command starts again as the same process with the flags, once', () => {
  const result = spawnSync(process.execPath, ['--conditions=cdc-source', '--input-type=module', '--eval', script], {
    encoding: 'utf8',
  })
  const { pid, flags } = JSON.parse(result.stdout) as { pid: number; flags: string[] }
  expect(pid).toBe(result.pid)
  expect(flags).toContain('--max-semi-space-size=16')
  expect(flags).toContain('--conditions=cdc-source')
  expect(flags.filter((flag) => flag.startsWith('--max-semi-space-size'))).toHaveLength(1)
  expect(result.stderr).toBe('')
})
