import { sampleTypes } from '../generate/tables.ts'
import { FormatBench } from './format-bench.ts'
import { formatCases } from './format-cases.ts'
import type { FormatDeclared, FormatSuite } from './format-fixture.ts'
import { runCases, type SuiteReport } from './runner.ts'

/**
 * Checks a format against the laws of `formatLaws`. Call it once in a test file: it puts the cases that the declared
 * abilities call for on the runner, each with a fixture of its own. Says which laws these are.
 */
export function formatConformance(suite: FormatSuite): SuiteReport {
  const { can = {} } = suite
  const declared: FormatDeclared = {
    holds: suite.holds,
    types: suite.types ?? sampleTypes,
    decoded: suite.decoded ?? ((cell) => cell),
    seeds: suite.seeds ?? 10,
    decode: can.decode ?? true,
    truncate: can.truncate ?? true,
    partial: can.partial ?? true,
  }
  return runCases(suite.runner, 'format conformance', formatCases, declared, async () => {
    return new FormatBench(await suite.fixture(), declared)
  })
}
