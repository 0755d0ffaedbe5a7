import { formatConformance, sampleTypes } from '@cdc/testkit'
import { describe, expect, test } from 'vitest'
import { json } from '../src/index.ts'

const runner = { describe, test }

for (const [changelog, holds] of [
  ['none', 'append'],
  ['upsert', 'upsert'],
  ['debezium', 'retract'],
] as const) {
  describe(`changelog: ${changelog}`, () => {
    const format = json({ changelog, ...(changelog === 'debezium' ? { 'encode.truncate': 'write' as const } : {}) })
    const report = formatConformance({
      runner,
      holds,
      can: { truncate: changelog === 'debezium' },
      types: sampleTypes,
      fixture: async () => ({ format }),
    })
    test('leaves out no law that it could be held to', () => {
      expect(report.skipped).toEqual(changelog === 'none' ? ['FORMAT-UNDEFINED-IS-NOT-NULL'] : [])
    })
  })
}

describe('with the options that change how cells look', () => {
  formatConformance({
    runner,
    holds: 'retract',
    fixture: async () => ({
      format: json({
        changelog: 'debezium',
        'encode.truncate': 'write',
        'encode.split-updates': true,
        'encode.embedded-json': true,
        'timestamp-format.standard': 'ISO-8601',
      }),
    }),
    // the document null cannot be told from no document
    decoded: (cell, type) => (type.kind === 'json' && cell === 'null' ? null : cell),
  })
})

for (const plain of [true, false]) {
  describe(`with Flink's decimals, encode.decimal-as-plain-number: ${plain}`, () => {
    formatConformance({
      runner,
      holds: 'upsert',
      can: { truncate: false },
      fixture: async () => ({ format: json({ changelog: 'upsert', 'encode.decimal-as-plain-number': plain }) }),
      // trailing zeros are lost, unless the column declares how many there are
      decoded: (cell, type) =>
        type.kind === 'decimal' && type.scale === undefined && typeof cell === 'string'
          ? cell.replace(/^(-?\d+)\.(\d*[1-9])?0*$/, (_, whole, rest) =>
              rest === undefined ? whole : `${whole}.${rest}`,
            )
          : cell,
    })
  })
}
