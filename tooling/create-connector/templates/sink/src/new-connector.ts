import { defineSink } from '@cdc/core'
import { options } from './options.ts'
import { Writer } from './writer.ts'

/** FILL IN: one sentence for whoever looks for this connector. */
export const newConnector = defineSink({
  name: 'new-connector',
  description: 'Writes changes down as lines of a file.',
  options,
  // FILL IN: what it can do, honestly: pipelines are judged by it. `remembers: true` makes it exactly once; then
  // `flush(position)` makes rows and position durable in one step, and `position()` gives it back
  capabilities: { accepts: 'retract' },
  create: (values) => new Writer(values),
})
