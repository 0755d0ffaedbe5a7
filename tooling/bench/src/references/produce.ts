import type { BenchKafka } from '../kafka/broker.ts'
import type { RecordSize } from '../kafka/topic-places.ts'
import type { Measurement } from '../measurement.ts'
import { MeasuredChild } from '../processes.ts'

/** What `children/produce.ts` is to write. */
export interface ProduceJob {
  readonly servers: string
  readonly topic: string
  readonly records: number
  readonly record: RecordSize
  /** One record at a time, so many a second; left out: batches of 1 MB, two requests under way. */
  readonly perSecond?: number
}

/** `waits`: milliseconds from each request to its acknowledgement, one record a request, smallest first. */
export type Produced = Measurement & { readonly waits: readonly number[] }

export const produceName = 'batches made before, produced'

/** The ceiling of writing: batches of such records that are ready made, acknowledged by the broker, which checks them. */
export async function produce(
  kafka: BenchKafka,
  job: Pick<ProduceJob, 'records' | 'record' | 'perSecond'>,
): Promise<Produced> {
  const topic = kafka.freshTopic()
  await kafka.make(topic, 1)
  try {
    const servers = await kafka.servers()
    const produced = await new MeasuredChild<ProduceJob, Produced>('produce', { ...job, servers, topic }).result()
    const found = await kafka.count(topic)
    if (found !== job.records) throw new Error(`Topic ${topic} has ${found} records instead of ${job.records}.`)
    return produced
  } finally {
    await kafka.drop(topic)
  }
}
