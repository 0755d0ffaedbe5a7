import type { ErrorEntry } from '@cdc/core'

/** Topics, groups, transactions: what the cluster says no to. */
export const clusterErrors = {
  KAFKA_TOPIC_MISSING: {
    kind: 'config',
    cause: 'The topic or the partition does not exist, or was deleted meanwhile, or made again under the same name.',
    cure: 'Create the topic, or allow its creation; check its name. After a topic was made again, what was in it is gone: decide whether the pipeline begins anew.',
  },
  KAFKA_TOPIC_REFUSED: {
    kind: 'config',
    cause:
      'The cluster refused to create the topic: its name, partitions, replication factor or settings are not possible there, or a policy forbids them.',
    cure: 'Change what the message names. A replication factor can be at most the number of brokers.',
  },
  KAFKA_NOT_ENOUGH_REPLICAS: {
    kind: 'connection',
    cause: 'The partition has fewer in-sync replicas than `min.insync.replicas`, for longer than the delivery timeout.',
    cure: 'Bring the missing brokers back. Nothing was acknowledged, and it is tried again.',
  },
  KAFKA_BROKER_FAULT: {
    kind: 'connection',
    cause: 'The broker answered with an error that is neither ours nor the configuration’s.',
    cure: "Look into the broker's log. It is tried again.",
  },
  KAFKA_PRODUCER_FENCED: {
    kind: 'conflict',
    cause:
      'Another producer has taken over this transactional id, or the transaction was open for longer than its timeout and the coordinator aborted it.',
    cure: 'See that only one process runs this pipeline, and that no other pipeline has its transactional id prefix. If only one does: raise `properties.transaction.timeout.ms` (at most the broker’s `transaction.max.timeout.ms`).',
  },
  KAFKA_PRODUCER_STATE: {
    kind: 'rewind',
    cause:
      'The broker no longer knows where this producer stands (its state expired, or records were deleted), so it cannot rule repeats out.',
    cure: 'Nothing: a new producer reads again from the last position that is stored.',
  },
  KAFKA_TRANSACTION_TIMEOUT: {
    kind: 'config',
    cause: 'The transaction timeout is longer than the broker allows.',
    cure: 'Lower `properties.transaction.timeout.ms`, or raise `transaction.max.timeout.ms` of the brokers.',
  },
  KAFKA_OFFSET_OUT_OF_RANGE: {
    kind: 'history-lost',
    cause:
      'The offset to read from is not in the topic: retention has removed it, or the topic was made again or cut back.',
    cure: 'Records between were not read. Decide where to go on (`scan.startup.mode`), and read the tables again if you need what is missing.',
  },
  KAFKA_NO_OFFSET: {
    kind: 'config',
    cause: 'The consumer group has no committed offset for the partition, and nothing says where to start.',
    cure: 'Set `scan.startup.mode`, or `properties.auto.offset.reset`, to earliest or latest.',
  },
  KAFKA_REBALANCED: {
    kind: 'rewind',
    cause: 'The partition belongs to another member of the consumer group by now.',
    cure: 'Nothing: it is read again from the committed offset by whoever has it. If it happens often, members are too slow: raise `properties.session.timeout.ms` and `properties.max.poll.interval.ms`.',
  },
  KAFKA_GROUP_BUSY: {
    kind: 'conflict',
    cause: 'The consumer group has members, so its offsets cannot be changed.',
    cure: 'Stop the other members first, or use a group id of your own.',
  },
  KAFKA_INSTANCE_FENCED: {
    kind: 'conflict',
    cause:
      'Another process has joined the consumer group with the same `group.instance.id` and has the partitions of this one by now.',
    cure: 'Give each process an id of its own (`properties.group.instance.id: ${env:HOSTNAME}`), and let one only run under each. Nothing is lost: what this process had not committed is read by the other. Started again as it is, it would put the other out in turn.',
  },
  KAFKA_GROUP_REFUSED: {
    kind: 'config',
    cause:
      'The group refused this member: its id is not valid, its session timeout out of bounds, or its assignor not that of the others.',
    cure: 'Give all members the same `properties.partition.assignment.strategy`, and a `session.timeout.ms` between the broker’s `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.',
  },
} as const satisfies Record<string, ErrorEntry>
