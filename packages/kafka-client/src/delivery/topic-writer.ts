import { randomBytes } from 'node:crypto'
import type { Claim, FormatContext, Position, SinkContext, Table } from '@cdc/core'
import { type KafkaAdapter, openKafkaClient } from '../open-client.ts'
import type { KafkaClient } from '../port.ts'
import type { OutgoingRecord } from '../records/record-pack.ts'
import { ignoredProperties, readProperties } from '../settings/properties.ts'
import type { KafkaSettings } from '../settings/settings.ts'
import { Delivery } from './delivery.ts'
import { positionTopicOf, transactionalIdOf } from './delivery-names.ts'
import { checkSize, type SizeLimits } from './record-size.ts'
import { sanitized, TopicPattern } from './topic-pattern.ts'
import { type TopicCreation, Topics } from './topics.ts'

/** What both sinks are told, with the options read. */
export interface TopicWriterSettings {
  readonly topic: string
  /** Undefined: the pipeline's name. */
  readonly prefix: string | undefined
  readonly delimiter: string
  readonly transactionTopic: string
  readonly heartbeatPrefix: string
  readonly properties: Readonly<Record<string, string>>
  readonly adapter: KafkaAdapter
  readonly creation: TopicCreation
  readonly guarantee: 'none' | 'at-least-once' | 'exactly-once'
  readonly transactionalIdPrefix: string | undefined
  readonly positionTopic: string | undefined
  readonly split: boolean
  /** Records replace each other by key: a topic has one table. */
  readonly keyed: boolean
}

/** One topic, ready to be written to. */
export interface TopicTarget {
  readonly topic: string
  readonly partitions: number
  readonly limits: SizeLimits
}

/** What belongs to no table. */
export type Apart = 'transaction' | 'message' | 'heartbeat'

/** What a request takes beside the records, with room for the batch headers of a few partitions. */
const REQUEST_OVERHEAD = 512
/** `transaction.timeout.ms` of processes that share the source, where the user gives none: as Kafka Streams has it. */
const sharedTimeout = 10_000
/** Smaller sends cost more than the halving of those that a topic finds too large. */
const SMALLEST_PIECE = 64 * 1024

/** A life of a sink's connection to Kafka: names and makes topics, bounds records, delivers them. */
export class TopicWriter {
  readonly #settings: TopicWriterSettings
  readonly #context: SinkContext
  readonly #pattern: TopicPattern
  readonly #prefix: string
  readonly #read: KafkaSettings
  /** Of processes that share the source, this one. undefined: there is one. */
  readonly #process: string | undefined
  #client: KafkaClient | undefined
  #delivery!: Delivery
  #topics!: Topics
  /** The last database that a change came from: what formats ask for tables that do not tell theirs. */
  #database = ''

  constructor(settings: TopicWriterSettings, context: SinkContext) {
    this.#settings = settings
    this.#context = context
    this.#prefix = settings.prefix ?? context.pipeline
    this.#pattern = new TopicPattern(settings.topic, this.#prefix, settings.keyed)
    this.#read = readProperties(settings.properties)
    const { parts } = context
    if (parts?.shared) this.#process = parts.process ?? randomBytes(8).toString('hex')
  }

  async open(): Promise<void> {
    const { properties, adapter, creation, guarantee, transactionalIdPrefix, positionTopic, split, keyed } =
      this.#settings
    const { pipeline, sink, logger } = this.#context
    for (const text of ignoredProperties(properties)) logger.warn({ pipeline, sink }, text)
    this.#client = await openKafkaClient(properties, adapter)
    this.#topics = new Topics(this.#client.admin(), creation, logger)
    this.#delivery = new Delivery(
      this.#client,
      {
        guarantee,
        split,
        keyed,
        transactionTimeout: this.#transactionTimeout,
        process: this.#process,
        pieceBytes: Math.max(1, this.#read.maxRequestSize - REQUEST_OVERHEAD),
        replicationFactor: creation.replicationFactor,
        transactionalId: transactionalIdOf(transactionalIdPrefix ?? '', pipeline, sink),
        positionTopic: positionTopic ?? positionTopicOf(pipeline, sink),
      },
      this.#context,
    )
    await this.#delivery.open()
    const { only } = this.#pattern
    // what can be known to be missing is missed before anything is read
    if (only !== undefined) await this.target(only)
  }

  /** Who takes over from a process that died waits for this, and so do readers. */
  get #transactionTimeout(): number {
    const given = this.#settings.properties['transaction.timeout.ms'] !== undefined
    return given || this.#process === undefined ? this.#read.transactionTimeout : sharedTimeout
  }

  /** With the source's claim the position is where the source keeps it. */
  claim(claim: Claim): Promise<void> {
    return this.#delivery.claim(claim)
  }

  position(): Promise<Position | undefined> {
    return this.#delivery.position()
  }

  /** The topic of a table, or of what belongs to none. Asks nothing of the broker. */
  topicOf(of: Table | Apart, database = this.#database): string {
    this.#database = database
    if (typeof of !== 'string') return this.#pattern.topicOf(of, database)
    const { transactionTopic, heartbeatPrefix, delimiter } = this.#settings
    if (of === 'heartbeat') return sanitized(`${heartbeatPrefix}${delimiter}${this.#prefix}`)
    return sanitized(`${this.#prefix}${delimiter}${of === 'transaction' ? transactionTopic : of}`)
  }

  /** The topic, looked up or made. */
  async target(topic: string): Promise<TopicTarget> {
    const { maxBytes, partitions } = await this.#topics.ensure(topic)
    if (maxBytes !== undefined) this.#delivery.narrow(Math.max(maxBytes - REQUEST_OVERHEAD, SMALLEST_PIECE))
    const { maxRequestSize, compression } = this.#read
    return { topic, partitions, limits: { request: maxRequestSize, topic: maxBytes, codec: compression } }
  }

  /** Throws KAFKA_RECORD_TOO_LARGE. To be called for all records of a change before the first is put. */
  check(target: TopicTarget, table: Table | undefined, record: OutgoingRecord): void {
    checkSize(record, table, target.limits)
  }

  /** Sends records on their way, in their order. A promise only where the caller has to wait. */
  put(records: readonly OutgoingRecord[], signal: AbortSignal): Promise<void> | undefined {
    return this.#delivery.add(records, signal)
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

  /** The context for a format that writes keys or values to these topics. `keysApart`: another format writes keys. */
  formatContext(role: 'key' | 'value', keysApart: boolean): FormatContext {
    const { pipeline, logger, report } = this.#context
    return { pipeline, logger, report, role, keysApart, topic: (of) => this.topicOf(of) }
  }
}
