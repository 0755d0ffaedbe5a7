import { describe, expect, test } from 'vitest'
import { formatConformance, formatLaws, type Runner } from '../src/index.ts'
import { brokenLaws } from './twins/collector.ts'
import { type FormatTwin, formatTwins, twinFormat } from './twins/format-twins.ts'

const suite = (twin: Partial<FormatTwin>) => (runner: Runner) => {
  formatConformance({ runner, holds: 'retract', seeds: 4, fixture: async () => ({ format: twinFormat(twin) }) })
}

describe('a broken format turns its law red, and no other', () => {
  test.each(formatTwins)('$breaks: one that $does', async (twin) => {
    const broken = await brokenLaws(suite(twin))
    expect([...broken.keys()], [...broken.values()].join('\n\n')).toEqual([twin.breaks])
    const message = broken.get(twin.breaks)!.message
    expect(message).toContain(formatLaws[twin.breaks].says)
    expect(message).toContain(`README.md#${twin.breaks.toLowerCase()} and docs/`)
  })

  test('the same suite is green without a fault', async () => {
    expect([...(await brokenLaws(suite({}))).values()].join('\n\n')).toBe('')
  })

  test('every law has a twin', () => {
    const covered = new Set<string>(formatTwins.map(({ breaks }) => breaks))
    expect(Object.keys(formatLaws).filter((law) => !covered.has(law))).toEqual([])
  })
})
