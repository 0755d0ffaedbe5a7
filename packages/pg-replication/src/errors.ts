import { defineErrors } from '@cdc/core'

/**
 * Every error of this package, once. `cause` and `cure` are what the documentation prints; a thrower that knows more
 * (the statement with the real names in it) gives its own hint.
 */
export const pgError = defineErrors({
  CONNECTION_REFUSED: {
    kind: 'connection',
    cause: 'Nothing listens at this host and port, or a firewall refuses.',
    cure: "Check host and port, that the server runs, and that listen_addresses covers this address (ALTER SYSTEM SET listen_addresses = '*'; then restart).",
  },
  HOST_NOT_FOUND: {
    kind: 'connection',
    cause: 'The name server knows no address for this host name.',
    cure: 'Check the spelling of the host name, and from which network it can be resolved.',
  },
  HOST_UNREACHABLE: {
    kind: 'connection',
    cause: 'There is no route to this address from here.',
    cure: 'Check the network between this machine and the server: routes, VPN, security groups.',
  },
  CONNECT_TIMEOUT: {
    kind: 'connection',
    cause: 'The server did not finish the start of a connection within the time allowed.',
    cure: 'Check that no firewall swallows packets to this port; a busy server may need a longer connect timeout.',
  },
  CONNECTION_LOST: {
    kind: 'connection',
    cause: 'The connection broke: the server process died, or something between cut it.',
    cure: "Nothing, when it happens now and then: it is made again. Else look into the server's log at this time.",
  },
  SOCKET_UNUSABLE: {
    kind: 'connection',
    cause: 'The Unix socket is not there, or this user may not open it.',
    cure: 'Check unix_socket_directories of the server, the port (it is part of the file name), and the rights on the folder.',
  },
  QUERY_TIMEOUT: {
    kind: 'connection',
    cause: 'The server did not answer a statement in time; the connection was cut.',
    cure: 'Look into pg_stat_activity for what it waits for (wait_event, pg_blocking_pids(pid)).',
  },
  ABORTED: {
    kind: 'connection',
    cause: 'We were told to stop while this ran.',
    cure: 'Nothing.',
  },
  PASSWORD_WRONG: {
    kind: 'auth',
    cause:
      'The server refused the password of this role (28P01). It says the same when the role does not exist or its password has expired.',
    cure: "Check user and password; set it anew with ALTER ROLE ... PASSWORD '...';",
  },
  PASSWORD_MISSING: {
    kind: 'auth',
    cause: 'The server asks for a password and none was given.',
    cure: 'Give a password.',
  },
  PASSWORD_UNPROTECTED: {
    kind: 'auth',
    cause: 'The server asks for the password in clear over a connection that is not encrypted.',
    cure: "Use sslmode 'require' or better, or 'scram-sha-256' in pg_hba.conf; sslmode 'disable' allows it knowingly.",
  },
  LOGIN_REFUSED: {
    kind: 'auth',
    cause:
      'No line of pg_hba.conf lets this role into this database from this address, the role does not exist or may not log in, or a client certificate is wanted (28000).',
    cure: 'Add a line to pg_hba.conf and run SELECT pg_reload_conf(); check the role with \\du.',
  },
  AUTH_UNSUPPORTED: {
    kind: 'auth',
    cause: 'The server wants a way of authentication that we do not speak (GSSAPI, SSPI, ...), or the exchange broke.',
    cure: "Let this role log in by 'scram-sha-256', 'md5', 'password' or 'cert' in pg_hba.conf.",
  },
  DATABASE_NOT_FOUND: {
    kind: 'config',
    cause: 'The server has no database of this name (3D000), or it was dropped while we were connected.',
    cure: 'Check the database name; names are case sensitive here. List them with SELECT datname FROM pg_database;',
  },
  NO_RIGHT: {
    kind: 'auth',
    cause:
      'The role lacks a right on an object (42501). Row level security that would hide rows is reported the same way.',
    cure: 'Grant it: GRANT USAGE ON SCHEMA ... TO ...; GRANT SELECT ON ... TO ...; with row level security: ALTER ROLE ... BYPASSRLS;',
  },
  NO_REPLICATION_RIGHT: {
    kind: 'auth',
    cause: 'The role may not replicate.',
    cure: 'Run as superuser: ALTER ROLE ... REPLICATION; on Amazon RDS: GRANT rds_replication TO ...; on Google Cloud SQL and Azure: ALTER USER ... REPLICATION;',
  },
  TOO_MANY_CONNECTIONS: {
    kind: 'throttled',
    cause:
      'The server has no free connection (max_connections, a limit of the role or the database), or no free walsender (max_wal_senders).',
    cure: 'Free some, or raise the limit: ALTER SYSTEM SET max_connections = ...; ALTER SYSTEM SET max_wal_senders = ...; then restart the server.',
  },
  SERVER_SHUTDOWN: {
    kind: 'connection',
    cause: 'The server shuts down, or an administrator ended this connection with pg_terminate_backend (57P01).',
    cure: 'Nothing, when the server comes back: the connection is made again.',
  },
  SERVER_CRASHED: {
    kind: 'connection',
    cause: 'Another process of the server crashed, and it restarted all of them (57P02).',
    cure: "Nothing here: the connection is made again. Look into the server's log.",
  },
  SERVER_STARTING: {
    kind: 'throttled',
    cause: 'The server starts up, shuts down or recovers, and takes no connection yet (57P03).',
    cure: 'Wait. A standby needs hot_standby = on to take connections at all.',
  },
  SESSION_TIMEOUT: {
    kind: 'connection',
    cause:
      'A timeout of the server ended the session (25P02..25P04, 57P05), though ours switches them off: something between resets settings.',
    cure: 'Connect without a pooler. Look for event triggers or login triggers that set timeouts.',
  },
  QUERY_CANCELED: {
    kind: 'rewind',
    cause:
      'Somebody canceled the statement (pg_cancel_backend), or a standby canceled it for a conflict with recovery (57014).',
    cure: 'Nothing, when it happens now and then. On a standby raise max_standby_streaming_delay.',
  },
  TLS_UNSUPPORTED: {
    kind: 'config',
    cause: 'The server has no TLS (ssl = off), and sslmode asks for it.',
    cure: "Switch TLS on at the server (ALTER SYSTEM SET ssl = on;), or, in a network that you trust, set the option sslmode to 'disable'.",
  },
  TLS_UNTRUSTED: {
    kind: 'config',
    cause: "The server's certificate is not signed by an authority that we trust.",
    cure: "Give the authority's certificate as sslrootcert; or set sslmode to 'require' without sslrootcert, which encrypts without checking who answers.",
  },
  TLS_WRONG_HOST: {
    kind: 'config',
    cause: "The server's certificate is for another host name.",
    cure: "Connect by the name that is in the certificate; or set sslmode to 'verify-ca' to check the authority alone.",
  },
  TLS_EXPIRED: {
    kind: 'config',
    cause: "The server's certificate is not valid at this time.",
    cure: "Renew the server's certificate; check the clock of this machine.",
  },
  TLS_CLIENT_REFUSED: {
    kind: 'auth',
    cause: 'The server refused our client certificate, or wants one and got none.',
    cure: 'Give sslcert and sslkey, of a certificate signed by an authority in ssl_ca_file of the server.',
  },
  TLS_FILE: {
    kind: 'config',
    cause: 'A file for TLS cannot be read, or does not hold what it should.',
    cure: 'Check the path, the rights on the file, and that it is PEM; an encrypted key needs sslpassword.',
  },
  TLS_OPTIONS: {
    kind: 'config',
    cause: 'The options for TLS contradict each other.',
    cure: 'See the message.',
  },
  TLS_FAILED: {
    kind: 'connection',
    cause: 'The TLS handshake broke off: no common version or cipher, or the server closed the connection.',
    cure: "Look into the server's log; check ssl_min_protocol_version and ssl_ciphers.",
  },
  TLS_INJECTED: {
    kind: 'conflict',
    cause:
      'There were bytes between the answer to the request for TLS and the handshake: somebody may be injecting data.',
    cure: 'Do not go on. Find out what stands between this machine and the server.',
  },
  SERVER_TOO_OLD: {
    kind: 'config',
    cause: 'Logical replication with pgoutput came with PostgreSQL 10.',
    cure: 'Upgrade the server.',
  },
  SERVER_UNSUPPORTED: {
    kind: 'config',
    cause: 'Greenplum has no logical replication that can be read from one place.',
    cure: 'Use it as a target; as a source read it by queries.',
  },
  WAL_LEVEL_NOT_LOGICAL: {
    kind: 'config',
    cause: "wal_level is not 'logical', so the log lacks what decoding needs.",
    cure: 'Run as superuser: ALTER SYSTEM SET wal_level = logical; then restart the server. On Amazon RDS: rds.logical_replication = 1 in the parameter group; Google Cloud SQL: cloudsql.logical_decoding = on; Azure: azure.replication_support = logical.',
  },
  POOLED_CONNECTION: {
    kind: 'config',
    cause: 'A pooler stands between us and the server: snapshots, settings and replication do not survive one.',
    cure: "Connect to the server itself; with hosted databases use the 'direct' or 'session' address and port.",
  },
  SLOT_NAME_INVALID: {
    kind: 'config',
    cause: 'Names of replication slots are 1 to 63 characters of a to z, 0 to 9 and _.',
    cure: 'Choose another slot.name.',
  },
  SLOT_BUSY: {
    kind: 'throttled',
    cause: 'Another connection uses the replication slot; only one can at a time.',
    cure: 'Stop the other process, or give this pipeline a slot.name of its own. A dead client is noticed after wal_sender_timeout.',
  },
  SLOT_EXISTS: {
    kind: 'conflict',
    cause: 'There is a replication slot of this name already.',
    cure: "Drop it if nobody needs it: SELECT pg_drop_replication_slot('...'); or choose another slot.name.",
  },
  SLOT_MISSING: {
    kind: 'history-lost',
    cause: 'The replication slot is not there: changes since it was dropped cannot be read.',
    cure: 'If it was dropped, start over (reset); if the server is another one, check host and port.',
  },
  SLOT_WRONG_PLUGIN: {
    kind: 'config',
    cause: 'The replication slot was made for another output plug-in, or is a physical one.',
    cure: 'Choose another slot.name, or drop the slot if nobody needs it.',
  },
  SLOT_WRONG_DATABASE: {
    kind: 'config',
    cause:
      'The replication slot belongs to another database of the server. Slot names are one namespace for the whole server.',
    cure: 'Choose another slot.name, or connect to the database that the slot belongs to.',
  },
  SLOT_LOST: {
    kind: 'history-lost',
    cause:
      'The server has invalidated the replication slot: log that it needs is gone, or it cannot be decoded any more.',
    cure: 'Start over (reset). Before, raise max_slot_wal_keep_size or the disk, and watch the retained log.',
  },
  SLOT_SYNCED: {
    kind: 'config',
    cause: 'The slot is a copy kept by slot synchronisation on a standby; it can be used after promotion only.',
    cure: 'Connect to the primary.',
  },
  SLOT_WAITS_FOR_TRANSACTIONS: {
    kind: 'throttled',
    cause: 'A new slot waits for every transaction that was running when it began, and one did not end in time.',
    cure: 'End the transactions that the message names (SELECT pg_terminate_backend(pid);), or wait for a quieter time.',
  },
  NO_FREE_SLOTS: {
    kind: 'throttled',
    cause: 'All replication slots of the server are taken (max_replication_slots).',
    cure: "Drop slots that nobody needs (SELECT slot_name, active FROM pg_replication_slots; SELECT pg_drop_replication_slot('...');), or run ALTER SYSTEM SET max_replication_slots = ...; and restart the server.",
  },
  FAILOVER_UNSUPPORTED: {
    kind: 'config',
    cause: 'Slots that are kept through a failover came with PostgreSQL 17.',
    cure: 'Leave the option out.',
  },
  NOT_ON_STANDBY: {
    kind: 'config',
    cause: 'The server is a standby, and before PostgreSQL 16 standbys cannot decode.',
    cure: 'Connect to the primary.',
  },
  PLUGIN_MISSING: {
    kind: 'config',
    cause: 'The server has no file for the output plug-in pgoutput, which belongs to PostgreSQL itself.',
    cure: "Check the server's installation.",
  },
  WAL_REMOVED: {
    kind: 'history-lost',
    cause: 'The server has removed log that is still needed (58P01).',
    cure: 'Start over (reset). Before, raise max_slot_wal_keep_size or wal_keep_size.',
  },
  PUBLICATION_MISSING: {
    kind: 'config',
    cause: 'There is no publication of this name, or there was none yet at the place in the log that is being decoded.',
    cure: 'Create it as a role that owns the tables, before the slot: CREATE PUBLICATION ... FOR TABLE ...;',
  },
  PUBLICATION_LACKS_TABLE: {
    kind: 'config',
    cause: 'A table that is to be read is not in the publication.',
    cure: 'ALTER PUBLICATION ... ADD TABLE ...;',
  },
  PUBLICATION_LACKS_OPERATIONS: {
    kind: 'config',
    cause: 'The publication leaves out inserts, updates or deletes.',
    cure: "ALTER PUBLICATION ... SET (publish = 'insert, update, delete, truncate');",
  },
  PUBLICATION_RIGHT: {
    kind: 'auth',
    cause:
      'To create a publication a role needs CREATE on the database and must own the tables; FOR ALL TABLES and FOR TABLES IN SCHEMA need superuser.',
    cure: 'Let the owner of the tables create the publication, and set publication.autocreate.mode to disabled.',
  },
  PUBLICATION_SKIPPED: {
    kind: 'history-lost',
    cause:
      'While decoding, the server found no publication of this name at that place in the log, and left changes out (18 and later say so only in a warning).',
    cure: 'The publication was dropped or made after the slot. Start over (reset).',
  },
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
  MESSAGE_TOO_LARGE: {
    kind: 'data',
    cause: 'One message of the server is larger than the limit that was set.',
    cure: 'Raise the limit of a message, and give the process the memory for it.',
  },
  STREAM_SILENT: {
    kind: 'connection',
    cause: 'Not a byte came from the server for the time allowed, keepalives included.',
    cure: 'Nothing, when it happens now and then. A server that decodes gigabytes of unpublished changes may be silent: allow more time.',
  },
  PROTOCOL_BROKEN: {
    kind: 'connection',
    cause: 'What came from the server is not the protocol of PostgreSQL.',
    cure: 'Check what stands between this machine and the server.',
  },
})

/** This package's part of the error documentation. */
export const pgErrorCatalogue: typeof pgError.catalogue = pgError.catalogue

export type PgErrorCode = keyof typeof pgError.catalogue
