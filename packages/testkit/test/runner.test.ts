import * as node from 'node:test'
import { expect, test } from 'vitest'
import { formatConformance, memoryFormat, type Runner, sinkConformance, sinkLaws } from '../src/index.ts'
import { brokenLaws } from './twins/collector.ts'
import { capabilitiesOf, sinkFixture, sinkTwins } from './twins/sink-twins.ts'

test('the runner of Node itself fits', () => {
  const runner: Runner = { describe: node.describe, test: node.test }
  expect(typeof runner.test).toBe('function')
})

test('a suite says which laws it checks and which it leaves out', () => {
  const runner: Runner = { describe: (_, body) => body(), test() {} }
  const fixture = async () => ({ format: memoryFormat({}) })
  const { checked, skipped } = formatConformance({ runner, holds: 'retract', can: { decode: false }, fixture })
  expect(checked).toContain('FORMAT-DETERMINISTIC')
  expect(skipped).toContain('FORMAT-ROUND-TRIP')
  expect(checked).not.toContain('FORMAT-ROUND-TRIP')
})

test('the fixture of a case is disposed of, also when the case fails', async () => {
  const twin = sinkTwins.find(({ breaks }) => breaks === 'SINK-DELETE')!
  const [made, disposed] = [new Set<number>(), new Set<number>()]
  const broken = await brokenLaws((runner) =>
    sinkConformance({
      runner,
      capabilities: capabilitiesOf(twin),
      large: 100,
      async fixture() {
        const number = made.size
        made.add(number)
        return { ...sinkFixture(twin), dispose: async () => void disposed.add(number) }
      },
    }),
  )
  expect(broken.get(sinkLaws['SINK-DELETE'].id)).toBeDefined()
  expect(disposed).toEqual(made)
})
