import type { ErrorEntry } from '@cdc/core'

/** What the server must be, slots, publications and the stream. */
export const replicationErrors = {
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
  MESSAGE_TOO_LARGE: {
    kind: 'data',
    cause: 'One message of the server is larger than the limit that was set.',
    cure: 'Raise the limit of a message, and give the process the memory for it.',
  },
  DECODING_FAILED: {
    kind: 'rewind',
    cause:
      'The server failed in decoding its own log for the slot (class XX). Before PostgreSQL 16 it may, where tables were altered or truncated while the slot was made and that place is read again; else its catalog or its log is damaged.',
    cure: 'Nothing is skipped or acknowledged, and it is tried again. If it is the same message each time, the slot is of no use any more: install the latest minor release of the server, then start over (`cdc reset`).',
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
} as const satisfies Record<string, ErrorEntry>
