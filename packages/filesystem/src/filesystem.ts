import { defineSink, type OptionValues } from '@cdc/core'
import { endings, packer } from './compression.ts'
import { FilesystemSink } from './sink.ts'
import { sinkAdmin } from './sink-admin.ts'
import { namesOf, sinkOptions } from './sink-options.ts'

/** The filesystem sink: lines of any format in files, exactly once. */
export const filesystem = defineSink({
  name: 'filesystem',
  description: 'Writes records of any format as lines of files, exactly once: rolled, compressed, named by a pattern.',
  options: sinkOptions,
  capabilities: ({ format }) => ({
    accepts: format.holds,
    remembers: true,
    shared: 'apart',
    atomicTables: true,
    keyless: 'append',
    rejects: true,
    takes: format.takes ?? [],
  }),
  create: (options, context) => new FilesystemSink(specOf(options), context),
  admin: (options, context) => sinkAdmin(specOf(options), context),
})

export type SinkSpec = ReturnType<typeof specOf>

function specOf(options: OptionValues<typeof sinkOptions.fields>) {
  const compression = options['sink.compression']
  return {
    folder: options.path,
    format: options.format,
    line: options['sink.line'],
    names: namesOf(options['sink.file-name'], endings[compression]),
    packer: () => packer(compression, options['sink.compression-level']),
    mostOpen: options['sink.max-open-files'],
    checkInterval: options['sink.rolling-policy.check-interval'],
    rolling: {
      size: options['sink.rolling-policy.file-size'],
      age: options['sink.rolling-policy.rollover-interval'],
      idle: options['sink.rolling-policy.inactivity-interval'],
    },
  }
}
