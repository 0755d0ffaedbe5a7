import { defineSource, type OptionValues } from '@cdc/core'
import { tableOf } from '@cdc/flink-schema'
import { readFields } from './field-options.ts'
import { generatorOf, rowsOf } from './generators.ts'
import { datagenOptions } from './options.ts'
import { datagenPositions } from './position.ts'
import { DatagenSource } from './source.ts'

/** The datagen source: generates rows, with the options of Flink's connector of that name. */
export const datagen = defineSource({
  name: 'datagen',
  description: 'Generates rows: sequences and random values, with the options of Flink’s datagen connector.',
  options: datagenOptions,
  emits: () => 'append',
  positions: datagenPositions,
  create: (options, context) => new DatagenSource(specOf(options), context),
  admin: (options) => ({
    tables: async () => [specOf(options).table],
    plan: async () => [],
    check: async () => [],
    resources: async () => [],
    drop: async () => {},
    reset: async () => [],
  }),
})

function specOf(options: OptionValues<typeof datagenOptions.fields>) {
  const { columns } = options.schema
  // the options were judged before, so there is no fault to report
  const fields = readFields(columns, options['fields.*'], () => {})
  return {
    table: tableOf(options['table-name'], options.schema),
    generators: fields.map(generatorOf),
    rows: Math.min(rowsOf(fields), options['number-of-rows'] ?? Infinity),
    rowsPerSecond: options['rows-per-second'],
    seed: options.seed,
  }
}
