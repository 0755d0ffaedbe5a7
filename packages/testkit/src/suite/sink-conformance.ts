import { sampleTypes } from '../generate/tables.ts'
import { runCases, type SuiteReport } from './runner.ts'
import { batchCases } from './sink-batches.ts'
import { SinkBench } from './sink-bench.ts'
import { durabilityCases } from './sink-durability.ts'
import { failureCases } from './sink-failures.ts'
import type { SinkDeclared, SinkSuite } from './sink-fixture.ts'
import { rowCases } from './sink-rows.ts'
import { copies, events, items, narrow, pairs } from './sink-tables.ts'
import { wideTable } from './wide-table.ts'

const usualTypes = sampleTypes.filter(({ kind }) => kind !== 'enum' && kind !== 'xml')

/**
 * Checks a sink against the laws of `sinkLaws`. Call it once in a test file: it puts the cases that the declared
 * capabilities call for on the runner, each with a fixture of its own. Says which laws these are.
 */
export function sinkConformance(suite: SinkSuite): SuiteReport {
  const { capabilities, can = {} } = suite
  const declared: SinkDeclared = {
    capabilities,
    types: suite.types ?? usualTypes,
    seeds: suite.seeds ?? 5,
    large: suite.large ?? 20_000,
    buffer: suite.buffer ?? 64 * 1024 * 1024,
    deadline: suite.deadline ?? 30_000,
    read: can.read ?? true,
    truncate: can.truncate ?? true,
    evolve: can.evolve ?? capabilities.createsTables,
    cut: can.cut ?? false,
    stall: can.stall ?? false,
    takesOver: can.takesOver ?? false,
  }
  const tables = [items, pairs, events, ...copies, narrow, wideTable(declared.types)]
  const cases = [...durabilityCases, ...rowCases, ...batchCases, ...failureCases]
  return runCases(suite.runner, 'sink conformance', cases, declared, async () => {
    return new SinkBench(await suite.fixture(tables), declared)
  })
}
