import { defineErrors, type ErrorEntry } from '@cdc/core'

/** Every error of this package, for the docs. */
export const errorCatalogue = {
  TARGET_UNREACHABLE: {
    kind: 'connection',
    cause: 'The target did not answer: wrong host or port, server down, or a firewall.',
    cure: 'Check host and port of `url`, and that the server listens there.',
  },
  TARGET_CONNECTION_LOST: {
    kind: 'rewind',
    cause: 'The connection to the target ended in the middle of work. What was not committed is gone.',
    cure: 'Nothing: the pipeline connects again and goes on from what the target holds. See the log of the target if it repeats.',
  },
  TARGET_SILENT: {
    kind: 'connection',
    cause: 'The target has not answered for longer than `socketTimeout` in `url` allows.',
    cure: 'Nothing, when the network was down: the pipeline connects again. For statements that take longer raise it, or leave it out: then `pipeline.stall-timeout` alone counts.',
  },
  TARGET_PROTOCOL: {
    kind: 'connection',
    cause: "What came from the target is none of PostgreSQL's messages: another kind of server, or damage on the way.",
    cure: 'Check host and port of `url`. If it happens now and then, look into what stands between (proxies, TLS).',
  },
  COMMIT_UNKNOWN: {
    kind: 'rewind',
    cause: 'The connection ended after COMMIT was sent and before its answer came, so it may or may not have happened.',
    cure: 'Nothing: the position row in the target tells after reconnecting, and nothing is lost or written twice.',
  },
  TARGET_SHUTDOWN: {
    kind: 'connection',
    cause: 'The target is shutting down, starting up, or an administrator ended the session.',
    cure: 'Nothing: the pipeline connects again with growing pauses.',
  },
  TARGET_READ_ONLY: {
    kind: 'connection',
    cause: 'The target takes no writes: it is a standby, or became one in a failover.',
    cure: 'Point `url` at the primary, or list all hosts in it (`//a:5432,b:5432/db`): the first that takes writes is used.',
  },
  TARGET_BUSY: {
    kind: 'throttled',
    cause: 'The target is out of connections, memory or disk, or a lock was not given in time.',
    cure: 'Free the resource at the target. The pipeline tries again with growing pauses.',
  },
  TARGET_RETRY: {
    kind: 'rewind',
    cause: 'The target ended the transaction for the sake of another one: a deadlock or a serialization failure.',
    cure: 'Nothing: it is tried again. If it repeats, look for other writers of the same tables.',
  },
  TARGET_AUTH: {
    kind: 'auth',
    cause: 'The target refuses the user, the password, or a connection from here (pg_hba.conf).',
    cure: 'Check `username` and `password`, and the rules in pg_hba.conf of the target.',
  },
  TARGET_DATABASE_MISSING: {
    kind: 'config',
    cause: 'The database named in `url` is not on the server.',
    cure: 'Create it, or correct `url`.',
  },
  TARGET_TOO_OLD: {
    kind: 'config',
    cause: 'The target is older than PostgreSQL 10.',
    cure: 'Use a target of version 10 or later.',
  },
  TLS_REFUSED: {
    kind: 'config',
    cause: 'The server speaks no TLS, and sslmode asks for it.',
    cure: 'Switch TLS on at the server, or write sslmode=prefer or sslmode=disable into `url` if the network is trusted.',
  },
  TLS_UNTRUSTED: {
    kind: 'config',
    cause: 'The certificate of the server does not prove who it is: unknown authority, other host name, or expired.',
    cure: 'Name the authority with sslrootcert=/path/ca.pem in `url`; or, if the network is trusted, sslmode=require, which encrypts and does not check.',
  },
  TLS_FAILED: {
    kind: 'connection',
    cause: 'The TLS handshake broke off: the connection was lost, or there is no common version or cipher.',
    cure: "Where it repeats, look into the server's log; check ssl_min_protocol_version and ssl_ciphers.",
  },
  TLS_FILE: {
    kind: 'config',
    cause: 'A certificate or key file cannot be read or used.',
    cure: 'Check the path, its permissions and the password of the key.',
  },
  TABLE_MISSING: {
    kind: 'config',
    cause: 'The target has no such table, and `sink.create-tables` is `never`.',
    cure: 'Create the table, or set sink.create-tables: auto.',
  },
  TABLE_UNUSABLE: {
    kind: 'config',
    cause: 'The target of this name is no table that rows can be written into.',
    cure: 'Choose another `table-name`.',
  },
  COLUMN_MISSING: {
    kind: 'config',
    cause: 'The target table lacks a column of the source, and `sink.schema-evolution` is `none`.',
    cure: 'Add the column at the target.',
  },
  COLUMN_EXTRA: {
    kind: 'config',
    cause: 'The target table has a column that must not be NULL, has no default, and is not in the source.',
    cure: 'Give the column a default or drop its NOT NULL.',
  },
  COLUMN_TYPE: {
    kind: 'config',
    cause: 'The values of the source do not fit the type of the column at the target.',
    cure: 'Change the type of the column at the target.',
  },
  COLUMN_RENAMED: {
    kind: 'config',
    cause: 'A column went and another came at once. Whether it was renamed or is a new one cannot be known.',
    cure: 'Do the same at the target: rename the column, or add the new one; then start again.',
  },
  KEY_UNPROVEN: {
    kind: 'config',
    cause: 'The target table has no unique index on exactly the columns of the key, so rows cannot be found by it.',
    cure: 'Add a primary key or a unique index on the key columns at the target.',
  },
  KEY_MISSING: {
    kind: 'config',
    cause: 'please declare primary key for sink table when query contains update/delete record.',
    cure: 'Give the source table a primary key, or leave the table out; tables without a key take inserts only.',
  },
  RIGHT_MISSING: {
    kind: 'auth',
    cause: 'The user lacks a right at the target.',
    cure: 'Grant it.',
  },
  IDENTIFIER_TOO_LONG: {
    kind: 'config',
    cause: 'A name is longer than the 63 bytes that PostgreSQL keeps, and would be cut.',
    cure: 'Give the table a shorter name with `table-name` or a route.',
  },
  DDL_FAILED: {
    kind: 'config',
    cause: 'The target refused to create or alter a table.',
    cure: 'Run the statement by hand as a user who may, or correct what the message names.',
  },
  ROW_MISSING: {
    kind: 'data',
    cause:
      'A change of part of a row has no row at the target: it has drifted from the source, or something else deletes there.',
    cure: 'Find what else writes to the table, then start over with `cdc reset`. REPLICA IDENTITY FULL at the source makes updates heal missing rows.',
  },
  VALUE_REFUSED: {
    kind: 'data',
    cause: 'The target refuses a value: out of range, too long, or not of the type of the column.',
    cure: 'Widen the column at the target, or mend the row at the source.',
  },
  CONSTRAINT_VIOLATED: {
    kind: 'data',
    cause: 'A row breaks a constraint that the target has.',
    cure: 'Compare the constraints of source and target: drop or defer the one at the target, or mend the data.',
  },
  UNIQUE_SWAP: {
    kind: 'data',
    cause:
      'Rows swap values of a unique constraint, and foreign keys that point at the table forbid to delete and insert them.',
    cure: 'Make the unique constraint at the target DEFERRABLE INITIALLY DEFERRED, or drop the foreign keys there.',
  },
  TRUNCATE_REFUSED: {
    kind: 'data',
    cause: 'The source truncated a table, and `sink.truncate` is `fail`.',
    cure: 'Set sink.truncate to apply or skip, and start again.',
  },
  SNAPSHOT_OVER_ROWS: {
    kind: 'config',
    cause: 'The table has to be emptied to be filled anew, and foreign keys of other tables point at it.',
    cure: 'Empty the tables yourself (TRUNCATE a, b), or run `cdc reset` with rows, and start again.',
  },
  POSITION_CONFLICT: {
    kind: 'conflict',
    cause: 'Another process has written for this pipeline and sink since this one last did.',
    cure: 'Stop one of them. Two pipelines into one database need different names.',
  },
  PART_TAKEN: {
    kind: 'rewind',
    cause:
      'Several processes share the source, and another one has moved a part of it on since this one last did: it has the part now.',
    cure: 'Nothing: what this process was writing is rolled back, and it reads again what is its own. If it happens often, processes are taken for dead: raise `properties.session.timeout.ms`. If it never ends, two groups run under one name of a pipeline: give them two names.',
  },
  POSITION_LOCKED: {
    kind: 'throttled',
    cause:
      'Another session holds the position row of this pipeline: an earlier process that is not quite dead, or a second one.',
    cure: 'Wait for it, or end the session named in the message with pg_terminate_backend.',
  },
  POSITION_TABLE: {
    kind: 'config',
    cause: 'The table that keeps the position cannot be made or used.',
    cure: 'Create it by hand with the statement in the message, grant SELECT, INSERT, UPDATE and DELETE on it, or name another with sink.state-table.',
  },
  STATEMENT_REFUSED: {
    kind: 'data',
    cause: 'The target refused a statement for a reason that has no entry of its own: a trigger or a rule, as a rule.',
    cure: 'Look up the SQLSTATE and the log of the target.',
  },
} as const satisfies Record<string, ErrorEntry>

/** Makes them. */
export const error = defineErrors(errorCatalogue)
