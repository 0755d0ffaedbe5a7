import type { Position } from '@cdc/core'
import { type GroupClaim, groupClaim } from '../group-claim.ts'
import type { PartitionOffset, Producer, TopicPartition } from '../port.ts'
import { intakeError } from './errors.ts'
import type { GroupPlaces } from './group-places.ts'
import { type OffsetLookUp, startOffsets } from './look-up-offsets.ts'
import type { Membership } from './membership.ts'
import { ReadPlace } from './read-place.ts'
import { isWanted, partitionsOf, proveThere, type Topics } from './topic-list.ts'
import { offsetsOf, parsePosition, placeOf, type TopicPosition } from './topic-position.ts'
import type { Turn } from './turn.ts'

export interface OffsetClaimParts {
  readonly cluster: string
  readonly lookUp: OffsetLookUp
  readonly wanted: readonly string[] | RegExp
  /** As they are now. */
  readonly topics: Topics
  readonly places: GroupPlaces
  readonly membership: Membership
  readonly turn: Turn
  readonly signal: AbortSignal
}

/** The group's offsets, for the sink that commits them with its records. One a turn. */
export class OffsetClaim implements GroupClaim {
  readonly kind = groupClaim
  readonly cluster: string
  readonly groupId: string
  readonly #parts: OffsetClaimParts
  /** By partition, what was put into a transaction last. */
  readonly #moved = new Map<string, bigint>()

  constructor(parts: OffsetClaimParts) {
    this.#parts = parts
    this.cluster = parts.cluster
    this.groupId = parts.lookUp.groupId!
  }

  async position(): Promise<Position | undefined> {
    const { cluster, lookUp, topics, turn, signal } = this.#parts
    if (turn.partitions.length === 0) return undefined
    const known = await lookUp.admin.groupOffsets(this.groupId, turn.partitions, signal)
    for (const one of known) this.#moved.set(placeOf(one), one.offset)
    if (known.length === 0) return undefined
    const place = new ReadPlace({ cluster, topics: new Map() })
    place.begin(known, (topic) => topics.get(topic)?.topicId)
    return place.position
  }

  async starts(former: Position | undefined): Promise<readonly PartitionOffset[] | undefined> {
    const { lookUp, topics, places, signal } = this.#parts
    const all = partitionsOf(topics)
    if (all.length === 0) return undefined
    if (former !== undefined) return this.#takenOver(parsePosition(former), all)
    // what the group knows may be moved by other members at this moment
    const known = new Set((await lookUp.admin.groupOffsets(this.groupId, all, signal)).map(placeOf))
    const fresh = all.filter((one) => !known.has(placeOf(one)))
    return places.of(fresh, all, signal)
  }

  /** Of one process alone: nobody else moves them, and what it has not begun is new. */
  async #takenOver(had: TopicPosition, all: readonly TopicPartition[]): Promise<readonly PartitionOffset[]> {
    const { cluster, lookUp, wanted, topics, signal } = this.#parts
    if (had.cluster !== cluster)
      throw intakeError('KAFKA_OTHER_CLUSTER', {
        message: `The position is of cluster ${had.cluster}, and this is cluster ${cluster}.`,
      })
    proveThere(had, wanted, topics)
    const known = offsetsOf(had).filter(({ topic }) => isWanted(wanted, topic))
    const begun = new Set(known.map(placeOf))
    const fresh = all.filter((one) => !begun.has(placeOf(one)))
    return [...known, ...(await startOffsets({ mode: 'earliest-offset' }, fresh, lookUp, signal))]
  }

  async prove(): Promise<void> {
    const { lookUp, wanted, topics, signal } = this.#parts
    const all = partitionsOf(topics)
    // of a pattern all topics may be new ones
    if (wanted instanceof RegExp || all.length === 0) return
    if ((await lookUp.admin.groupOffsets(this.groupId, all, signal)).length > 0) return
    throw intakeError('KAFKA_GROUP_FORGOTTEN', {
      message: `Group '${this.groupId}' has no offsets any more, and they were this pipeline's position.`,
    })
  }

  moves(position: Position): boolean {
    return this.#due(position).length > 0
  }

  async move(producer: Producer, position: Position, signal: AbortSignal): Promise<void> {
    const { membership, turn } = this.#parts
    const due = this.#due(position)
    // nothing is committed of a share that may be another's by now, so the group is asked in any case
    const offsets = due.length > 0 ? due : offsetsOf(parsePosition(position))
    await membership.move(turn, producer, offsets, signal)
    for (const one of due) this.#moved.set(placeOf(one), one.offset)
  }

  #due(position: Position): PartitionOffset[] {
    return offsetsOf(parsePosition(position)).filter((one) => this.#moved.get(placeOf(one)) !== one.offset)
  }
}
