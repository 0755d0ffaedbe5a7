import { CdcError } from '@cdc/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { comparable, differences, used } from './differences.ts'
import { encodeAll, optionsOf } from './encode-scenario.ts'
import { goldenConfigs, goldenRecords } from './golden-records.ts'
import { maskedTexts } from './masks.ts'
import { changesOf, runScenario, type ScenarioRun } from './scenario.ts'

for (const scenario of ['tables', 'types', 'identity']) {
  describe(scenario, () => {
    const configs = Object.entries(goldenConfigs(scenario))
    let run: ScenarioRun
    let compared = 0

    beforeAll(async () => {
      run = await runScenario(scenario)
    }, 60_000)

    for (const [name, { config, failed }] of configs) {
      const list = config['table.include.list']
      const names = list === undefined ? undefined : new Set(list.split(','))
      const records = () => encodeAll(changesOf(run.changes, names), optionsOf(config))

      if (name === 'conversion_fail') {
        test(`${name}: the value that cannot be held is an error`, async () => {
          const failure = await records().catch((error) => error)
          expect(CdcError.is(failure) && failure).toMatchObject({ code: 'VALUE_NOT_HELD', where: { column: 'weight' } })
        })
        continue
      }
      test(`${name}: every record is what Debezium wrote${failed ? ' before it died' : ''}`, async () => {
        const own = await records()
        const golden = goldenRecords(scenario, name)
        const expected = comparable({
          scenario,
          config,
          database: run.database,
          died: failed ?? false,
          own,
          golden,
        })
        const [ours, theirs] = [maskedTexts(expected.own), maskedTexts(expected.golden)]
        for (const [at, text] of theirs.entries()) expect(ours[at], `record ${at}`).toBe(text)
        expect(ours.length).toBe(theirs.length)
        compared++
      })
    }

    test('every difference that is listed is one', ({ skip }) => {
      skip(compared < configs.length - 1, 'not all configurations were compared')
      expect(differences[scenario]!.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([])
    })
  })
}
