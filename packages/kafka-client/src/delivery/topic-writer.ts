import type { Position, SinkContext, Table } from '@cdc/core'
import { type KafkaAdapter, openKafkaClient } from '../open-client.ts'
import type { Header, KafkaClient } from '../port.ts'
import { Delivery } from './delivery.ts'
import { tooLarge } from './record-size.ts'
import { recordSize } from './record-writer.ts'
import { sanitized, TopicPattern } from './topic-pattern.ts'
import { type TopicCreation, Topics } from './topics.ts'

/** What both sinks are told, with the options read. */
export interface TopicWriterSettings {
  readonly topic: string
  /** Undefined: the pipeline's name. */
  readonly prefix: string | undefined
  readonly transactionTopic: string
  readonly heartbeatPrefix: string
  readonly properties: Readonly<Record<string, string>>
  readonly adapter: KafkaAdapter
  readonly creation: TopicCreation
  readonly guarantee: 'none' | 'at-least-once' | 'exactly-once'
  readonly transactionalIdPrefix: string | undefined
  readonly positionTopic: string | undefined
  readonly split: boolean
}

/** A record before it has a topic. */
export interface OutgoingRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: readonly Header[]
  readonly partition?: number
}

/** One topic, ready to be written to. */
export interface TopicTarget {
  readonly topic: string
  readonly partitions: number
  /** The largest record that it takes, and what says so. */
  readonly limit: number
  readonly limitedBy: string
}

/** What belongs to no table. */
export type Apart = 'transaction' | 'message' | 'heartbeat'

/** `max.request.size` and `transaction.timeout.ms` of the Java client. */
const defaultRequestSize = 1_048_576
const defaultTransactionTimeout = 60_000
/** What a batch of records takes beside the records. */
const BATCH_OVERHEAD = 512

/** A life of a sink's connection to Kafka: names and makes topics, bounds records, delivers them. */
export class TopicWriter {
  readonly #settings: TopicWriterSettings
  readonly #context: SinkContext
  readonly #pattern: TopicPattern
  readonly #prefix: string
  readonly #requestSize: number
  #client: KafkaClient | undefined
  #delivery!: Delivery
  #topics!: Topics

  constructor(settings: TopicWriterSettings, context: SinkContext) {
    this.#settings = settings
    this.#context = context
    this.#prefix = settings.prefix ?? context.pipeline
    this.#pattern = new TopicPattern(settings.topic, this.#prefix)
    this.#requestSize = Number(settings.properties['max.request.size'] ?? defaultRequestSize)
  }

  async open(): Promise<void> {
    const { properties, adapter, creation, guarantee, transactionalIdPrefix, positionTopic, split } = this.#settings
    const { pipeline, sink, logger } = this.#context
    this.#client = await openKafkaClient(properties, adapter)
    const transactionTimeout = Number(properties['transaction.timeout.ms'] ?? defaultTransactionTimeout)
    this.#topics = new Topics(this.#client.admin(), creation, logger)
    this.#delivery = new Delivery(
      this.#client,
      {
        guarantee,
        split,
        transactionTimeout,
        pieceBytes: this.#requestSize - BATCH_OVERHEAD,
        replicationFactor: creation.replicationFactor,
        transactionalId: `${transactionalIdPrefix}-${pipeline}-${sink}`,
        positionTopic: positionTopic ?? sanitized(`cdc-position.${pipeline}.${sink}`),
      },
      this.#context,
    )
    await this.#delivery.open()
  }

  position(): Promise<Position | undefined> {
    return this.#delivery.position()
  }

  /** The topic of a table, or of what belongs to none. Asks nothing of the broker. */
  topicOf(of: Table | Apart, database = ''): string {
    if (typeof of !== 'string') return this.#pattern.topicOf(of, database)
    const { transactionTopic, heartbeatPrefix } = this.#settings
    if (of === 'heartbeat') return sanitized(`${heartbeatPrefix}.${this.#prefix}`)
    return sanitized(`${this.#prefix}.${of === 'transaction' ? transactionTopic : of}`)
  }

  /** The topic, looked up or made. */
  async target(topic: string): Promise<TopicTarget> {
    const { maxBytes, partitions } = await this.#topics.ensure(topic)
    const own = maxBytes < this.#requestSize
    const limit = own ? maxBytes : this.#requestSize
    this.#delivery.narrow(limit - BATCH_OVERHEAD)
    return {
      topic,
      partitions,
      limit,
      limitedBy: own ? 'max.message.bytes of the topic' : 'properties.max.request.size',
    }
  }

  /** Throws KAFKA_RECORD_TOO_LARGE. */
  check(target: TopicTarget, table: Table | undefined, out: OutgoingRecord): void {
    const size = recordSize(out)
    if (size > target.limit) throw tooLarge(table, target.topic, size, target.limit, target.limitedBy)
  }

  /** Sends a record on its way. A promise only where the caller has to wait. */
  put(target: TopicTarget, out: OutgoingRecord, signal: AbortSignal): Promise<void> | undefined {
    return this.#delivery.add({ topic: target.topic, ...out }, recordSize(out), signal)
  }

  /** After each batch. */
  checkTime(open: 'transaction' | 'table' | undefined, signal: AbortSignal): Promise<void> {
    return this.#delivery.checkTime(open, signal)
  }

  flush(position: Position | undefined, signal: AbortSignal): Promise<void> {
    return this.#delivery.flush(position, signal)
  }

  async close(): Promise<void> {
    await this.#delivery?.close()
    await this.#client?.close()
  }

  /** The context for a format that writes keys or values to these topics. */
  formatContext(role: 'key' | 'value') {
    const { pipeline, logger, report } = this.#context
    return { pipeline, logger, report, role, topic: (of: Table | Apart) => this.topicOf(of) }
  }
}

/** A key or value as bytes. */
export function bytesOf(part: Uint8Array | string | null): Buffer | null {
  if (part === null) return null
  if (typeof part === 'string') return Buffer.from(part)
  return Buffer.isBuffer(part) ? part : Buffer.from(part.buffer, part.byteOffset, part.byteLength)
}
