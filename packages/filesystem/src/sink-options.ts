import { choice, defineOptions, duration, format, integer, type OptionRule, size, text } from '@cdc/core'
import { z } from 'zod'
import { FilePattern, patternFault } from './file-pattern.ts'

const pattern = z.string().superRefine((value, context) => {
  const message = patternFault(value)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
})

const fields = {
  path: text({
    doc: 'The folder that the files are written to. Made when it is missing and the one above it is there.',
    required: true,
    example: '/var/lib/cdc/out',
  }),
  format: format({
    doc: 'How records are written down: `debezium-json`, `json`, or the format of a plug-in. Its own options stand beside it, under its name.',
    required: true,
    example: 'debezium-json',
  }),
  'sink.file-name': text(
    {
      doc: 'The names of the files, which may lie in folders: `${database}`, `${schema}`, `${table}`; `${sequence}`, a number that rises; `${date}` and `${hour}` of the commit in UTC. Without `${table}` all tables share a file; without `${sequence}` a file is written on for ever and never rolled.',
      default: '${schema}.${table}-${sequence}.jsonl',
    },
    pattern,
  ),
  'sink.line': choice(['value', 'record'], {
    doc: 'What of a record stands in a line: its value (tombstones and keys are left out), or `{"key": ..., "value": ..., "headers": ...}`.',
    default: 'value',
  }),
  'sink.compression': choice(['none', 'gzip', 'zstd'], {
    doc: 'How files are compressed; their names end in `.gz` or `.zst`. Each piece that is written is a member (frame) of its own.',
    default: 'none',
  }),
  'sink.compression-level': integer({ doc: 'gzip: 1 to 9, default 4. zstd: 1 to 19, default 3.' }, { min: 1, max: 19 }),
  'sink.rolling-policy.file-size': size({
    doc: 'A file is finished when it has about this size.',
    default: '128MB',
  }),
  'sink.rolling-policy.rollover-interval': duration(
    { doc: 'A file is finished this long after it was begun.', default: '30 min' },
    { min: 1 },
  ),
  'sink.rolling-policy.inactivity-interval': duration(
    { doc: 'A file is finished when nothing was added to it for this long.', default: '30 min' },
    { min: 1 },
  ),
  'sink.rolling-policy.check-interval': duration(
    { doc: 'How often both times are looked at while nothing else happens.', default: '1 min' },
    { min: 10 },
  ),
  'sink.max-open-files': integer(
    { doc: 'How many files are held open; others are opened again when lines come for them.', default: 128 },
    { min: 1 },
  ),
  'sink.parallelism': integer({ doc: 'Only 1: one writer keeps the order of the source.' }, { min: 1, max: 1 }),
}

const levels: OptionRule<typeof fields> = (values, problem) => {
  const [compression, level] = [values['sink.compression'], values['sink.compression-level']]
  if (level === undefined || compression === undefined) return
  if (compression === 'none')
    problem('sink.compression-level', "Option 'sink.compression-level' needs 'sink.compression'.")
  if (compression === 'gzip' && level > 9)
    problem('sink.compression-level', "Option 'sink.compression-level' is from 1 to 9 for gzip.")
}

const minimum: OptionRule<typeof fields> = (values, problem) => {
  const bytes = values['sink.rolling-policy.file-size']
  if (bytes !== undefined && bytes < 1)
    problem('sink.rolling-policy.file-size', "Option 'sink.rolling-policy.file-size' must be at least 1 byte.")
}

/** Flink's options of the filesystem connector, with ours besides: https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/filesystem/ */
export const sinkOptions = defineOptions(fields, [levels, minimum])

/** The pattern of the names, the ending of the compression included. */
export function namesOf(pattern: string, ending: string): FilePattern {
  return new FilePattern(pattern + ending)
}
