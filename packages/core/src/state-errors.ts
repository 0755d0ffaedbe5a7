import type { ErrorEntry } from './errors.ts'

/** The errors of the contract of `StateStore`: every store has them among its own. */
export const stateErrorEntries = {
  STATE_LOCKED: {
    kind: 'conflict',
    cause: 'Another process holds the lease of this pipeline’s state: the pipeline is already running.',
    cure: 'Stop the other process, or give this pipeline another name or another place for its state. Processes that share a Kafka topic (scan.assignment: group) need a state each.',
  },
  STATE_CONFLICT: {
    kind: 'conflict',
    cause:
      'The lease was taken away, or somebody else saved state, while this process was running. Nothing was written over it.',
    cure: 'Find the other process that runs this pipeline and stop one of the two. Then start again.',
  },
  STATE_CORRUPT: {
    kind: 'history-lost',
    cause: 'The saved state does not match its checksum, and no intact earlier generation is there.',
    cure: 'Restore the state from a backup. Without one: `cdc reset` starts over with a new snapshot. Then check the disk.',
  },
  STATE_NEWER: {
    kind: 'config',
    cause: 'The state was written by a newer version of this program, whose format this one cannot read.',
    cure: 'Run the newer version again. To go back for good: `cdc reset` with this version, which takes a new snapshot.',
  },
  STATE_NOT_OPEN: {
    kind: 'bug',
    cause: 'A state store was used before `open` or after `close`.',
    cure: 'Report this: it is a mistake in the program that uses the store.',
  },
} as const satisfies Record<string, ErrorEntry>
