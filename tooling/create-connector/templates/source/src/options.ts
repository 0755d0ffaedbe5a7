import { defineOptions, duration, flag, type OptionValues, text } from '@cdc/core'

// FILL IN: what a user says about your system. From this come types, checks, editor support and the README's table.
// Mark passwords with `secret: true`, so that they are never shown.
export const options = defineOptions({
  path: text({ doc: 'The file to read.', required: true, example: './events.txt' }),
  follow: flag({ doc: 'Go on when the end is reached; else the pipeline ends there.', default: true }),
  'poll-interval': duration({ doc: 'How long to wait before looking for more.', default: '1s' }, { min: 1 }),
})

export type Values = OptionValues<typeof options.fields>
