import { defineOptions, format, type OptionRule } from '@cdc/core'
import { sourceFields, sourceRules } from '@cdc/kafka-client'

const fields = {
  ...sourceFields,
  'key.format': format({
    doc: 'How keys are read: a format of rows such as `json`, `avro-confluent`, `csv`, `raw`. Its own options stand beside it, after `key.`.',
    required: true,
    example: 'json',
  }),
  'value.format': format({
    doc: 'How values are read, in the same way. A record without a value says that the row of its key is gone.',
    required: true,
    example: 'json',
  }),
}

const primaryKey: OptionRule<typeof fields> = (values, problem) => {
  if (values.schema !== undefined && values.schema.key.length > 0) return
  problem(
    'schema',
    "'upsert-kafka' tables require to define a PRIMARY KEY constraint. The PRIMARY KEY specifies which columns should be read from or write to the Kafka message key. The PRIMARY KEY also defines records in the 'upsert-kafka' table should update or delete on which keys.",
    'Add: schema: id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED',
  )
}

const insertOnly: OptionRule<typeof fields> = (values, problem) => {
  for (const part of ['key', 'value'] as const) {
    const format = values[`${part}.format`]
    if (format === undefined || format.holds === 'append') continue
    problem(
      `${part}.format`,
      `'upsert-kafka' connector doesn't support '${format.name}' as ${part} format, because '${format.name}' is not in insert-only mode.`,
    )
  }
}

const prefixed: OptionRule<typeof fields> = (values, problem) => {
  const prefix = values['key.fields-prefix'] ?? ''
  const names = (values.schema?.key ?? []).map((at) => values.schema!.columns[at]!.name)
  const wrong = names.find((name) => !name.startsWith(prefix))
  if (wrong === undefined) return
  problem(
    'key.fields-prefix',
    `All fields in 'key.fields' must be prefixed with '${prefix}' when option 'key.fields-prefix' is set but field '${wrong}' is not prefixed.`,
  )
}

/** Flink's options of upsert-kafka (https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/upsert-kafka/), with ours besides. */
export const sourceOptions = defineOptions(fields, [...sourceRules, primaryKey, insertOnly, prefixed])
