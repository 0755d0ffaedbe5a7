import type { ErrorEntry } from '@cdc/core'

/** What is wrong with records, written or read. */
export const recordErrors = {
  KAFKA_RECORD_TOO_LARGE: {
    kind: 'data',
    cause: 'One record is larger than the client or the topic allows.',
    cure: 'Raise `max.message.bytes` of the topic and `properties.max.request.size`, choose a compression, or leave the large column out. A sink can set such changes aside: `errors.tolerance: all`.',
  },
  KAFKA_RECORD_REFUSED: {
    kind: 'data',
    cause:
      'The broker refused a record: a compacted topic takes none without a key, or its timestamp is out of the bounds of the topic.',
    cure: 'Give the sink a key, or use a topic with `cleanup.policy=delete`; for timestamps see the topic’s `message.timestamp.before.max.ms`.',
  },
  KAFKA_ACKNOWLEDGEMENT: {
    kind: 'rewind',
    cause: 'The offsets that the broker acknowledged are not those of the records that were sent.',
    cure: 'Nothing was counted as written; it is read again. If it comes again, report it: a client or broker loses or repeats records.',
  },
  KAFKA_CORRUPT: {
    kind: 'data',
    cause:
      'A batch of records could not be read: its checksum is wrong, its format unknown (older than Kafka 0.11), or its compression broken.',
    cure: 'Check the disk of the broker (kafka-dump-log). Topics of before Kafka 0.11 must be copied by a newer producer.',
  },
} as const satisfies Record<string, ErrorEntry>
