import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** The shape only: at this size nothing but start-up is measured. */
test('the benchmark measures ours beside a reference and says what was wanted', async () => {
  const args = [
    '--quick',
    '--rows',
    '1000',
    '--only',
    'rows -> jdbc',
    '--only',
    'one update -> blackhole',
    '--json',
    '-',
  ]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--conditions=cdc-source', main, ...args])

  const { rows, started } = JSON.parse(stdout) as { rows: Record<string, unknown>[]; started: { load: number[] } }
  const cases = rows.filter((row) => row.case !== '')
  expect(cases.map((row) => row.case)).toEqual([
    'snapshot of 1,000 rows -> jdbc',
    'stream of 200 transactions of one update -> blackhole',
  ])
  for (const row of cases) {
    expect(row.ours).toMatch(/^[\d,]+\/s$/)
    expect(row.reference).toMatch(/^[\w' -]+ [\d,]+\/s/)
    expect(row.ratio).toMatch(/^\d+\.\d\d$/)
    expect(row.cpu).toMatch(/^\d+\.\d\d/)
    expect(row.peakRss).toMatch(/^\d+ MB$/)
    expect(row.met).toMatch(/^(not )?met$/)
  }
  expect(started.load).toHaveLength(3)
  expect(stderr).toContain('CPU µs/change')
}, 120_000)
