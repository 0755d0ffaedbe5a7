import type { Cell, ConfiguredFormat, DataType, OptionInput } from '@cdc/core'
import { formatConformance, sampleTypes } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { DebeziumFormat } from '../src/debezium-format.ts'
import { debeziumJson } from '../src/index.ts'
import { debeziumJsonOptions } from '../src/options.ts'
import { settingsOf } from '../src/settings.ts'

type Input = OptionInput<(typeof debeziumJsonOptions)['fields']>

/** The format with a clock that stands: the same change gives the same bytes. */
function standing(options: Input): ConfiguredFormat {
  const { values } = debeziumJsonOptions.parse(options)
  const configured = debeziumJson(options)
  return {
    ...configured,
    create: (context) => new DebeziumFormat(settingsOf(values, 'testkit'), context, () => 1_700_000_000_000_000, 'run'),
  }
}

/** Keeps every value. */
const exact: Input = {
  'decimal.handling.mode': 'string',
  'time.precision.mode': 'structured',
  'skipped.operations': 'none',
  // of types that are never large, placeholders are null
  'event.converting.failure.handling.mode': 'skip',
}

/** A schema has one level of an array. */
const inSchemas = (cell: Cell) => (Array.isArray(cell) && cell.some((one) => Array.isArray(one)) ? null : cell)

/** Precise decimals know no NaN, and without a scale of their own they lose the zeros at their end. */
function inDefaults(cell: Cell, type: DataType): Cell {
  if (type.kind === 'array' && type.element.kind === 'decimal')
    return (cell as readonly Cell[] | null)?.includes('NaN') ? null : cell
  // microseconds since 1970 end in that year
  if (type.kind === 'timestamp' && String(cell) > '294247' && String(cell).length > 25) return null
  if (typeof cell !== 'string' || type.kind !== 'decimal') return cell
  if (!/\d$/.test(cell)) return null
  return type.scale === undefined && cell.includes('.') ? cell.replace(/\.?0+$/, '') : cell
}

/** Turned to UTC, and to one number: other tests are about these. */
const changed = new Set(['timetz', 'interval'])

describe('modes that keep everything', () => {
  formatConformance({
    runner: { describe, test },
    holds: 'retract',
    fixture: async () => ({ format: standing(exact) }),
  })
})

describe('with schemas', () => {
  const format = standing({ ...exact, 'schemas.enable': true })
  formatConformance({
    runner: { describe, test },
    holds: 'retract',
    decoded: inSchemas,
    fixture: async () => ({ format }),
  })
})

describe('as Debezium is by default', () => {
  const options: Input = { 'skipped.operations': 'none', 'event.converting.failure.handling.mode': 'skip' }
  formatConformance({
    runner: { describe, test },
    holds: 'retract',
    types: sampleTypes.filter(({ kind }) => !changed.has(kind)),
    decoded: inDefaults,
    fixture: async () => ({ format: standing(options) }),
  })
})
