import { defineErrors } from '@cdc/core'

/** The errors of reading topics, whichever connector reads. */
export const intakeError = defineErrors({
  KAFKA_POSITION: {
    kind: 'history-lost',
    cause: 'The saved position is not one of a Kafka source, or a newer version wrote it.',
    cure: 'Check that the state belongs to this pipeline; `cdc reset` starts over from `scan.startup.mode`.',
  },
  KAFKA_OTHER_CLUSTER: {
    kind: 'history-lost',
    cause:
      'The saved position is of another Kafka cluster: offsets mean nothing here, even where topics have the same names.',
    cure: 'Look at `properties.bootstrap.servers`. After a move to another cluster, `cdc reset` starts over from `scan.startup.mode`.',
  },
  KAFKA_TOPIC_LOST: {
    kind: 'history-lost',
    cause:
      'A topic (or a partition) that was read in part is gone, or was deleted and made again under its name. What was in it and not read yet is lost.',
    cure: 'Take the topic out of `topic` or `topic-pattern` to go on without it. To read what is there now from the start: `cdc reset`.',
  },
  KAFKA_TOPIC_NOT_FOUND: {
    kind: 'config',
    cause: 'A topic that is to be read does not exist, no topic matches the pattern, or this user may not see it.',
    cure: 'Look at `topic`, `topic-pattern` and the rights of the user (Describe and Read on the topic).',
  },
  KAFKA_NOT_SHARED: {
    kind: 'config',
    cause: 'The source reads as a member of a group, and what reads it does not take part in handing partitions over.',
    cure: 'Run it in a pipeline (`cdc run`, or `pipeline` of @cdc/runtime), or set scan.assignment: fixed.',
  },
  KAFKA_GROUP_FORGOTTEN: {
    kind: 'history-lost',
    cause:
      'A sink keeps the position in the offsets of the consumer group (exactly once from Kafka to Kafka), and the group has none any more: it was deleted, or had no members for longer than `offsets.retention.minutes` of the brokers.',
    cure: 'Set the group’s offsets to where it stood (`kafka-consumer-groups.sh --reset-offsets`), where you know it. `cdc reset` starts over from `scan.startup.mode`.',
  },
  KAFKA_RECORD_MALFORMED: {
    kind: 'data',
    cause: 'A record cannot be read: it is damaged, or written by another format than the one that is set.',
    cure: 'Look at the record that is named (topic, partition, offset). `errors.tolerance: all` leaves such records out and keeps them in `errors.dead-letter-file`.',
  },
  KAFKA_KEY_ABSENT: {
    kind: 'data',
    cause: 'A record has no key, and a column of the table is read from the key.',
    cure: 'Look at who writes the topic. `errors.tolerance: all` leaves such records out and keeps them.',
  },
  KAFKA_DEAD_LETTER_FILE: {
    kind: 'config',
    cause: 'The file that takes records which cannot be read could not be written.',
    cure: 'Look at `errors.dead-letter-file`: its folder, the rights on it, and the space on the disk.',
  },
})
