import { choice, defineOptions, duration, format, integer, type OptionRule, text } from '@cdc/core'
import { refusedSinkOptions, sinkFields, sinkRules } from '@cdc/kafka-client'

const fields = {
  ...sinkFields,
  'key.format': format({
    doc: 'How the key is written: the columns of the primary key as a row. Its own options stand beside it: `key.json...`.',
    required: true,
    example: 'json',
  }),
  'value.format': format({
    doc: 'How the value is written: the row. Its own options stand beside it: `value.json...`.',
    required: true,
    example: 'json',
  }),
  'key.fields-prefix': text({
    doc: "What the names of the key's columns begin with, and the fields of the key format do not. Needs `value.fields-include: EXCEPT_KEY`.",
    example: 'k_',
  }),
  'value.fields-include': choice(['ALL', 'EXCEPT_KEY'], {
    doc: 'Whether the columns of the key stand in the value too.',
    default: 'ALL',
  }),
  'sink.buffer-flush.max-rows': integer(
    {
      doc: 'Records of one key that are held together are reduced to the last; held are at most so many. 0: every change is sent. Goes with the interval.',
      default: 0,
    },
    { min: 0 },
  ),
  'sink.buffer-flush.interval': duration({
    doc: 'What is held is sent after this time, and always before a position is saved. 0: off.',
    default: 0,
  }),
}

const together: OptionRule<typeof fields> = (values, problem) => {
  const rows = values['sink.buffer-flush.max-rows'] ?? 0
  const interval = values['sink.buffer-flush.interval'] ?? 0
  if (rows > 0 === interval > 0) return
  problem(
    rows > 0 ? 'sink.buffer-flush.interval' : 'sink.buffer-flush.max-rows',
    "'sink.buffer-flush.max-rows' and 'sink.buffer-flush.interval' must be set to be greater than zero together to enable sink buffer flushing.",
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

const noOverlap: OptionRule<typeof fields> = (values, problem) => {
  if (values['key.fields-prefix'] === undefined || values['value.fields-include'] === 'EXCEPT_KEY') return
  problem(
    'key.fields-prefix',
    "A key prefix is not allowed when option 'value.fields-include' is set to 'ALL'. Set it to 'EXCEPT_KEY' instead to avoid field overlaps.",
  )
}

/** Flink's options of upsert-kafka (https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/upsert-kafka/), with ours besides. */
export const sinkOptions = defineOptions(fields, [...sinkRules, together, insertOnly, noOverlap], {
  ...refusedSinkOptions,
  'key.fields': 'the key is the primary key of the table; connector `kafka` has other keys',
  format: 'write `key.format` and `value.format`',
  'sink.partitioner': 'a key decides its partition, else the last of its rows would not be known',
})
