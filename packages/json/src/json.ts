import { type ChangelogMode, defineFormat } from '@cdc/core'
import { JsonFormat } from './json-format.ts'
import { jsonOptions } from './options.ts'

const held: Readonly<Record<'none' | 'upsert' | 'debezium', ChangelogMode>> = {
  none: 'append',
  upsert: 'upsert',
  debezium: 'retract',
}

/** The format `json`: rows as JSON objects, with Flink's options. */
export const json = defineFormat({
  name: 'json',
  description: "Rows as JSON objects, as Flink's json writes them; also its smaller debezium-json shape.",
  options: jsonOptions,
  holds: ({ changelog }) => held[changelog],
  create: (values, context) => new JsonFormat(values, context),
})
