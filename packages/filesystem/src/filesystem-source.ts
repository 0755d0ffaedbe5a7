import { defineSource, type OptionValues } from '@cdc/core'
import { tableOf } from '@cdc/flink-schema'
import { filePositions } from './file-position.ts'
import { FilesystemSource } from './source.ts'
import { sourceAdmin } from './source-admin.ts'
import { sourceOptions } from './source-options.ts'

/** The filesystem source: reads lines of any format back from files, once or for ever. */
export const filesystemSource = defineSource({
  name: 'filesystem',
  description: 'Reads records of any format from lines of files: those that are there, or also those that come.',
  options: sourceOptions,
  emits: ({ format }) => format.holds,
  positions: filePositions,
  create: (options, context) => new FilesystemSource(specOf(options), context),
  admin: (options, context) => sourceAdmin(specOf(options), context),
})

export type SourceSpec = ReturnType<typeof specOf>

function specOf(options: OptionValues<typeof sourceOptions.fields>) {
  const pattern = options['source.path.regex-pattern']
  return {
    path: options.path,
    format: options.format,
    line: options['source.line'],
    table: options.schema === undefined ? undefined : tableOf(options['table-name'], options.schema),
    matching: pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`, 'u'),
    interval: options['source.monitor-interval'],
    longest: options['source.max-line-length'],
    deadLetters: options['errors.tolerance'] === 'all' ? options['errors.dead-letter-file'] : undefined,
  }
}
