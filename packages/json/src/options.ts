import { choice, defineOptions, flag, type OptionValues, text } from '@cdc/core'

/** Every option of `json`. */
export const jsonOptions = defineOptions(
  {
    changelog: choice(['none', 'upsert', 'debezium'], {
      doc: "What is written down of changes. `none`: inserted rows only, as Flink's json. `upsert`: rows and tombstones, by key. `debezium`: before, after and op, as Flink's debezium-json.",
      default: 'none',
    }),
    'fail-on-missing-field': flag({
      doc: 'Reading: a column that is not in the object is an error.',
      default: false,
    }),
    'ignore-parse-errors': flag({
      doc: 'Reading: a field that cannot be read is null, and a record that cannot be read is left out. Both are counted in the log.',
      default: false,
    }),
    'timestamp-format.standard': choice(['SQL', 'ISO-8601'], {
      doc: 'How timestamps are written: `2024-02-29 10:34:56.789` or with a `T`. With a time zone they are in UTC and end with `Z`. Both are read.',
      default: 'SQL',
    }),
    'encode.decimal-as-plain-number': flag({
      doc: "Absent: decimals as stored (`10.50`). Flink's two ways lose trailing zeros: `true` gives `10.5` and `100`, `false` (Flink's default) `10.5` and `1E+2`.",
    }),
    'encode.ignore-null-fields': flag({
      doc: 'Nulls are not written. Reading: a column that is not in the object is null.',
      default: false,
    }),
    'encode.embedded-json': flag({
      doc: 'Columns of type json are part of the document instead of a string, when written and when read.',
      default: false,
    }),
    'encode.split-updates': flag({
      doc: 'With `changelog: debezium`: an update is a `d` and a `c`, as Flink writes it, instead of one `u`.',
      default: false,
    }),
    'encode.truncate': choice(['skip', 'fail', 'write'], {
      doc: 'A TRUNCATE is left out and logged (Flink leaves it out), an error, or (`changelog: debezium`) a record of op `t`, which Flink cannot read.',
      default: 'skip',
    }),
    'schema-include': flag({
      doc: 'With `changelog: debezium`, reading: records are `{"schema": ..., "payload": ...}`. Cannot be written.',
      default: false,
    }),
    'map-null-key.mode': choice(['FAIL', 'DROP', 'LITERAL'], {
      doc: 'Taken and not needed: there are no columns of type MAP.',
      default: 'FAIL',
    }),
    'map-null-key.literal': text({ doc: 'Taken and not needed, as above.', default: 'null' }),
    'decode.json-parser.enabled': flag({
      doc: "Flink's choice between its two parsers. Taken and not needed: there is one.",
      default: true,
    }),
  },
  [
    (values, problem) => {
      if (values['fail-on-missing-field'] === true && values['ignore-parse-errors'] === true)
        problem('fail-on-missing-field', "fail-on-missing-field and ignore-parse-errors shouldn't both be true.")
    },
    (values, problem) => {
      if (values.changelog === 'debezium' || values.changelog === undefined) return
      const hint = 'Set changelog: debezium.'
      for (const name of ['encode.split-updates', 'schema-include'] as const)
        if (values[name] === true) problem(name, `Option '${name}' belongs to the debezium shape.`, hint)
      if (values['encode.truncate'] === 'write')
        problem('encode.truncate', 'Only the debezium shape can write a TRUNCATE down.', hint)
    },
  ],
)

export type JsonValues = OptionValues<typeof jsonOptions.fields>
