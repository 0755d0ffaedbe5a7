import type { ErrorEntry } from '@cdc/core'

/** What statements may meet. */
export const statementErrors = {
  TABLE_NOT_FOUND: {
    kind: 'config',
    cause: 'A table is not there (42P01), or was dropped meanwhile.',
    cure: 'Check schema and name; names are case sensitive here.',
  },
  COLUMN_NOT_FOUND: {
    kind: 'rewind',
    cause: 'A column is not there (42703): dropped or renamed meanwhile.',
    cure: 'Nothing, when somebody is altering the table: it is read again.',
  },
  SCHEMA_NOT_FOUND: {
    kind: 'config',
    cause: 'A schema is not there (3F000).',
    cure: 'Check the schema name; names are case sensitive here.',
  },
  SERIALIZATION_FAILURE: {
    kind: 'rewind',
    cause: 'The server asks to repeat the transaction (40001); on a standby: a conflict with recovery.',
    cure: 'Nothing, when it happens now and then.',
  },
  DEADLOCK: {
    kind: 'rewind',
    cause: 'Two transactions waited for each other, and ours was ended (40P01).',
    cure: 'Nothing, when it happens now and then.',
  },
  LOCK_TIMEOUT: {
    kind: 'throttled',
    cause: 'A lock was not free in time (55P03).',
    cure: 'Look for long transactions: SELECT pid, state, xact_start, query FROM pg_stat_activity ORDER BY xact_start;',
  },
  DISK_FULL: {
    kind: 'throttled',
    cause: "The server's disk is full (53100).",
    cure: 'Make room. Slots that nobody reads hold log back: SELECT slot_name, restart_lsn FROM pg_replication_slots;',
  },
  SERVER_OUT_OF_RESOURCES: {
    kind: 'throttled',
    cause: 'The server lacks memory or another resource (class 53), or a limit of its own was hit (class 54).',
    cure: "Look into the server's log.",
  },
  READ_ONLY: {
    kind: 'config',
    cause: 'The server or the transaction is read only (25006): a standby?',
    cure: 'Connect to the primary.',
  },
  SNAPSHOT_GONE: {
    kind: 'rewind',
    cause:
      'The exported snapshot cannot be imported: the connection that exported it has ended, or a pooler led us to another server.',
    cure: 'Nothing: the snapshot is taken anew. Connect without a pooler if it happens again.',
  },
  FEATURE_UNSUPPORTED: {
    kind: 'config',
    cause: 'The server does not support what we asked for (0A000).',
    cure: "See the server's message; the version may be too old, or the server a relative of PostgreSQL.",
  },
  DATA_CORRUPTED: {
    kind: 'data',
    cause: 'The server found damaged data or a damaged index (XX001, XX002).',
    cure: "Look into the server's log and restore what is damaged.",
  },
  SERVER_ERROR: {
    kind: 'rewind',
    cause: 'The server reported an error that is not in our table.',
    cure: "Look into the server's log at this time.",
  },
  DATA_REFUSED: {
    kind: 'data',
    cause:
      'The server could not work with a value (class 22) or a constraint refused it (class 23). The value itself is never shown.',
    cure: "Look into the server's log.",
  },
} as const satisfies Record<string, ErrorEntry>
