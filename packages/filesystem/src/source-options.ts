import { choice, defineOptions, duration, format, type OptionRule, option, size, text } from '@cdc/core'
import { schemaType, tableNameType } from '@cdc/flink-schema'
import { z } from 'zod'

const pattern = z.string().superRefine((value, context) => {
  try {
    new RegExp(`^(?:${value})$`, 'u')
  } catch {
    context.addIssue({ code: 'custom', message: 'is no regular expression' })
  }
})

const fields = {
  path: text({
    doc: 'A file, or a folder: every file in it and in the folders below it, less those whose names begin with `.` or `_`. Names that end in .gz and .zst are unpacked.',
    required: true,
    example: '/var/lib/cdc/out',
  }),
  format: format({
    doc: 'How records are read: `debezium-json`, `json`, or the format of a plug-in. Its own options stand beside it, under its name.',
    required: true,
    example: 'debezium-json',
  }),
  schema: option(
    schemaType,
    {
      doc: 'The columns of the rows, as between the brackets of Flink’s CREATE TABLE, or a map from column to type. Needed where the format cannot tell them.',
      example: 'id BIGINT, name STRING, PRIMARY KEY (id)',
    },
    'String or map',
  ),
  'table-name': text(
    {
      doc: 'With `schema`: what the rows are called, `schema.table` or `table` (then in `public`).',
      default: 'public.files',
    },
    tableNameType,
  ),
  'source.line': choice(['value', 'record'], {
    doc: 'What a line holds: a record’s value, or `{"key": ..., "value": ..., "headers": ...}`.',
    default: 'value',
  }),
  'source.monitor-interval': duration(
    {
      doc: 'Given: the source goes on for ever and looks for new files and lines this often. Not given: it reads what is there and ends.',
      example: '1 s',
    },
    { min: 1 },
  ),
  'source.path.regex-pattern': text(
    {
      doc: 'Only files whose absolute path matches this regular expression wholly.',
      example: '/data/.*/items-.*[.]jsonl',
    },
    pattern,
  ),
  'source.max-line-length': size({ doc: 'A longer line is an error.', default: '16MB' }),
  'errors.tolerance': choice(['none', 'all'], {
    doc: '`all`: lines that cannot be read are left out, counted, logged, and kept in `errors.dead-letter-file`.',
    default: 'none',
  }),
  'errors.dead-letter-file': text({
    doc: 'Where lines that cannot be read are kept, with their place and the code of the error. Needed with `errors.tolerance: all`.',
    example: '/var/lib/cdc/unreadable.jsonl',
  }),
}

const kept: OptionRule<typeof fields> = (values, problem) => {
  if (values['errors.tolerance'] === 'all' && values['errors.dead-letter-file'] === undefined)
    problem(
      'errors.tolerance',
      "Option 'errors.tolerance: all' needs 'errors.dead-letter-file', where lines that cannot be read are kept.",
      'Add: errors.dead-letter-file: /var/lib/cdc/unreadable.jsonl',
    )
}

/** Flink's options of reading files, with ours besides. */
export const sourceOptions = defineOptions(fields, [kept])
