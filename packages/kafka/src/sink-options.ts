import { choice, defineOptions, format, type OptionRule, text } from '@cdc/core'
import { refusedSinkOptions, sinkFields, sinkRules } from '@cdc/kafka-client'

const fields = {
  ...sinkFields,
  format: format({
    doc: 'How records are written: `debezium-json` or another changelog format for every kind of change, `json`, `avro`, `csv`, `raw` for inserted rows. Its own options stand beside it. The same as `value.format`.',
    example: 'debezium-json',
  }),
  'value.format': format({ doc: 'The same as `format`, for those who give a key format.', example: 'debezium-json' }),
  'key.format': format({
    doc: 'How the key is written, from `key.fields`. Left out: see `sink.key`.',
    example: 'json',
  }),
  'key.fields': text({ doc: 'The columns of the key, with `;` between them.', example: 'id;region' }),
  'key.fields-prefix': text({
    doc: "What the names of the key's columns begin with, and the fields of the key format do not. Needs `value.fields-include: EXCEPT_KEY`.",
    example: 'k_',
  }),
  'value.fields-include': choice(['ALL', 'EXCEPT_KEY'], {
    doc: 'Whether the columns of the key stand in the value too. `EXCEPT_KEY` only with formats of inserted rows.',
    default: 'ALL',
  }),
  'sink.key': choice(['format', 'none'], {
    doc: 'The key where `key.format` is left out. `format`: the one that the value format gives, of the primary key, so that the changes of a row keep their order. `none`: none, as in Flink.',
    default: 'format',
  }),
  'sink.partitioner': choice(['default', 'fixed', 'round-robin'], {
    doc: '`default`: by the hash of the key, as the Java client. `fixed`: all to the first partition. `round-robin`: those without a key in turn (see `sink.key`); not with `key.fields`.',
    default: 'default',
  }),
}

/** The columns that `key.fields` names. */
export function keyFields(written: string | undefined): readonly string[] {
  return (written ?? '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

const oneFormat: OptionRule<typeof fields> = (values, problem) => {
  const { format, 'value.format': value } = values
  if (format === undefined && value === undefined)
    problem('format', "One of 'format' and 'value.format' is needed: how records are written.")
  if (format !== undefined && value !== undefined)
    problem('format', "'format' and 'value.format' are the same; give one of them.")
}

const keys: OptionRule<typeof fields> = (values, problem) => {
  const names = keyFields(values['key.fields'])
  const prefix = values['key.fields-prefix']
  if (values['key.format'] === undefined && names.length > 0)
    problem('key.fields', "The option 'key.fields' can only be declared if a key format is defined using 'key.format'.")
  if (values['key.format'] !== undefined && names.length === 0)
    problem(
      'key.fields',
      "A key format 'key.format' requires the declaration of one or more of key fields using 'key.fields'.",
    )
  if (values['key.format'] !== undefined && values['key.format'].holds !== 'append')
    problem(
      'key.format',
      `A key format should only deal with INSERT-only records. But '${values['key.format'].name}' has other kinds.`,
    )
  if (prefix !== undefined && values['value.fields-include'] !== 'EXCEPT_KEY')
    problem(
      'key.fields-prefix',
      "A key prefix is not allowed when option 'value.fields-include' is set to 'ALL'. Set it to 'EXCEPT_KEY' instead to avoid field overlaps.",
    )
  const wrong = names.find((name) => prefix !== undefined && !name.startsWith(prefix))
  if (wrong !== undefined)
    problem(
      'key.fields',
      `All fields in 'key.fields' must be prefixed with '${prefix}' when option 'key.fields-prefix' is set but field '${wrong}' is not prefixed.`,
    )
}

const partitioner: OptionRule<typeof fields> = (values, problem) => {
  if (values['sink.key'] === 'none' && values['key.format'] !== undefined)
    problem('sink.key', "'sink.key: none' does not go with 'key.format', which writes keys.")
  if (values['sink.partitioner'] === 'round-robin' && values['key.fields'] !== undefined)
    problem(
      'sink.partitioner',
      "Currently 'round-robin' partitioner only works when option 'key.fields' is not specified.",
    )
}

const exceptKey: OptionRule<typeof fields> = (values, problem) => {
  if (values['value.fields-include'] !== 'EXCEPT_KEY') return
  const format = values['value.format'] ?? values.format
  if (values['key.format'] === undefined)
    problem('value.fields-include', "'value.fields-include: EXCEPT_KEY' needs 'key.format' and 'key.fields'.")
  else if (format !== undefined && format.holds !== 'append')
    problem(
      'value.fields-include',
      `'value.fields-include: EXCEPT_KEY' does not go with '${format.name}', whose events have whole rows.`,
    )
}

/** Flink's options of kafka (https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/kafka/), with ours besides. */
export const sinkOptions = defineOptions(fields, [...sinkRules, oneFormat, keys, partitioner, exceptKey], {
  ...refusedSinkOptions,
  'sink.buffer-flush.*': 'each change is a record of its own; `upsert-kafka` can reduce them by key',
})
