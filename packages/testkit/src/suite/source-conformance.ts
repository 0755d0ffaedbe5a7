import { sampleTypes } from '../generate/tables.ts'
import { runCases, type SuiteReport } from './runner.ts'
import { SourceBench } from './source-bench.ts'
import type { SourceDeclared, SourceSuite } from './source-fixture.ts'
import { lifeCases } from './source-life.ts'
import { orderCases } from './source-order.ts'
import { positionCases } from './source-positions.ts'
import { events, items, marker, narrow, pairs } from './source-tables.ts'
import { valueCases } from './source-values.ts'
import { wideTable } from './wide-table.ts'

const usualTypes = sampleTypes.filter(({ kind }) => kind !== 'enum' && kind !== 'xml')

/**
 * Checks a source against the laws of `sourceLaws`. Call it once in a test file: it puts the cases that the declared
 * abilities call for on the runner, each with a fixture of its own. Says which laws these are.
 */
export function sourceConformance(suite: SourceSuite): SuiteReport {
  const { can = {} } = suite
  const declared: SourceDeclared = {
    emits: suite.emits,
    types: suite.types ?? usualTypes,
    resumes: suite.resumes ?? 8,
    deadline: suite.deadline ?? 30_000,
    write: can.write ?? true,
    snapshot: can.snapshot ?? true,
    history: can.history ?? false,
    resume: can.resume ?? true,
    truncate: can.truncate ?? true,
    transactions: can.transactions ?? true,
    bounded: can.bounded ?? false,
    alter: can.alter ?? false,
    idle: can.idle ?? false,
    loseHistory: can.loseHistory ?? false,
  }
  const tables = [items, pairs, events, marker, narrow, wideTable(declared.types)]
  const cases = [...orderCases, ...positionCases, ...valueCases, ...lifeCases]
  return runCases(suite.runner, 'source conformance', cases, declared, async () => {
    return new SourceBench(await suite.fixture(tables), declared)
  })
}
