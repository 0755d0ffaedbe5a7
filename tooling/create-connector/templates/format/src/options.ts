import { defineOptions } from '@cdc/core'

// FILL IN: what a user may choose. From this come types, checks, editor support and the README's table:
//   pretty: flag({ doc: 'Write it for people.', default: false }),
export const options = defineOptions({})
