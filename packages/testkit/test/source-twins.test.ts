import { describe, expect, test } from 'vitest'
import { type Runner, sampleTypes, sourceConformance, sourceLaws } from '../src/index.ts'
import { brokenLaws } from './twins/collector.ts'
import { type SourceTwin, sourceFixture, sourceTwins } from './twins/source-twins.ts'

const suite = (twin: Partial<SourceTwin>) => (runner: Runner) => {
  sourceConformance({
    runner,
    emits: 'retract',
    can: { alter: true, idle: true, loseHistory: true },
    types: sampleTypes,
    fixture: async (tables) => sourceFixture(twin, [...tables]),
    resumes: 20,
    deadline: 500,
  })
}

describe('a broken source turns its law red, and no other', () => {
  test.each(sourceTwins)('$breaks: one that $does', async (twin) => {
    const broken = await brokenLaws(suite(twin))
    expect([...broken.keys()], [...broken.values()].join('\n\n')).toEqual([twin.breaks, ...(twin.also ?? [])].sort())
    const message = broken.get(twin.breaks)!.message
    expect(message).toContain(sourceLaws[twin.breaks].says)
    expect(message).toContain(`README.md#${twin.breaks.toLowerCase()} and docs/`)
  })

  test('the same suite is green without a fault', async () => {
    expect([...(await brokenLaws(suite({}))).values()].join('\n\n')).toBe('')
  })

  test('every law has a twin', () => {
    const covered = new Set<string>(sourceTwins.map(({ breaks }) => breaks))
    expect(Object.keys(sourceLaws).filter((law) => !covered.has(law))).toEqual([])
  })
})
