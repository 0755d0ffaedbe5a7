import { sharedPostgres } from '@cdc/servers'
import { expect, test } from 'vitest'
import { describePlan, planOf } from '../src/plan.ts'
import { runSeed } from '../src/run-seed.ts'

/** A test a seed; several files of them, so that they go side by side. */
export function seedTests(from: number, to: number): void {
  const seeds = Array.from({ length: to - from + 1 }, (_, i) => from + i)
  test.each(seeds)(
    'seed %i: a pipeline that is killed again and again loses nothing and repeats nothing',
    async (seed) => {
      const plan = planOf(seed)
      const { fault, folder } = await runSeed(plan, await sharedPostgres(plan.version))
      expect(fault, `${describePlan(plan)}\nkept in ${folder}`).toBeUndefined()
    },
    300_000,
  )
}
