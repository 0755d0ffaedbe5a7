import { defineErrors } from '@cdc/core'

/** The errors of writing to topics, whichever connector writes. */
export const deliveryError = defineErrors({
  KAFKA_TOPIC_NAME: {
    kind: 'config',
    cause:
      'The pattern of the topic names makes a name that Kafka does not take: empty, longer than 249 characters, `.` or `..`.',
    cure: 'Change `topic`, or rename the table on its way with `routes`.',
  },
  KAFKA_TOPIC_CLASH: {
    kind: 'config',
    cause:
      'Two tables would share a topic: the pattern leaves out what tells them apart, or their names differ only in characters that no topic can have, which become `_`. In a topic of keys rows of both would replace each other.',
    cure: 'Put `${schema}` and `${table}` into `topic`, or give one of them a sink of its own with another `topic`. Where they are parts of one table, give them one name with `routes`.',
  },
  KAFKA_TOPIC_NOT_THERE: {
    kind: 'config',
    cause: 'A topic that records are to go to does not exist, and the sink was not told to make it.',
    cure: 'Make the topic, or set `topic.creation.enable: true`.',
  },
  KAFKA_TRANSACTION_TOO_LONG: {
    kind: 'config',
    cause:
      'One transaction of the source took longer to write than a Kafka transaction may stay open. Nothing of it was committed.',
    cure: "Raise `properties.transaction.timeout.ms` (and the broker's `transaction.max.timeout.ms`), or set `sink.transaction-split: true`, which lets such a transaction be seen in parts and be repeated after a crash.",
  },
  KAFKA_POSITION_INVALID: {
    kind: 'data',
    cause: 'The newest record in the topic that keeps the position is not one that this version can read.',
    cure: 'Find out who else writes to that topic. `cdc reset` forgets the position and starts over.',
  },
  KAFKA_POSITION_IN_GROUP: {
    kind: 'config',
    cause:
      'This sink has written exactly once for a source with `scan.assignment: group`, so its position is in the offsets of that consumer group, and the source is now set to another group, or to read as one process.',
    cure: 'Set the source’s `scan.assignment: group` and `properties.group.id` as they were. To go on with one process: stop all, `cdc reset` with `scan.assignment: fixed` and `scan.startup.mode: group-offsets`, which goes on at the group’s offsets.',
  },
  KAFKA_CLUSTERS_DIFFER: {
    kind: 'config',
    cause:
      'Several processes share the source, and the sink is to write exactly once to another Kafka cluster: one Kafka transaction cannot hold records of one cluster and offsets of another.',
    cure: 'Set `sink.delivery-guarantee: at-least-once` (with `upsert-kafka` a repeated row replaces itself), or `scan.assignment: fixed` at the source: one process keeps its position in the target cluster.',
  },
  KAFKA_TRANSACTION_EXPIRED: {
    kind: 'rewind',
    cause:
      'A Kafka transaction was open for longer than its timeout, so the broker has aborted it: the process was frozen, or another sink of the pipeline took that long.',
    cure: 'Nothing: what was in it is read again from where the group stands. If it happens often, raise `properties.transaction.timeout.ms` of the sink.',
  },
  KAFKA_POSITION_TOPIC: {
    kind: 'config',
    cause:
      'The topic that keeps the position has more than one partition, or is not compacted, so that the position could be lost or held back.',
    cure: 'Delete it and let the sink make it, or make it with one partition and `cleanup.policy=compact`; or name another with `sink.position-topic`.',
  },
})
