import { defineErrors } from '@cdc/core'

// FILL IN: every way in which a record can be wrong. Of the kind `data`, so that it can be tolerated and set aside. Put
// no values of rows into messages.
export const error = defineErrors({
  NEW_CONNECTOR_RECORD: {
    kind: 'data',
    cause: 'A record was read that this format has not written.',
    cure: 'See that the source reads what was written in this format.',
  },
  NEW_CONNECTOR_SHAPE: {
    kind: 'config',
    cause: 'A source reads records of this format and does not say what the rows look like.',
    cure: 'Give the source the columns of the table.',
  },
})
