import { sourceConformance } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { datagen } from '../src/index.ts'

const options = {
  schema:
    'id BIGINT, name STRING, price DECIMAL(10, 2), big DECIMAL(38, 4), small SMALLINT, ratio DOUBLE, share FLOAT, ok BOOLEAN, code CHAR(5), raw BYTES, grid ARRAY<ARRAY<INT>>, gone STRING, PRIMARY KEY (id)',
  'rows-per-second': 'unlimited',
  'fields.id.kind': 'sequence',
  'fields.id.start': 1,
  'fields.id.end': 400,
  'fields.gone.null-rate': 0.5,
} as const

/** Nobody writes into it, and it has no transactions but its rows. */
const can = { write: false, snapshot: false, truncate: false, transactions: false }

describe('bounded by a sequence', () => {
  const fixture = async () => ({ source: datagen(options) })
  sourceConformance({ runner: { describe, test }, emits: 'append', can: { ...can, bounded: true }, fixture })
})

describe('without an end', () => {
  const fixture = async () => ({
    source: datagen({ schema: 'a INT, b STRING', 'rows-per-second': 20_000, 'table-name': 'endless' }),
  })
  // the clock cuts the batches, so the same position does not come twice; resuming is tried above
  sourceConformance({ runner: { describe, test }, emits: 'append', can: { ...can, resume: false }, fixture })
})
