import type { Buffer } from 'node:buffer'
import type { RecordPack } from './records/record-pack.ts'

/**
 * The port to Kafka that the connectors are built on. An adapter over one of the clients for Node carries it out; none
 * of their types or errors passes through it.
 *
 * For all of it: what fails throws a `CdcError` of this package (`kafkaError`), made from the protocol's error code and
 * never from a text. Nothing waits for ever: each call ends within `request.timeout.ms` (a send within
 * `delivery.timeout.ms`) or is aborted by its signal, with `signal.reason`. Offsets and timestamps are bigint, a
 * timestamp in milliseconds since 1970 UTC, -1n where the record has none.
 */
export interface KafkaClient extends AsyncDisposable {
  /** The adapter's name, as in the option that selects it. */
  readonly adapter: string
  /** A producer with connections and a producer id of its own. Nothing is sent before its first call. */
  producer(options?: ProducerOptions): Producer
  /** Reads given partitions from given offsets, without a group. Nothing is asked before the first `next`. */
  reader(options: ReaderOptions): Reader
  /** Joins a consumer group at the first `next`. The group's id is `group.id` of the properties, unless given here. */
  member(options: MemberOptions): Member
  /** The same object at every call; it ends with the client. */
  admin(): Admin
  /** Closes everything that was made by this client. What is in flight fails with KAFKA_CLOSED. Safe to repeat. */
  close(): Promise<void>
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface PartitionOffset extends TopicPartition {
  readonly offset: bigint
}

/** In the record's order; a name may come more than once. */
export type Header = readonly [name: string, value: Buffer | null]

export interface ProducerRecord {
  readonly topic: string
  /** Left out: by murmur2 of the key, as the Java client does; a record without a key then goes to the sticky partition of the send. */
  readonly partition?: number
  readonly key: Buffer | null
  /** `null` is a tombstone, an empty buffer an empty value. */
  readonly value: Buffer | null
  readonly headers?: readonly Header[]
  /** Left out: the time of the send. */
  readonly timestamp?: bigint
}

/** Records as objects, or packed into one buffer. */
export type SendRecords = readonly ProducerRecord[] | RecordPack

export interface ProducerOptions {
  /** Makes it transactional: `init` and `begin` before the first `send`. */
  readonly transactionalId?: string
  /** Over `transaction.timeout.ms` of the properties. */
  readonly transactionTimeout?: number
}

/** Where a send's records lie in one partition: `count` records from `baseOffset` on, in the order they were given. */
export interface Acknowledged extends TopicPartition {
  readonly baseOffset: bigint
  readonly count: number
}

/**
 * Idempotent, acks=all. One send is in flight at a time: a second `send` waits for the first. After an error of `send`,
 * `commit` or `abort` the producer is dead (`close` it, make another); whether the records of the failed call are in
 * the topic is then unknown, unless the error says so. Which error is retried inside is the adapter's: only where the
 * broker will drop repeats.
 */
export interface Producer extends AsyncDisposable {
  /**
   * Resolves when all records are acknowledged by all in-sync replicas. The acknowledged offsets are counted: where
   * they do not add up to the records given, it throws KAFKA_ACKNOWLEDGEMENT. Records of one partition keep their order
   * within a send and from one send to the next. Arrays, buffers and packs must not change until it settles. A signal
   * that aborts does not recall what was sent, and the producer is dead.
   */
  send(records: SendRecords, signal?: AbortSignal): Promise<readonly Acknowledged[]>
  /**
   * Transactional only; once, before anything else. Takes over the transactional id: when it resolves, the open
   * transaction of any former owner is aborted (or its begun commit is finished), and that owner can write nothing any
   * more: its next call throws KAFKA_PRODUCER_FENCED. Undefined where the client does not tell.
   */
  init(signal?: AbortSignal): Promise<{ readonly producerId: bigint; readonly epoch: number } | undefined>
  /** Transactional only. From here to `commit` or `abort` all sends are one transaction. Asks nothing of the broker. */
  begin(): void
  /**
   * Transactional only, and only of an adapter that has it (KIP-447): the group's offsets, committed with the
   * transaction. A member must have the partitions and be in the group's generation, else KAFKA_REBALANCED. By its id
   * alone nothing of the group is checked, members or not: to write down where it begins.
   */
  readonly sendOffsets?: (
    group: Member | { readonly groupId: string },
    offsets: readonly PartitionOffset[],
    signal?: AbortSignal,
  ) => Promise<void>
  /**
   * When it resolves, the transaction is decided, and readers that are `read_committed` get its records from then on
   * (`latest` under read_committed may lag by the moment that the markers take; after a new owner's `init` it does
   * not). An error of kind connection leaves the outcome unknown: a new producer's `init` decides it, and then it can be read.
   */
  commit(signal?: AbortSignal): Promise<void>
  abort(signal?: AbortSignal): Promise<void>
  /** Does not wait for what is in flight, and leaves an open transaction to the next `init` or the broker's timeout. */
  close(): Promise<void>
}

export type Isolation = 'read_committed' | 'read_uncommitted'

export interface KafkaRecord {
  readonly offset: bigint
  readonly timestamp: bigint
  readonly timestampType: 'CreateTime' | 'LogAppendTime' | 'NoTimestampType'
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly Header[]
  /** Undefined where the client does not tell. */
  readonly leaderEpoch: number | undefined
}

/** Of one partition, in the order of the offsets. */
export interface KafkaBatch extends TopicPartition {
  /** Empty when only control records, aborted or compacted ones were passed: `nextOffset` has moved all the same. */
  readonly records: readonly KafkaRecord[]
  /** Where to read on after this batch: past every offset that it covers, so what `commit` takes. */
  readonly nextOffset: bigint
  /** The end of what can be read now under the reader's isolation (high watermark, or last stable offset). */
  readonly endOffset: bigint
}

/**
 * Batches are pulled: what is not asked for is not fetched beyond one fetch ahead, so a slow caller holds the broker
 * back and not the memory. After a throw it is dead. A partition whose leader moves is followed; an offset that is no
 * longer there throws KAFKA_OFFSET_OUT_OF_RANGE; a topic that was deleted throws KAFKA_TOPIC_MISSING.
 */
export interface Reader extends AsyncDisposable {
  /** Waits for the next batch; undefined when every partition has reached its end. One call at a time. */
  next(signal?: AbortSignal): Promise<KafkaBatch | undefined>
  /** These partitions are not fetched until they are resumed. What was fetched already is kept and not handed out. */
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  close(): Promise<void>
}

/**
 * `endOffset` bounds it (exclusive); left out, the partition is followed for ever. Offsets: see `Admin.offsets`.
 * `topicId`: another topic of this name is KAFKA_TOPIC_MISSING; left out, the topic is whatever has the name.
 */
export interface ReadFrom extends PartitionOffset {
  readonly topicId?: string
  readonly endOffset?: bigint
}

export interface FetchOptions {
  /** Default: `isolation.level` of the properties, else read_committed (the Java client's default is the other). */
  readonly isolation?: Isolation
  /** Over `max.poll.records` of the properties: no batch has more records. */
  readonly maxRecords?: number
}

export interface ReaderOptions extends FetchOptions {
  readonly partitions: readonly ReadFrom[]
}

export interface MemberOptions extends FetchOptions {
  readonly groupId?: string
  /** `group.instance.id`: static membership. */
  readonly instanceId?: string
  /** Names, or a pattern that a whole name must match; new topics that match are found by `metadata.max.age.ms`. */
  readonly topics: readonly string[] | RegExp
  /**
   * Partitions that became ours, before anything of them is read; gives the offset to start each at. A partition that
   * is left out of the answer starts at its committed offset; without one, `next` throws KAFKA_NO_OFFSET.
   */
  readonly onAssigned: (partitions: readonly TopicPartition[]) => Promise<readonly PartitionOffset[]>
  /**
   * Partitions that go to another member. Nobody else reads them before this has resolved (at most
   * `max.poll.interval.ms`), and `commit` still works in it. No batch of them is handed out from its call on.
   */
  readonly onRevoked: (partitions: readonly TopicPartition[]) => Promise<void>
  /** Partitions that another may have already: the session ran out, or the coordinator forgot us. `commit` throws KAFKA_REBALANCED. */
  readonly onLost: (partitions: readonly TopicPartition[]) => Promise<void>
  /** A round of joining is over, its revocations and assignments done: these are ours now, perhaps none. */
  readonly onJoined?: (partitions: readonly TopicPartition[]) => void
  /**
   * `false`: only the place in the group is wanted. Nothing is fetched, what `onAssigned` answers means nothing, and
   * `next` waits until it throws. Default: true.
   */
  readonly reads?: boolean
}

/**
 * A member of a consumer group. Offsets are committed by `commit` alone. Heartbeats go on while the caller is busy with
 * a batch, so a slow sink does not lose its partitions. The three callbacks are awaited, never two at a time, and run
 * whether `next` is being waited for or not. With the assignor `cooperative-sticky` only partitions that move are
 * revoked; with `range` and `roundrobin` all of them at each rebalance.
 */
export interface Member extends Reader {
  /** Never undefined: a group's reading has no end. */
  next(signal?: AbortSignal): Promise<KafkaBatch>
  /** The partitions that are ours now. */
  assigned(): readonly TopicPartition[]
  /**
   * Commits where to read on (`nextOffset`, one past the last record done). When it resolves, the group has them.
   * KAFKA_REBALANCED (kind rewind) when the generation is no longer the one in which the partitions were assigned.
   */
  commit(offsets: readonly PartitionOffset[], signal?: AbortSignal): Promise<void>
  /** Leaves the group: `onRevoked` for what is ours, then the others get it at once. */
  close(): Promise<void>
}

export interface NewTopic {
  readonly topic: string
  /** Default: the broker's `num.partitions`. */
  readonly partitions?: number
  /** Default: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number
  readonly config?: Readonly<Record<string, string>>
}

export interface TopicDescription {
  readonly topic: string
  /** A new one when a topic is deleted and made again under its name. Undefined where the client does not tell. */
  readonly topicId: string | undefined
  readonly partitions: readonly {
    readonly partition: number
    readonly leader: number
    readonly replicas: readonly number[]
    readonly inSync: readonly number[]
  }[]
}

/** Where to look an offset up: `latest` is the high watermark, or under read_committed the last stable offset. */
export type OffsetSpec = 'earliest' | 'latest' | { readonly timestamp: bigint }

export interface Admin {
  clusterId(signal?: AbortSignal): Promise<string>
  /** Names of all topics that we may see, internal ones left out. */
  topics(signal?: AbortSignal): Promise<readonly string[]>
  /** A topic that does not exist is missing in the answer. Never creates one. */
  describe(topics: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, TopicDescription>>
  /** Resolves when the topics can be written to. One that exists already is left as it is; the answer has those that were made. */
  createTopics(topics: readonly NewTopic[], signal?: AbortSignal): Promise<readonly string[]>
  /** For tests and for dropping what a user asked to drop. */
  deleteTopics(topics: readonly string[], signal?: AbortSignal): Promise<void>
  /** The topic's settings in force, defaults included. */
  topicConfig(topic: string, signal?: AbortSignal): Promise<ReadonlyMap<string, string | null>>
  /** By a timestamp: the first offset at or after it; a partition without one gets its latest. */
  offsets(
    partitions: readonly TopicPartition[],
    at: OffsetSpec,
    isolation: Isolation,
    signal?: AbortSignal,
  ): Promise<readonly PartitionOffset[]>
  /** Partitions without a committed offset are missing in the answer. */
  groupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    signal?: AbortSignal,
  ): Promise<readonly PartitionOffset[]>
  /** Only while the group has no members, else KAFKA_GROUP_BUSY. */
  alterGroupOffsets(groupId: string, offsets: readonly PartitionOffset[], signal?: AbortSignal): Promise<void>
}
