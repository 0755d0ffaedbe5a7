import { defineErrors, type ErrorEntry } from '@cdc/core'

export const errorCatalogue = {
  DATAGEN_POSITION: {
    kind: 'history-lost',
    cause: 'The saved position is not one of the datagen source, or a newer version wrote it.',
    cure: 'Check that the state belongs to this pipeline; `cdc reset` starts the rows from the first again.',
  },
} as const satisfies Record<string, ErrorEntry>

export const datagenError = defineErrors(errorCatalogue)
