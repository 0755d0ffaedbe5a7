import type { DataType } from '@cdc/core'
import { formatConformance, sampleTypes } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { csv } from '../src/index.ts'

const runner = { describe, test }
/** Of arrays some values cannot be held: their test is `csv.test.ts`. */
const whole: readonly DataType[] = sampleTypes.filter(({ kind }) => kind !== 'array')

for (const options of [
  {},
  { 'field-delimiter': '\\t', 'null-literal': 'n/a' },
  { 'escape-character': '\\', 'quote-character': "'", 'allow-comments': true },
])
  for (const changelog of ['none', 'upsert'] as const)
    describe(`${JSON.stringify(options)}, changelog: ${changelog}`, () => {
      formatConformance({
        runner,
        holds: changelog === 'none' ? 'append' : 'upsert',
        can: { truncate: false, partial: false },
        types: whole,
        fixture: async () => ({ format: csv({ ...options, changelog }) }),
      })
    })
