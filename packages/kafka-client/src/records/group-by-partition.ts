import { kafkaError } from '../errors.ts'
import { partitionOf } from '../murmur2.ts'
import type { ProducerRecord } from '../port.ts'
import { recordBound } from './encode.ts'
import { PartitionQueue } from './partition-queue.ts'
import { noteRecord } from './record-at-fault.ts'

export interface Limits {
  readonly batchSize: number
  readonly maxRequestSize: number
}

/** A send's records by partition. `partitions` says how many a topic has; `sticky` is for records without a key. */
export function groupByPartition(
  records: readonly ProducerRecord[],
  partitions: (topic: string) => number,
  sticky: number,
  { batchSize, maxRequestSize }: Limits,
): PartitionQueue[] {
  const topics = new Map<string, { readonly count: number; readonly queues: Map<number, PartitionQueue> }>()
  for (let place = 0; place < records.length; place++) {
    const record = records[place]!
    const { topic } = record
    let known = topics.get(topic)
    if (known === undefined) {
      known = { count: partitions(topic), queues: new Map() }
      topics.set(topic, known)
    }
    const partition = choose(record, known.count, sticky)
    if (recordBound(record) > maxRequestSize) throw tooLarge(record, place, maxRequestSize)
    let queue = known.queues.get(partition)
    if (queue === undefined) {
      queue = new PartitionQueue(topic, partition, Math.min(batchSize, maxRequestSize))
      known.queues.set(partition, queue)
    }
    queue.records.push(record)
    queue.places.push(place)
  }
  return [...topics.values()].flatMap(({ queues }) => [...queues.values()])
}

function choose({ topic, partition, key }: ProducerRecord, count: number, sticky: number): number {
  if (partition === undefined) return key === null ? sticky % count : partitionOf(key, count)
  if (partition >= 0 && partition < count) return partition
  throw kafkaError('KAFKA_TOPIC_MISSING', {
    message: `Topic '${topic}' has ${count} partitions, so there is no partition ${partition}.`,
  })
}

function tooLarge(record: ProducerRecord, place: number, max: number): Error {
  const bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0)
  const error = kafkaError('KAFKA_RECORD_TOO_LARGE', {
    message: `A record of ${bytes} bytes for topic '${record.topic}' is larger than max.request.size allows (${max}).`,
  })
  noteRecord(error, place)
  return error
}
