import { type Batch, CdcError, type Position, type Share, type Source, type SourceContext } from '@cdc/core'
import { kafkaError } from '../errors.ts'
import { openKafkaClient } from '../open-client.ts'
import type { KafkaClient, PartitionOffset } from '../port.ts'
import { readProperties } from '../settings/properties.ts'
import type { KafkaSettings } from '../settings/settings.ts'
import type { Assignment } from './assignment.ts'
import { intakeError } from './errors.ts'
import { FixedAssignment } from './fixed-assignment.ts'
import { GroupAssignment } from './group-assignment.ts'
import { GroupPlaces } from './group-places.ts'
import { endOffsets, type OffsetLookUp, startOffsets } from './look-up-offsets.ts'
import { Membership } from './membership.ts'
import { OffsetClaim } from './offset-claim.ts'
import { ReadPlace } from './read-place.ts'
import { RecordBatches } from './record-batches.ts'
import { type ReaderSpec, RecordReader } from './record-reader.ts'
import type { IntakeSettings } from './source-options.ts'
import { isWanted, lookUpTopics, partitionsOf, proveThere, type Topics } from './topic-list.ts'
import { offsetsOf, parsePosition, placeOf, type TopicPosition, topicPositions } from './topic-position.ts'
import type { Turn } from './turn.ts'
import { UnreadableRecords } from './unreadable-records.ts'

export interface TopicSourceSpec {
  readonly intake: IntakeSettings
  readonly records: ReaderSpec
}

/** Reads topics, all partitions of them or a group's share, each record a transaction of its own. */
export class TopicSource implements Source {
  readonly #spec: TopicSourceSpec
  readonly #context: SourceContext
  readonly #settings: KafkaSettings
  readonly #closed = new AbortController()
  readonly #unreadable: UnreadableRecords
  /** By partition, what the group was told last. */
  readonly #acknowledged = new Map<string, bigint>()
  #client: KafkaClient | undefined
  #cluster = ''
  #reader: RecordReader | undefined
  /** Present where partitions are shared with other members of the group. */
  readonly #membership: Membership | undefined
  #turn: Turn | undefined

  constructor(spec: TopicSourceSpec, context: SourceContext) {
    this.#spec = spec
    this.#context = context
    this.#settings = readProperties(spec.intake.properties)
    this.#unreadable = new UnreadableRecords(spec.intake.deadLetters, context.logger)
    if (spec.intake.shared) this.#membership = this.#member()
  }

  #member(): Membership {
    const { properties, adapter, topics } = this.#spec.intake
    const { logger, keep } = this.#context
    const open = () => openKafkaClient(properties, adapter)
    const make = () => new Membership({ open, topics, settings: this.#settings, logger })
    return keep === undefined ? make() : keep(make)
  }

  async open(): Promise<void> {
    const { intake, records } = this.#spec
    this.#client = await openKafkaClient(intake.properties, intake.adapter)
    this.#cluster = await this.#client.admin().clusterId(this.#closed.signal)
    this.#reader = await RecordReader.make(records, this.#context)
  }

  async share(before: Position | undefined, aborted: AbortSignal): Promise<Share> {
    const signal = AbortSignal.any([aborted, this.#closed.signal])
    const { intake } = this.#spec
    const { topics } = intake
    const wanted = await lookUpTopics(this.#client!.admin(), topics, signal)
    const places = new GroupPlaces(
      this.#lookUp,
      intake.startup,
      before === undefined ? undefined : parsePosition(before),
    )
    const membership = this.#membership!
    // where the group begins is else written down by the sink that has the claim, with what it takes over
    if (!membership.joined && this.#context.claimed !== true) await places.seed(partitionsOf(wanted), signal)
    const turn = await membership.begin(signal)
    this.#turn = turn
    // topics may have been added while it waited
    const found = await lookUpTopics(this.#client!.admin(), topics, signal)
    const place = new ReadPlace({ cluster: this.#cluster, topics: new Map() })
    const starts = await places.of(turn.partitions, partitionsOf(found), signal)
    const own = starts.map((one) => ({ ...one, offset: membership.doneTo(one) ?? one.offset }))
    place.begin(own, (topic) => found.get(topic)?.topicId)
    this.#tellShare(turn, partitionsOf(found).length)
    const claim = new OffsetClaim({
      cluster: this.#cluster,
      lookUp: this.#lookUp,
      wanted: topics,
      topics: found,
      places,
      membership,
      turn,
      signal: this.#closed.signal,
    })
    return { position: place.position, ends: turn.ends, lost: turn.lost, claim }
  }

  /** The group's name is a property, which may be a secret. */
  #tellShare({ partitions }: Turn, all: number): void {
    const { logger } = this.#context
    const place = { partitions: partitions.map(placeOf) }
    if (partitions.length > 0)
      logger.info(place, `Reads ${partitions.length} of ${all} partitions as a member of its group`)
    else
      logger.info(
        place,
        `Waits: other members of the group read all ${all} partitions, and this one takes over when one of them goes`,
      )
  }

  async *read(after: Position | undefined, aborted: AbortSignal): AsyncGenerator<Batch> {
    const signal = AbortSignal.any([aborted, this.#closed.signal])
    const former = after === undefined ? undefined : parsePosition(after)
    if (this.#membership !== undefined && (this.#turn === undefined || former === undefined))
      throw intakeError('KAFKA_NOT_SHARED', { message: 'A share of the group was not asked for.' })
    let assignment: Assignment | undefined
    try {
      const topics = await this.#topics(former, signal)
      const place = await this.#start(former, topics, signal)
      assignment = await this.#assign(place, topics, signal)
      this.#context.report({ type: 'streaming', position: topicPositions.describe(place.position) })
      // so that a crash before the first record does not start anew, with offsets that are others by then; and a sink
      // that remembers is told at once who has these partitions now
      if ((former === undefined || this.#turn?.partitions.length) && !signal.aborted)
        yield { changes: [], position: place.position, bytes: 0 }
      const batches = new RecordBatches({
        connector: this.#spec.intake.connector,
        context: this.#context,
        reader: this.#reader!,
        place,
        unreadable: this.#unreadable,
      })
      while (!signal.aborted) {
        const piece = await assignment.next(signal)
        if (piece === undefined) return
        yield* batches.take(piece, signal)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      await assignment?.close()
    }
  }

  /** Only where `properties.group.id` is given. Who else reads as that group is a conflict. */
  async acknowledge(position: Position): Promise<void> {
    // the sink has committed it, and perhaps more since
    if (this.#context.claimed) return
    if (this.#membership !== undefined) return this.#membership.acknowledge(offsetsOf(parsePosition(position)))
    const { groupId } = this.#settings
    if (groupId === undefined) return
    const moved = offsetsOf(parsePosition(position)).filter(
      (one) => this.#acknowledged.get(placeOf(one)) !== one.offset,
    )
    if (moved.length === 0) return
    try {
      await this.#client!.admin().alterGroupOffsets(groupId, moved, this.#closed.signal)
      for (const one of moved) this.#acknowledged.set(placeOf(one), one.offset)
    } catch (failure) {
      this.#notAcknowledged(CdcError.from(failure), groupId)
    }
  }

  async close(): Promise<void> {
    this.#closed.abort()
    this.#turn?.close()
    await this.#reader?.close()
    await this.#client?.close()
    if (this.#context.keep === undefined) await this.#membership?.[Symbol.asyncDispose]()
  }

  /** Nothing depends on the group's offsets: what passes is made up for by the next acknowledgement. */
  #notAcknowledged(failure: CdcError, group: string): void {
    if (this.#closed.signal.aborted) return
    if (failure.kind !== 'connection' && failure.kind !== 'throttled') throw failure
    this.#context.logger.warn(
      { group, code: failure.code },
      'Offsets could not be committed; they will be with the next',
    )
  }

  async #topics(former: TopicPosition | undefined, signal: AbortSignal): Promise<Topics> {
    const { topics: wanted, discovery } = this.#spec.intake
    if (former !== undefined && former.cluster !== this.#cluster)
      throw intakeError('KAFKA_OTHER_CLUSTER', {
        message: `The position is of cluster ${former.cluster}, and this is cluster ${this.#cluster}.`,
      })
    const topics = await this.#found(former, signal)
    if (former !== undefined) proveThere(former, wanted, topics)
    if (topics.size > 0) return topics
    if (discovery === undefined)
      throw intakeError('KAFKA_TOPIC_NOT_FOUND', {
        message: "No topic matches 'topic-pattern'.",
        where: { option: 'topic-pattern' },
      })
    this.#context.logger.warn({ pattern: String(wanted) }, 'No topic matches yet; they are looked for again')
    return topics
  }

  /** A topic that was read and is gone is another matter than one that was never there. */
  async #found(former: TopicPosition | undefined, signal: AbortSignal): Promise<Topics> {
    const { topics: wanted } = this.#spec.intake
    const admin = this.#client!.admin()
    try {
      return await lookUpTopics(admin, wanted, signal)
    } catch (error) {
      if (former !== undefined && CdcError.is(error) && error.code === 'KAFKA_TOPIC_NOT_FOUND') {
        const names = [...former.topics.keys()].filter((topic) => isWanted(wanted, topic))
        proveThere(former, wanted, names.length === 0 ? new Map() : await admin.describe(names, signal))
      }
      throw error
    }
  }

  /** Where every partition starts: the former place, or for what is new the earliest offset; else `scan.startup.*`. */
  async #start(former: TopicPosition | undefined, topics: Topics, signal: AbortSignal): Promise<ReadPlace> {
    const { startup } = this.#spec.intake
    const place = new ReadPlace(former ?? { cluster: this.#cluster, topics: new Map() })
    if (this.#membership !== undefined) {
      await this.#proveKept(offsetsOf(former!), signal)
      return place
    }
    const partitions = partitionsOf(topics)
    const begun = partitions.filter((one) => place.offset(one) !== undefined)
    const fresh = partitions.filter((one) => place.offset(one) === undefined)
    const mode = former === undefined ? startup : ({ mode: 'earliest-offset' } as const)
    place.begin(await startOffsets(mode, fresh, this.#lookUp, signal), (topic) => topics.get(topic)?.topicId)
    const known = begun.map((one) => ({ ...one, offset: place.offset(one)! }))
    await this.#proveKept(known, signal)
    return place
  }

  /** Throws where records after the position were removed before they were read. */
  async #proveKept(begun: readonly PartitionOffset[], signal: AbortSignal): Promise<void> {
    if (begun.length === 0) return
    const earliest = await this.#client!.admin().offsets(begun, 'earliest', this.#settings.isolation, signal)
    const first = new Map(earliest.map((one) => [placeOf(one), one.offset]))
    for (const { topic, partition, offset } of begun) {
      const there = first.get(placeOf({ topic, partition })) ?? 0n
      if (there > offset)
        throw kafkaError('KAFKA_OFFSET_OUT_OF_RANGE', {
          message: `Topic '${topic}', partition ${partition}: it was read up to offset ${offset}, and the first that is left is ${there}.`,
        })
    }
  }

  async #assign(place: ReadPlace, topics: Topics, signal: AbortSignal): Promise<Assignment> {
    const { topics: wanted, bounds, discovery, properties } = this.#spec.intake
    const { maxPollRecords, isolation } = this.#settings
    // Kafka's default of 500 is for those who handle records one by one
    const maxRecords = properties['max.poll.records'] === undefined ? this.#context.limits.rows : maxPollRecords
    if (this.#turn !== undefined) {
      const partitions = this.#turn.partitions.map((one) => {
        const topicId = topics.get(one.topic)?.topicId
        return { ...one, offset: place.offset(one)!, ...(topicId === undefined ? {} : { topicId }) }
      })
      return new GroupAssignment({ client: this.#client!, partitions, isolation, maxRecords })
    }
    const ends = bounds && (await endOffsets(bounds, partitionsOf(topics), this.#lookUp, signal))
    return new FixedAssignment({
      client: this.#client!,
      logger: this.#context.logger,
      wanted,
      topics,
      place,
      ends,
      discovery,
      isolation,
      maxRecords,
    })
  }

  get #lookUp(): OffsetLookUp {
    const { groupId, isolation, offsetReset: reset } = this.#settings
    return { admin: this.#client!.admin(), groupId, isolation, reset }
  }
}

/** The same from now on, and without a word to the group: for people who watch. */
export function watching({ intake, records }: TopicSourceSpec): TopicSourceSpec {
  const { 'group.id': _, ...properties } = intake.properties
  return { intake: { ...intake, properties, shared: false, startup: { mode: 'latest-offset' } }, records }
}
