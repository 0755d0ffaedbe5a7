import { defineErrors } from '@cdc/core'

// FILL IN: every way in which your system can fail. `kind` decides what follows: connection, throttled and rewind are
// tried again, all others stop the pipeline. Tell them apart by the codes of your system, never by texts; put no
// values of rows and no secrets into messages.
export const error = defineErrors({
  NEW_CONNECTOR_UNREACHABLE: {
    kind: 'connection',
    cause: 'What the source reads cannot be reached, or the connection was lost.',
    cure: 'See that it is there and can be read. The pipeline tries again by itself.',
  },
  NEW_CONNECTOR_POSITION: {
    kind: 'config',
    cause: 'The state of the pipeline holds a position that this source has not written.',
    cure: 'Give the pipeline the state that belongs to it, or start over with `cdc reset`.',
  },
  NEW_CONNECTOR_HISTORY_LOST: {
    kind: 'history-lost',
    cause: 'The position of the pipeline is beyond the end of what the source reads: it was replaced or cut off.',
    cure: 'Bring the former one back, or start over with `cdc reset`.',
  },
})
