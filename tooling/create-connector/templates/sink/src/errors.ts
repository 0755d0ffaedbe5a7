import { defineErrors } from '@cdc/core'

// FILL IN: every way in which your system can fail. `kind` decides what follows: connection, throttled and rewind are
// tried again, all others stop the pipeline. Tell them apart by the codes of your system, never by texts; put no
// values of rows and no secrets into messages.
export const error = defineErrors({
  NEW_CONNECTOR_UNREACHABLE: {
    kind: 'connection',
    cause: 'What the sink writes to cannot be reached, or the connection was lost.',
    cure: 'See that it is there. The pipeline tries again by itself.',
  },
  NEW_CONNECTOR_REFUSED: {
    kind: 'config',
    cause: 'What the sink writes to is there and refuses to be written.',
    cure: 'Look at the code in the message, and give the rights or the room that it needs.',
  },
})
