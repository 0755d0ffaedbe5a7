import { defineErrors } from '@cdc/core'

/** What the loop itself can stop with. */
export const error = defineErrors({
  CHANGELOG_MODE: {
    kind: 'config',
    cause: 'The sink cannot take the kinds of changes that the source gives.',
    cure: 'Choose another sink, or a source that only appends.',
  },
  NO_KEY: {
    kind: 'config',
    cause:
      'The sink finds rows by key and the table has no primary key, so its updates and deletes could not be applied.',
    cure: 'Give the table a primary key, or leave it out of the pipeline.',
  },
  REPLICA_IDENTITY_NOT_FULL: {
    kind: 'config',
    cause: 'The sink needs the whole old row of updates and deletes, and the table does not show it.',
    cure: 'ALTER TABLE ... REPLICA IDENTITY FULL, or choose a sink that takes upserts.',
  },
  KEY_OUTSIDE_IDENTITY: {
    kind: 'config',
    cause:
      'The table’s replica identity is an index that does not hold the primary key, so an update of the key would arrive without the old one.',
    cure: 'ALTER TABLE ... REPLICA IDENTITY FULL, or use the index’s columns as the key.',
  },
  VALUE_NOT_SENT: {
    kind: 'data',
    cause: 'The sink needs whole rows and the source did not send a large value that an update left unchanged.',
    cure: 'ALTER TABLE ... REPLICA IDENTITY FULL, so that the server sends it.',
  },
  TARGET_BEHIND: {
    kind: 'history-lost',
    cause:
      'The target stands before the point that this pipeline has written up to (restored from a backup, failed over, or emptied), and the source can no longer give what is missing.',
    cure: 'Start over with `cdc reset`, or bring the target back to where it was.',
  },
  STATE_LOST: {
    kind: 'history-lost',
    cause:
      'A sink knows a position of this pipeline, but the state is gone, and another sink of it keeps no position of its own.',
    cure: 'Put the state back, or start over with `cdc reset`.',
  },
  POSITION_FOREIGN: {
    kind: 'history-lost',
    cause: 'Two positions of this pipeline cannot be compared: they come from different servers or histories.',
    cure: 'Check that source, state and target belong together; else start over with `cdc reset`.',
  },
  SINK_ADDED: {
    kind: 'config',
    cause: 'The pipeline has run before without this sink, which would therefore lack everything up to here.',
    cure: 'Give the new sink a pipeline of its own, or start over with `cdc reset`.',
  },
  CHECKPOINT_INVALID: {
    kind: 'history-lost',
    cause: 'The saved checkpoint is not one that this version can read.',
    cure: 'Run the version that wrote it, or start over with `cdc reset`.',
  },
  STALLED: {
    kind: 'connection',
    cause: 'A call into a connector has not come back for longer than the stall timeout.',
    cure: 'Look for a lock or a server that hangs; raise `pipeline.stall-timeout` if the wait was right.',
  },
  SINK_WITHOUT_POSITION: {
    kind: 'bug',
    cause: 'A sink declares that it remembers its position and has no `position()`.',
    cure: 'Report it to the author of the connector.',
  },
  CLAIM_MISSING: {
    kind: 'bug',
    cause:
      'A source and a sink declare that the sink moves the place which processes share (`claims`), and one of them has not what that takes.',
    cure: 'Report it to the author of the connector.',
  },
  SINK_NOT_SHARED: {
    kind: 'config',
    cause:
      'Several processes share the source, and this sink, as it is set, keeps one position for the whole pipeline: each process would take it away from the others.',
    cure: 'Write through `jdbc`, which keeps a position a partition, or to the same Kafka cluster with `sink.delivery-guarantee: exactly-once` and the default client (`client: kafkajs` cannot commit a group’s offsets in a transaction); or let the sink not remember (at-least-once); or let one process read everything.',
  },
  PLACE_CLAIMED_TWICE: {
    kind: 'config',
    cause:
      'Several processes share the source, and two sinks would commit its place (of Kafka: the offsets of the one consumer group), each in transactions of its own.',
    cure: 'Let one of them write exactly once and the others at least once (Kafka: sink.delivery-guarantee), or give each a pipeline with a consumer group of its own.',
  },
  BATCH_RULE: {
    kind: 'bug',
    cause: 'A source gave a batch that breaks the contract.',
    cure: 'Report it to the author of the connector; its conformance suite finds the place.',
  },
  PIPELINE_INVALID: {
    kind: 'config',
    cause: 'The pipeline cannot be made from what was given.',
    cure: 'See the message.',
  },
})

/** For the errors page of the docs. */
export const errorCatalogue = error.catalogue
