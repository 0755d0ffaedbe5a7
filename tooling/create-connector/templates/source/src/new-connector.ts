import { defineSource } from '@cdc/core'
import { options } from './options.ts'
import { positions } from './position.ts'
import { Reader } from './reader.ts'

/** FILL IN: one sentence for whoever looks for this connector. */
export const newConnector = defineSource({
  name: 'new-connector',
  description: 'Reads the lines of a file.',
  options,
  // FILL IN: 'append' (inserts only), 'upsert' (changes by key) or 'retract' (with whole old rows); docs/01-changelog.md
  emits: () => 'append',
  positions,
  create: (values, context) => new Reader(values, context),
})
