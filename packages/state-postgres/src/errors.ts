import { defineErrors, type ErrorEntry, stateErrorEntries } from '@cdc/core'

/** What this store refuses. What the server or the network say has the codes of `@cdc/pg-replication`. */
export const errorCatalogue = {
  ...stateErrorEntries,
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
