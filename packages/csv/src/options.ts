import { choice, defineOptions, flag, type OptionRule, type OptionValues, text } from '@cdc/core'

const fields = {
  changelog: choice(['none', 'upsert'], {
    doc: "What is written down of changes. `none`: inserted rows only, as Flink's csv. `upsert`: rows and tombstones, by key, as Flink's upsert-kafka.",
    default: 'none',
  }),
  'field-delimiter': text({ doc: 'What stands between fields: one character, or `\\t`.', default: ',' }),
  'disable-quote-character': flag({ doc: 'Never put fields in quotes.', default: false }),
  'quote-character': text({ doc: 'What stands around fields that need it: one character.', default: '"' }),
  'allow-comments': flag({ doc: 'Reading: records that begin with `#` are left out.', default: false }),
  'ignore-parse-errors': flag({
    doc: 'Reading: a field that cannot be read is null, and a record that cannot be read is left out. Both are counted in the log.',
    default: false,
  }),
  'array-element-delimiter': text({ doc: 'What stands between the elements of an array.', default: ';' }),
  'escape-character': text({ doc: 'What stands before a character that is meant as it is: one character.' }),
  'null-literal': text({
    doc: 'The field that stands for null. Default: an empty one without quotes; an empty text is `""`.',
  }),
  'write-bigdecimal-in-scientific-notation': flag({
    doc: "Absent: decimals as stored (`10.50`). Flink's two ways lose trailing zeros: `true` (Flink's default) gives `10.5` and `1E+2`, `false` `10.5` and `100`.",
  }),
  'encode.truncate': choice(['skip', 'fail'], {
    doc: 'A TRUNCATE is left out and logged (Flink leaves it out), or an error.',
    default: 'skip',
  }),
}

/** A character as Flink lets it be written. */
const character = (written: string) => (written === '\\t' ? '\t' : written)

const single: OptionRule<typeof fields> = (values, problem) => {
  for (const name of ['field-delimiter', 'quote-character', 'escape-character'] as const) {
    const written = values[name]
    if (written !== undefined && character(written).length !== 1)
      problem(name, `Option '${name}' must be a single character.`)
  }
}

const apart: OptionRule<typeof fields> = (values, problem) => {
  if (values['field-delimiter'] !== undefined && values['field-delimiter'] === values['array-element-delimiter'])
    problem('array-element-delimiter', "Option 'array-element-delimiter' must not be the field delimiter.")
  if (values['disable-quote-character'] === false && values['field-delimiter'] === values['quote-character'])
    problem('quote-character', "Option 'quote-character' must not be the field delimiter.")
}

/** Every option of `csv`. */
export const csvOptions = defineOptions(fields, [single, apart])
export type CsvValues = OptionValues<typeof fields>

/** The characters that make a line. */
export interface Dialect {
  readonly delimiter: string
  /** undefined: fields are never quoted. */
  readonly quote: string | undefined
  readonly escaping: string | undefined
  /** What a null is written as. */
  readonly none: string
}

export function dialectOf(values: CsvValues): Dialect {
  const escaping = values['escape-character']
  return {
    delimiter: character(values['field-delimiter']),
    quote: values['disable-quote-character'] ? undefined : character(values['quote-character']),
    escaping: escaping === undefined ? undefined : character(escaping),
    none: values['null-literal'] ?? '',
  }
}
