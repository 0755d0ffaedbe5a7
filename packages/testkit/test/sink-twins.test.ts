import { describe, expect, test } from 'vitest'
import { type Runner, sinkConformance, sinkLaws } from '../src/index.ts'
import { brokenLaws } from './twins/collector.ts'
import { capabilitiesOf, type SinkTwin, sinkFixture, sinkTwins } from './twins/sink-twins.ts'

/** Is red whenever a smaller law about rows is. */
const umbrella = 'SINK-EQUALS-SOURCE'

const suite = (twin: SinkTwin) => (runner: Runner) => {
  sinkConformance({
    runner,
    capabilities: { ...capabilitiesOf(twin), ...twin.told },
    can: twin.can ?? {},
    fixture: async () => sinkFixture(twin),
    large: 8000,
    buffer: 16_000_000,
    deadline: 500,
  })
}

describe('a broken sink turns its law red, and no other', () => {
  test.each(sinkTwins)('$breaks: one that $does', async (twin) => {
    const broken = await brokenLaws(suite(twin))
    const red = [...broken.keys()].filter((law) => law === twin.breaks || law !== umbrella)
    expect(red, [...broken.values()].join('\n\n')).toEqual([twin.breaks, ...(twin.also ?? [])].sort())
    const message = broken.get(twin.breaks)!.message
    expect(message).toContain(sinkLaws[twin.breaks].says)
    expect(message).toContain(`README.md#${twin.breaks.toLowerCase()} and docs/`)
  })

  test.each(sinkTwins)(
    'the same suite is green without the fault: $breaks, $does',
    async ({ breaks, options, can }) => {
      const right: SinkTwin = { breaks, does: 'nothing wrong', ...(options && { options }), ...(can && { can }) }
      expect([...(await brokenLaws(suite(right))).values()].join('\n\n')).toBe('')
    },
  )

  test('every law has a twin', () => {
    const covered = new Set<string>(sinkTwins.map(({ breaks }) => breaks))
    expect(Object.keys(sinkLaws).filter((law) => !covered.has(law))).toEqual([])
  })
})
