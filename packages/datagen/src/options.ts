import { defineOptions, integer, type OptionRule, option, prefix, text } from '@cdc/core'
import { schemaType, tableNameType } from '@cdc/flink-schema'
import { z } from 'zod'
import { readFields } from './field-options.ts'

const rate = z
  .union([z.number(), z.string()], { error: 'must be a number or unlimited' })
  .transform((value, context) => {
    const word = String(value).trim().toLowerCase()
    if (word === 'unlimited') return Infinity
    if (/^\+?\d+$/.test(word) && Number(word) >= 1) return Number(word)
    context.addIssue({ code: 'custom', message: 'must be a whole number of at least 1, or unlimited' })
    return z.NEVER
  })

const fields = {
  schema: option(
    schemaType,
    {
      doc: 'The columns, as between the brackets of Flink’s CREATE TABLE: `id BIGINT, name STRING, PRIMARY KEY (id)`. Or a map from column to type.',
      required: true,
      example: 'id BIGINT, name STRING, PRIMARY KEY (id)',
    },
    'String or map',
  ),
  'table-name': text(
    { doc: 'What the rows are called, `schema.table` or `table` (then in `public`).', default: 'public.datagen' },
    tableNameType,
  ),
  'rows-per-second': option(
    rate,
    { doc: 'How many rows a second, evenly spread; `unlimited`: as many as are read.', default: 10000 },
    'Long',
  ),
  'number-of-rows': integer({ doc: 'Ends after so many rows, counted over restarts. Not given: no end.' }, { min: 0 }),
  seed: integer({ doc: 'Other seeds give other random values; the same seed gives the same rows.', default: 0 }),
  'scan.parallelism': integer({ doc: 'Accepted for Flink’s sake: one task generates.' }, { min: 1 }),
  'fields.*': prefix({
    doc: '`fields.<column>.<setting>`: how a column’s values are made (see below).',
    example: 'sequence',
  }),
}

/** What is under `fields.` is read by the column's type, so it needs the schema. */
const fieldsFit: OptionRule<typeof fields> = (values, problem) => {
  if (values.schema === undefined) return
  const report = problem as (option: string, message: string, hint?: string) => void
  readFields(values.schema.columns, values['fields.*'] ?? {}, report)
}

/** Flink's options, with `schema`, `table-name` and `seed` besides: https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/datagen/ */
export const datagenOptions = defineOptions(fields, [fieldsFit])
