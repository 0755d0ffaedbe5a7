import { kafkaError } from '../errors.ts'
import { PartitionQueue } from './partition-queue.ts'
import { noteRecord } from './record-at-fault.ts'
import { type RecordList, recordOverhead } from './record-list.ts'

export interface Limits {
  readonly batchSize: number
  readonly maxRequestSize: number
}

/** A send's records by partition. `partitions` says how many a topic has; `sticky` is for records without a key. */
export function groupByPartition(
  list: RecordList,
  partitions: (topic: string) => number,
  sticky: number,
  { batchSize, maxRequestSize }: Limits,
): PartitionQueue[] {
  const topics = new Map<string, { readonly count: number; readonly queues: Map<number, PartitionQueue> }>()
  for (let place = 0; place < list.length; place++) {
    const topic = list.topic(place)
    let known = topics.get(topic)
    if (known === undefined) {
      known = { count: partitions(topic), queues: new Map() }
      topics.set(topic, known)
    }
    const partition = choose(list, place, known.count, sticky)
    if (list.bodySize(place) + recordOverhead > maxRequestSize) throw tooLarge(list, place, maxRequestSize)
    let queue = known.queues.get(partition)
    if (queue === undefined) {
      queue = new PartitionQueue(topic, partition, list, Math.min(batchSize, maxRequestSize))
      known.queues.set(partition, queue)
    }
    queue.places.push(place)
  }
  return [...topics.values()].flatMap(({ queues }) => [...queues.values()])
}

function choose(list: RecordList, place: number, count: number, sticky: number): number {
  const partition = list.partition(place)
  if (partition === undefined) return list.keyPartition(place, count) ?? sticky % count
  if (partition >= 0 && partition < count) return partition
  throw kafkaError('KAFKA_TOPIC_MISSING', {
    message: `Topic '${list.topic(place)}' has ${count} partitions, so there is no partition ${partition}.`,
  })
}

function tooLarge(list: RecordList, place: number, max: number): Error {
  const { topic, key, value } = list.record(place)
  const bytes = (key?.length ?? 0) + (value?.length ?? 0)
  const error = kafkaError('KAFKA_RECORD_TOO_LARGE', {
    message: `A record of ${bytes} bytes for topic '${topic}' is larger than max.request.size allows (${max}).`,
  })
  noteRecord(error, place)
  return error
}
