import { defineErrors, type ErrorEntry } from '@cdc/core'

/** What this store refuses. What the server or the network say has the codes of `@cdc/pg-replication`. */
export const errorCatalogue = {
  STATE_LOCKED: {
    kind: 'conflict',
    cause: 'Another process holds the lease of this pipeline’s state: the pipeline is already running.',
    cure: 'Stop the other process, or give this pipeline another name or another place for its state.',
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
  STATE_TABLE_MISSING: {
    kind: 'config',
    cause: 'The table for the state is not there, and this role may not create it.',
    cure: 'Let an administrator create the table; the error has the statements.',
  },
  STATE_TABLE_FOREIGN: {
    kind: 'config',
    cause: 'A table with the name of the state table is there, and has other columns.',
    cure: 'Name another table for the state.',
  },
  STATE_POOLED: {
    kind: 'config',
    cause:
      'The connection goes through a pooler, which hands the server’s session to others: a lease held in a session would not hold.',
    cure: 'Connect to the server itself: the address behind PgBouncer, RDS Proxy or the like.',
  },
  STATE_URL: {
    kind: 'config',
    cause: 'The URL of the state’s database cannot be read.',
    cure: 'Write it as postgresql://user:password@host:5432/database?sslmode=verify-full; escape special characters with %XX.',
  },
} as const satisfies Record<string, ErrorEntry>

export const stateError = defineErrors(errorCatalogue)
