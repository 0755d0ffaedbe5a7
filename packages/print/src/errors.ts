import { defineErrors, type ErrorEntry } from '@cdc/core'

export const errorCatalogue = {
  PRINT_FAILED: {
    kind: 'config',
    cause: 'What the lines are printed to was closed (a pipe whose reader has ended) or cannot be written.',
    cure: 'Keep the reader of the pipe running, or redirect the output to a file on a disk with room.',
  },
} as const satisfies Record<string, ErrorEntry>

export const printError = defineErrors(errorCatalogue)
