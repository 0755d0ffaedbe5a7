import { defineFormat } from '@cdc/core'
import { CsvFormat } from './csv-format.ts'
import { csvOptions } from './options.ts'

/** The format `csv`: rows as lines of text, with Flink's options. */
export const csv = defineFormat({
  name: 'csv',
  description: "Rows as lines of text, as Flink's csv writes them.",
  options: csvOptions,
  holds: ({ changelog }) => (changelog === 'none' ? 'append' : 'upsert'),
  create: (values, context) => new CsvFormat(values, context),
})
