import { defineErrors } from '@cdc/core'

/** The errors of the memory source, the memory sink and the suites. */
export const testkitError = defineErrors({
  TESTKIT_CALLER: {
    kind: 'bug',
    cause:
      'Who drives the memory source or sink broke the contract: overlapping calls, a flush in an open transaction.',
    cure: 'Mend the caller; the message names the rule.',
  },
  TESTKIT_FAULT: {
    kind: 'bug',
    cause: 'A test asked for this failure.',
    cure: 'Nothing: it is part of the test.',
  },
  MEMORY_HISTORY_LOST: {
    kind: 'history-lost',
    cause: 'The memory database has freed the log after this position, or is another database.',
    cure: 'Start over with an empty sink.',
  },
  MEMORY_POSITION_INVALID: {
    kind: 'data',
    cause: 'The text is no position of the memory source.',
    cure: 'Start over, or find out who wrote it.',
  },
  MEMORY_KEYLESS: {
    kind: 'config',
    cause: 'The table has no primary key and this sink refuses such tables.',
    cure: 'Give the table a key, or let the sink append.',
  },
  MEMORY_NOT_ACCEPTED: {
    kind: 'config',
    cause: 'The sink was made to accept less than this change.',
    cure: "Feed it what its 'accepts' says.",
  },
  MEMORY_PARTIAL_ROW: {
    kind: 'data',
    cause: 'The sink was made to need whole rows and a cell is not there.',
    cure: 'Complete the row before it is written.',
  },
  MEMORY_CONFLICT: {
    kind: 'conflict',
    cause: 'Another instance has written to this memory store since this one last did.',
    cure: 'Stop one of the two.',
  },
  MEMORY_LOST_CONNECTION: {
    kind: 'connection',
    cause: 'The test cut the connection.',
    cure: 'Nothing: it is part of the test.',
  },
  MEMORY_DECODE: {
    kind: 'data',
    cause: 'The bytes are no record of the memory format.',
    cure: 'Find out who wrote the record.',
  },
})
