import { defineOptions, type OptionValues, text } from '@cdc/core'

// FILL IN: what a user says about your system. From this come types, checks, editor support and the README's table.
// Mark passwords with `secret: true`, so that they are never shown.
export const options = defineOptions({
  path: text({ doc: 'The file to write to.', required: true, example: './changes.txt' }),
})

export type Values = OptionValues<typeof options.fields>
