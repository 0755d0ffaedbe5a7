/** `pnpm test [files]`: with files only those tests; without any, everything that must hold before a change lands. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Counts, closingLine, countsFile } from './closing-line.ts'
import { run } from './steps.ts'

const checks: readonly (readonly [name: string, command: string, parameters: readonly string[]])[] = [
  [
    'build, types and packages',
    'turbo',
    ['run', 'build', 'types', 'check', '--continue', '--output-logs=errors-only', '--ui=stream', '--log-order=grouped'],
  ],
  ['lint and format', 'biome', ['check', '--error-on-warnings', '.']],
  ['generated docs', 'node', ['--conditions=cdc-source', 'tooling/docs/src/main.ts', '--check']],
]

const files = process.argv.slice(2)
const failed: string[] = []
let passed = 0
for (const [name, command, parameters] of files.length > 0 ? [] : checks) {
  console.log(`\n--- ${name}`)
  if ((await run(command, parameters)) === 0) passed++
  else failed.push(name)
}
console.log('\n--- tests')
const counts = await runTests(files)
for (const name of failed) console.log(`FAILED: ${name} (its output is above)`)
const total = { ...counts, passed: counts.passed + passed, failed: counts.failed + failed.length }
console.log(`\n${closingLine(total)}`)
process.exitCode = total.failed > 0 ? 1 : 0

async function runTests(files: readonly string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'cdc-tests-'))
  const file = join(folder, 'counts.json')
  try {
    const code = await run('vitest', ['run', ...files], { [countsFile]: file })
    const counts = readCounts(file)
    // it can fail for reasons that no test has: none found, a worker that crashed
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readCounts(file: string): Counts {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Counts
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}
