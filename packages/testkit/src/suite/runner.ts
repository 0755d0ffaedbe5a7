import { type Law, LawBroken } from '../laws/law.ts'

/** What a suite needs of a test runner: vitest, node:test, mocha and jest all fit as they are. */
export interface Runner {
  describe(name: string, body: () => void): void
  test(name: string, body: () => Promise<void>): void
}

/** One check of one law. `C`: what was declared; `B`: the bench that a fresh fixture was put on. */
export interface Case<C, B> {
  readonly law: Law
  /** What happens in it, as the rest of a sentence. */
  readonly name: string
  /** Does it make sense for what was declared? Absent: always. */
  readonly when?: (declared: C) => boolean
  readonly run: (bench: B, declared: C) => Promise<void>
}

/** Which laws a suite has put on the runner, and which it left out by what was declared. */
export interface SuiteReport {
  readonly checked: readonly string[]
  readonly skipped: readonly string[]
}

/** Puts the cases that apply on the runner, each with a fresh bench. */
export function runCases<C, B extends { dispose(): Promise<void> }>(
  runner: Runner,
  title: string,
  cases: readonly Case<C, B>[],
  declared: C,
  makeBench: () => Promise<B>,
): SuiteReport {
  const run = cases.filter(({ when }) => when?.(declared) ?? true)
  runner.describe(title, () => {
    for (const one of run) runner.test(`${one.law.id}: ${one.name}`, () => runCase(one, declared, makeBench))
  })
  const checked = new Set(run.map(({ law }) => law.id))
  const skipped = cases.map(({ law }) => law.id).filter((id) => !checked.has(id))
  return { checked: [...checked], skipped: [...new Set(skipped)] }
}

async function runCase<C, B extends { dispose(): Promise<void> }>(
  one: Case<C, B>,
  declared: C,
  makeBench: () => Promise<B>,
): Promise<void> {
  const bench = await makeBench()
  try {
    await one.run(bench, declared)
  } catch (error) {
    throw new LawBroken(one.law, error)
  } finally {
    await bench.dispose()
  }
}
