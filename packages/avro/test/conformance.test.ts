import type { Cell, ConfiguredFormat, DataType, OptionInput } from '@cdc/core'
import { sharedRegistry } from '@cdc/servers'
import { formatConformance, sampleTypes } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { DebeziumAvroFormat } from '../src/debezium/debezium-avro-format.ts'
import { debeziumAvroOptions } from '../src/debezium/debezium-avro-options.ts'
import { avro, avroConfluent, debeziumAvroConfluent } from '../src/index.ts'

const runner = { describe, test }
const { url } = await sharedRegistry()

/** Topics of this run: under the subjects of another one there may be other schemas. */
const unique = `conformance-${process.pid}-${Date.now()}`
let shapes = 0

/** A sink that gives each shape a topic of its own. */
function inTopics(configured: ConfiguredFormat): ConfiguredFormat {
  const known = new Map<unknown, string>()
  const topic = (of: unknown) => {
    const name = known.get(of) ?? `${unique}-${++shapes}`
    known.set(of, name)
    return name
  }
  return { ...configured, create: (context) => configured.create({ ...context, topic }) }
}

/** Types that have values which Avro's do not hold: their test is `values.test.ts`. */
const partly: ReadonlySet<DataType['kind']> = new Set(['date', 'timestamp', 'timestamptz', 'array'])
const whole = sampleTypes.filter(
  (type) => !partly.has(type.kind) && !(type.kind === 'decimal' && type.precision !== undefined),
)

for (const changelog of ['none', 'upsert'] as const) {
  const holds = changelog === 'none' ? 'append' : 'upsert'
  const can = { truncate: false, partial: false }
  for (const encoding of ['binary', 'json'] as const)
    describe(`avro, changelog: ${changelog}, encoding: ${encoding}`, () => {
      formatConformance({
        runner,
        holds,
        can,
        types: whole,
        fixture: async () => ({ format: avro({ changelog, encoding }) }),
      })
    })
  describe(`avro-confluent, changelog: ${changelog}`, () => {
    const format = inTopics(avroConfluent({ url, changelog }))
    formatConformance({ runner, holds, can, types: whole, seeds: 2, fixture: async () => ({ format }) })
  })
}

describe("debezium-avro-confluent in Flink's shape", () => {
  const format = inTopics(debeziumAvroConfluent({ url, envelope: 'flink' }))
  formatConformance({
    runner,
    holds: 'retract',
    can: { truncate: false, partial: false },
    types: whole,
    seeds: 2,
    fixture: async () => ({ format }),
  })
})

type Input = OptionInput<(typeof debeziumAvroOptions)['fields']>

/** The format with a clock that stands: the same change gives the same bytes. */
function standing(options: Input): ConfiguredFormat {
  const { values } = debeziumAvroOptions.parse(options as never)
  const clock = () => 1_700_000_000_000_000
  return inTopics({
    ...debeziumAvroConfluent(options),
    create: (context) => new DebeziumAvroFormat(values, context, { clock, run: 'run' }),
  })
}

/** A schema has one level of an array. */
const inSchemas = (cell: Cell) => (Array.isArray(cell) && cell.some((one) => Array.isArray(one)) ? null : cell)

describe("debezium-avro-confluent, Debezium's envelope, in modes that keep everything", () => {
  const format = standing({
    url,
    'decimal.handling.mode': 'string',
    'time.precision.mode': 'structured',
    'skipped.operations': 'none',
    'event.converting.failure.handling.mode': 'skip',
  })
  formatConformance({ runner, holds: 'retract', seeds: 2, decoded: inSchemas, fixture: async () => ({ format }) })
})
