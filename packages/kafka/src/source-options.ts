import { defineOptions, format, type OptionRule, text } from '@cdc/core'
import {
  groupRule,
  listOf,
  sourceFields,
  sourceRules,
  startupFields,
  startupRule,
  tableNameOf,
} from '@cdc/kafka-client'

const fields = {
  ...sourceFields,
  format: format({
    doc: 'How records are read: `debezium-json`, `debezium-avro-confluent` or another changelog format for every kind of change, `json`, `avro-confluent`, `csv`, `raw` for inserted rows. Its own options stand beside it. The same as `value.format`.',
    example: 'debezium-json',
  }),
  'value.format': format({ doc: 'The same as `format`, for those who give a key format.', example: 'json' }),
  'key.format': format({ doc: 'How the columns in `key.fields` are read from keys.', example: 'json' }),
  'key.fields': text({
    doc: 'The columns that are read from keys, with `;` between them, in the order that the key has them.',
    example: 'id;region',
  }),
  ...startupFields,
}

const oneFormat: OptionRule<typeof fields> = (values, problem) => {
  const { format, 'value.format': value } = values
  if (format === undefined && value === undefined)
    problem('format', "One of 'format' and 'value.format' is needed: how records are read.")
  if (format !== undefined && value !== undefined)
    problem('format', "'format' and 'value.format' are the same; give one of them.")
}

const keys: OptionRule<typeof fields> = (values, problem) => {
  const names = listOf(values['key.fields'])
  const format = values['key.format']
  if (format === undefined && names.length > 0)
    problem('key.fields', "The option 'key.fields' can only be declared if a key format is defined using 'key.format'.")
  if (format === undefined) return
  if (names.length === 0)
    problem(
      'key.fields',
      "A key format 'key.format' requires the declaration of one or more of key fields using 'key.fields'.",
    )
  if (format.holds !== 'append')
    problem(
      'key.format',
      `A key format should only deal with INSERT-only records. But '${format.name}' has other kinds.`,
    )
  if (values.schema === undefined) problem('schema', "Option 'key.format' needs 'schema': the columns of the key.")
}

const keyColumns: OptionRule<typeof fields> = (values, problem) => {
  const names = listOf(values['key.fields'])
  const prefix = values['key.fields-prefix'] ?? ''
  const physical = (values.schema?.columns ?? []).filter(({ metadata }) => metadata === undefined)
  for (const field of values.schema === undefined ? [] : names) {
    if (!physical.some(({ name }) => name === field))
      problem(
        'key.fields',
        `Could not find the field '${field}' in the table schema for usage in the key format. A key field must be a regular, physical column. The following columns can be selected in the 'key.fields' option:\n[${physical.map(({ name }) => name).join(', ')}]`,
      )
  }
  const wrong = names.find((name) => !name.startsWith(prefix))
  if (wrong !== undefined)
    problem(
      'key.fields',
      `All fields in 'key.fields' must be prefixed with '${prefix}' when option 'key.fields-prefix' is set but field '${wrong}' is not prefixed.`,
    )
}

const exceptKey: OptionRule<typeof fields> = (values, problem) => {
  if (values['value.fields-include'] === 'EXCEPT_KEY' && values['key.format'] === undefined)
    problem('value.fields-include', "'value.fields-include: EXCEPT_KEY' needs 'key.format' and 'key.fields'.")
}

const primaryKey: OptionRule<typeof fields> = (values, problem) => {
  const format = values['value.format'] ?? values.format
  if (format?.holds !== 'append' || (values.schema?.key.length ?? 0) === 0) return
  problem(
    'schema',
    `The Kafka table '${tableNameOf(values)}' with '${format.name}' format doesn't support defining PRIMARY KEY constraint on the table, because it can't guarantee the semantic of primary key.`,
    'For topics that hold the last row of each key: connector upsert-kafka.',
  )
}

const typesUnknown: OptionRule<typeof fields> = (values, problem) => {
  const format = values['value.format'] ?? values.format
  if (format?.holds !== 'append' || values.schema !== undefined) return
  problem('schema', `Option 'schema' is needed: '${format.name}' does not tell what its rows look like.`)
}

/** Flink's options of kafka (https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/kafka/), with ours besides. */
export const sourceOptions = defineOptions(fields, [
  ...sourceRules,
  startupRule,
  groupRule,
  oneFormat,
  keys,
  keyColumns,
  exceptKey,
  primaryKey,
  typesUnknown,
])
