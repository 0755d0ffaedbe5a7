import { defineErrors } from '@cdc/core'

/** Every error that this source throws itself. Those of the connection, slots and publications come from pg-replication. */
export const error = defineErrors({
  POSITION_INVALID: {
    kind: 'config',
    cause: 'The state or the target holds a position that this source did not write, or that was damaged.',
    cure: 'Check that the state belongs to this pipeline and restore it; or start over with `cdc reset`.',
  },
  POSITION_TOO_NEW: {
    kind: 'config',
    cause: 'The position was written by a newer version of this program.',
    cure: 'Run the version that wrote it, or a newer one.',
  },
  POSITIONS_INCOMPARABLE: {
    kind: 'history-lost',
    cause: 'Sinks of one pipeline hold positions of different servers, or of branches that parted at a failover.',
    cure: 'Find out which sink follows the wrong server, and start the pipeline over with `cdc reset`.',
  },
  PATTERN_TOO_SLOW: {
    kind: 'config',
    cause: 'A regular expression needs exponential time on the names of this database, as `(a+)+b` does.',
    cure: 'Write it without a repetition inside a repetition.',
  },
  SCHEMA_NOT_FOUND: {
    kind: 'config',
    cause: 'No schema of the database matches schema-name.',
    cure: 'Correct schema-name. The whole name must match, and the role must be allowed to see the schema.',
  },
  TABLE_NOT_FOUND: {
    kind: 'config',
    cause: 'No table matches schema-name and table-name, or a table that is named in full is not there.',
    cure: 'Correct table-name. The whole name must match.',
  },
  TABLE_KIND_UNSUPPORTED: {
    kind: 'config',
    cause: 'What matches is no ordinary table: views, foreign, temporary and unlogged tables are not in the log.',
    cure: 'Leave it out of table-name, or make it an ordinary table (ALTER TABLE ... SET LOGGED).',
  },
  TABLE_NOT_READABLE: {
    kind: 'auth',
    cause: 'The role may not read the table or use its schema, or row-level security hides rows from it.',
    cure: 'Grant USAGE on the schema and SELECT on the table; give the role BYPASSRLS where there are policies.',
  },
  CATALOG_BEHIND: {
    kind: 'rewind',
    cause:
      'A transaction is in the log and not yet visible to other sessions, so the catalog cannot be asked what it has done. Its commit waits for a synchronous standby.',
    cure: "Bring the standby back, or change synchronous_standby_names. A pipeline's own connection must not be a synchronous standby. Reading goes on by itself.",
  },
  REPLICA_IDENTITY_NOTHING: {
    kind: 'config',
    cause:
      'The table has no replica identity, so that updates and deletes cannot be followed (and fail at the source).',
    cure: 'ALTER TABLE ... REPLICA IDENTITY FULL, or add a primary key.',
  },
  PARTITION_IDENTITY: {
    kind: 'config',
    cause:
      'A partitioned table has replica identity FULL and one of its partitions has not: old rows of it would be wrong.',
    cure: 'ALTER TABLE <partition> REPLICA IDENTITY FULL. New partitions do not inherit it.',
  },
  KEY_MISSING: {
    kind: 'config',
    cause: 'changelog-mode is upsert and the table has no primary key.',
    cure: 'Add a primary key, or name key columns with debezium.message.key.columns, or set changelog-mode: all.',
  },
  KEY_UNKNOWN: {
    kind: 'data',
    cause:
      'Columns of the key are not in the rows that the stream brings: the key was changed, or the publication has a column list without it.',
    cure: 'Name the key columns with debezium.message.key.columns, or add the key to the column list of the publication.',
  },
  SLOT_AHEAD: {
    kind: 'history-lost',
    cause: 'The slot was moved past the pipeline position, or dropped and made again: changes between are gone.',
    cure: 'Find out who uses the slot, and start over with `cdc reset`. Do not share a slot between pipelines.',
  },
  SLOT_WITHOUT_POSITION: {
    kind: 'history-lost',
    cause: 'The slot gives no position to start from (confirmed_flush_lsn is empty): its creation never ended.',
    cure: 'Drop it with `cdc slots drop` and run again.',
  },
  SLOT_OLDER_THAN_PUBLICATION: {
    kind: 'config',
    cause:
      'The slot is there but its publication is not. A publication must exist before its slot, since the server looks for it in the past.',
    cure: 'Drop the slot with `cdc slots drop` and run again: publication and slot are then made in the right order.',
  },
  SERVER_BEHIND: {
    kind: 'history-lost',
    cause: 'The server is behind the position: it was restored from a backup, or failed over to a copy that lagged.',
    cure: 'If the lost transactions are gone for good, start over with `cdc reset`; else bring the right server back.',
  },
  SERVER_RESTORED: {
    kind: 'history-lost',
    cause:
      "The server's disk was set back to an earlier state, and it has written since: the position lies in its log, but among other transactions than those that were read.",
    cure: 'What was written between the restore and now may be missing in the target. Start over with `cdc reset`, or bring the right server back.',
  },
  SERVER_CHANGED: {
    kind: 'history-lost',
    cause: 'This is another cluster than the one that the position belongs to (system identifier).',
    cure: 'Point hostname and port to the right server; for a new server start over with `cdc reset`.',
  },
  TIMELINE_FORKED: {
    kind: 'history-lost',
    cause:
      'The server was promoted or restored before the position was reached: its history does not hold the position.',
    cure: 'Start over with `cdc reset`; the target may hold transactions that the new primary never had.',
  },
  PUBLICATION_CHANGED: {
    kind: 'history-lost',
    cause:
      'The publication, or a table in it, was dropped and put back (or taken out) since the position was saved, or options of the publication were set (ALTER PUBLICATION ... SET): changes in between may be missing. Looked at when a stream begins, and every 5 s.',
    cure: 'Start over with `cdc reset`. To change a publication, stop the pipeline and add tables only.',
  },
  TABLE_RECREATED: {
    kind: 'history-lost',
    cause: 'A table was dropped and made again under its name: it is another table, whose rows were never read.',
    cure: 'Start over with `cdc reset`, or take the table out of table-name.',
  },
  TABLE_KEEPS_CHANGING: {
    kind: 'throttled',
    cause: 'Each time the table was to be read, it had been changed since the snapshot was taken.',
    cure: 'Run schema changes (or the job that rewrites the table) outside the snapshot.',
  },
  SNAPSHOT_INCOMPLETE: {
    kind: 'bug',
    cause: 'The server said that it sent another number of rows than arrived.',
    cure: 'Run again. If it comes back, please report it.',
  },
  SNAPSHOT_NOT_SHARED: {
    kind: 'config',
    cause:
      'A session that imported the snapshot does not see it: a pooler or balancer hands sessions to several servers.',
    cure: 'Connect to the primary itself and not through a pooler or a reader endpoint.',
  },
  STREAM_ENDED: {
    kind: 'connection',
    cause: 'The server ended the stream: it shuts down, or somebody ended the walsender.',
    cure: 'The pipeline connects again by itself.',
  },
  PROTOCOL_UNEXPECTED: {
    kind: 'bug',
    cause: 'The stream held something that its protocol does not allow at that place.',
    cure: 'Run again from the last checkpoint. If it comes back, please report it with the log.',
  },
  TRUNCATE_OF_PARTITION: {
    kind: 'data',
    cause: 'Some partitions of a table were truncated, and the table is read as one: that cannot be told to a sink.',
    cure: 'Start over with `cdc reset`. To leave TRUNCATE out for good: debezium.skipped.operations: t.',
  },
  RESOURCE_UNKNOWN: {
    kind: 'config',
    cause: 'No replication slot of that name is at the server.',
    cure: 'List them with `cdc slots list`.',
  },
})
