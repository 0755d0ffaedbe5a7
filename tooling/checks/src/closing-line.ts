import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** Results of a run of tests or checks. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** The last line of a run, for people and for what reads logs. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** The file that the counts go to, when another process prints the closing line. */
export const countsFile = 'CDC_TEST_COUNTS'

/** Ends a run with `N passed, N failed`. A file that can't be loaded, a failed hook and a stray error count as failed. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) countModule(module, counts)
    const file = process.env[countsFile]
    if (file === undefined) process.stdout.write(`\n${closingLine(counts)}\n`)
    else writeFileSync(file, JSON.stringify(counts))
  }
}

function countModule(module: TestModule, counts: Counts): void {
  if (module.errors().length > 0) counts.failed++
  for (const suite of module.children.allSuites()) if (suite.errors().length > 0) counts.failed++
  for (const test of module.children.allTests()) {
    const { state } = test.result()
    if (state === 'passed') counts.passed++
    else if (state === 'failed') counts.failed++
    else counts.skipped++
  }
}
