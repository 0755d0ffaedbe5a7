import type { Position } from '@cdc/core'
import type { Admin, KafkaClient, KafkaRecord, ProducerRecord } from '../port.ts'
import { deliveryError } from './errors.ts'

/** The text of a position record's value. */
interface Stored {
  readonly v: number
  /** null: forgotten on purpose. */
  readonly position: Position | null
  /** The consumer group whose offsets are the position; then it is version 2, which who knows no groups refuses. */
  readonly group?: string
}

/** Neither: nothing was written yet, or it was forgotten. */
export interface StoredPlace {
  readonly position?: Position
  readonly group?: string
}

const PLAIN = 1
const IN_GROUP = 2
/** How many records from the end are looked at first. */
const LOOK = 200n

/** Compaction keeps it to a few records: small segments that are rolled soon, and cleaned when little of them is old. */
const config = {
  'cleanup.policy': 'compact',
  'segment.bytes': '1048576',
  'segment.ms': '600000',
  'min.cleanable.dirty.ratio': '0.01',
}

/**
 * Where a sink that writes exactly once keeps its position: a compacted topic of one partition for each pipeline and
 * sink, so that no other pipeline's open transaction holds back what is read here. Read only after the producer has
 * taken its transactional id over (`init`): from then on no earlier process can add to it.
 */
export class PositionTopic {
  readonly topic: string
  readonly #client: KafkaClient
  readonly #key: Buffer
  readonly #text: string

  constructor(client: KafkaClient, topic: string, pipeline: string, sink: string) {
    this.#client = client
    this.topic = topic
    this.#text = JSON.stringify({ pipeline, sink })
    this.#key = Buffer.from(this.#text)
  }

  /** Makes the topic where it is missing. Throws KAFKA_POSITION_TOPIC where it is none that keeps a position. */
  async ensure(admin: Admin, replicationFactor: number | undefined): Promise<void> {
    const { topic } = this
    const factor = replicationFactor === undefined ? {} : { replicationFactor }
    if (await this.check(admin)) return
    await admin.createTopics([{ topic, partitions: 1, config, ...factor }])
    await this.check(admin)
  }

  /** Whether it is there. Throws KAFKA_POSITION_TOPIC where it is none that keeps a position. Changes nothing. */
  async check(admin: Admin): Promise<boolean> {
    const { topic } = this
    const found = (await admin.describe([topic])).get(topic)
    if (found === undefined) return false
    const policy = (await admin.topicConfig(topic)).get('cleanup.policy') ?? ''
    const partitions = found.partitions.length
    if (partitions === 1 && policy === 'compact') return true
    throw deliveryError('KAFKA_POSITION_TOPIC', {
      message: `Topic '${topic}' is to keep the position and has ${partitions} partitions and cleanup.policy=${policy}.`,
      where: { option: 'sink.position-topic' },
    })
  }

  /** The last position that was committed. undefined: none. KAFKA_POSITION_IN_GROUP: a group has it. */
  async read(admin: Admin, signal?: AbortSignal): Promise<Position | undefined> {
    const { position, group } = await this.stored(admin, signal)
    if (group !== undefined) this.mustBe(group, undefined)
    return position
  }

  /** Throws KAFKA_POSITION_IN_GROUP where another group has the position than the one that is to have it. */
  mustBe(group: string, wanted: string | undefined): void {
    if (group === wanted) return
    const now = wanted === undefined ? 'the source is read by one process' : `the source reads as group '${wanted}'`
    throw deliveryError('KAFKA_POSITION_IN_GROUP', {
      message: `The position of ${this.#text} is in the offsets of group '${group}', and ${now}.`,
    })
  }

  /** What was committed last. */
  async stored(admin: Admin, signal?: AbortSignal): Promise<StoredPlace> {
    const partitions = [{ topic: this.topic, partition: 0 }]
    const [first] = await admin.offsets(partitions, 'earliest', 'read_uncommitted', signal)
    const [end] = await admin.offsets(partitions, 'latest', 'read_uncommitted', signal)
    let to = end!.offset
    for (let look = LOOK; to > first!.offset; look *= 4n) {
      let from = to - look
      if (from < first!.offset) from = first!.offset
      const found = await this.#lastOf(from, to, signal)
      if (found !== undefined) return this.#parse(found)
      to = from
    }
    return {}
  }

  /** The record that makes `position` the one that `read` gives, once its transaction is committed. */
  record(position: Position | null): Omit<ProducerRecord, 'headers'> {
    return this.#record({ v: PLAIN, position })
  }

  /** The record that says whose offsets are the position from then on. */
  groupRecord(group: string): ProducerRecord {
    return this.#record({ v: IN_GROUP, position: null, group })
  }

  #record(stored: Stored) {
    return { topic: this.topic, partition: 0, key: this.#key, value: Buffer.from(JSON.stringify(stored)) }
  }

  async #lastOf(offset: bigint, endOffset: bigint, signal?: AbortSignal): Promise<KafkaRecord | undefined> {
    const partitions = [{ topic: this.topic, partition: 0, offset, endOffset }]
    const reader = this.#client.reader({ partitions, isolation: 'read_committed' })
    try {
      let last: KafkaRecord | undefined
      for (let batch = await reader.next(signal); batch !== undefined; batch = await reader.next(signal))
        for (const record of batch.records) if (record.key?.equals(this.#key)) last = record
      return last
    } finally {
      await reader.close()
    }
  }

  #parse({ value, offset }: KafkaRecord): StoredPlace {
    const invalid = (why: string, cause?: unknown) =>
      deliveryError('KAFKA_POSITION_INVALID', {
        message: `The position of ${this.#text} in topic '${this.topic}', offset ${offset}, ${why}.`,
        cause,
      })
    if (value === null) return {}
    let stored: Partial<Stored>
    try {
      stored = JSON.parse(value.toString()) as Partial<Stored>
    } catch (cause) {
      throw invalid('is not JSON', cause)
    }
    const { v, position, group } = stored
    if (typeof v === 'number' && v > IN_GROUP) throw invalid(`was written by a newer version (${v})`)
    if (v === IN_GROUP && typeof group === 'string') return { group }
    if (v !== PLAIN || (position !== null && typeof position !== 'string')) throw invalid('is not one')
    return position === null ? {} : { position }
  }
}
