import { CdcError, type Position } from '@cdc/core'
import { kafkaError } from '../errors.ts'
import type { GroupClaim } from '../group-claim.ts'
import type { KafkaClient, Producer } from '../port.ts'
import { deliveryError } from './errors.ts'
import type { PositionTopic, StoredPlace } from './position-topic.ts'

export interface GroupPlaceParts {
  readonly client: KafkaClient
  readonly claim: GroupClaim
  /** Where one process alone would keep the position: says from now on that the group has it. */
  readonly positions: PositionTopic
  /** What one process alone would write it with. */
  readonly transactionalId: string
  readonly transactionTimeout: number
  readonly sink: string
}

/** How long is waited for a transaction that keeps what the topic says last from being read. Milliseconds. */
const lookWithin = 1_000

/**
 * Where a sink keeps its position that several processes share: in the offsets of the group through which they share
 * the source, committed with the records in one Kafka transaction (KIP-447). The topic that keeps the position of one
 * process says so, so that neither can go on beside the other or begin anew where the other has ended.
 */
export class GroupPlace {
  readonly #parts: GroupPlaceParts

  private constructor(parts: GroupPlaceParts) {
    this.#parts = parts
  }

  /** Takes over what one process has kept until now, or writes down where the group begins. */
  static async take(parts: GroupPlaceParts): Promise<GroupPlace> {
    const { client, claim, positions, sink } = parts
    const cluster = await client.admin().clusterId()
    if (cluster !== claim.cluster)
      throw deliveryError('KAFKA_CLUSTERS_DIFFER', {
        message: `The source's group is in cluster ${claim.cluster}, and the sink writes to cluster ${cluster}.`,
        where: { sink, option: 'sink.delivery-guarantee' },
      })
    const place = new GroupPlace(parts)
    const group = await place.#groupNow()
    if (group === undefined) await place.#takeOver()
    else {
      positions.mustBe(group, claim.groupId)
      await claim.prove()
    }
    return place
  }

  position(): Promise<Position | undefined> {
    return this.#parts.claim.position()
  }

  /** Is there anything to commit, even without records? */
  moves(position: Position): boolean {
    return this.#parts.claim.moves(position)
  }

  /** The position becomes part of the producer's open transaction. */
  move(producer: Producer, position: Position, signal: AbortSignal): Promise<void> {
    return this.#parts.claim.move(producer, position, signal)
  }

  /** undefined also where that cannot be seen soon: one process has ended in front of its commit. */
  async #groupNow(): Promise<string | undefined> {
    const { client, positions } = this.#parts
    const soon = AbortSignal.timeout(lookWithin)
    const read = positions.stored(client.admin(), soon)
    const { group } = await read.catch((failure: unknown): StoredPlace => {
      if (!soon.aborted) throw failure
      return {}
    })
    return group
  }

  /** In one transaction, under the id of the one process: it is fenced, and of several that do this one succeeds. */
  async #takeOver(): Promise<void> {
    const { client, claim, positions, transactionalId, transactionTimeout } = this.#parts
    const producer = client.producer({ transactionalId, transactionTimeout })
    try {
      await producer.init()
      const { group, position } = await positions.stored(client.admin())
      if (group !== undefined) return positions.mustBe(group, claim.groupId)
      const starts = await claim.starts(position)
      if (starts === undefined) return
      producer.begin()
      await producer.send([positions.groupRecord(claim.groupId)])
      if (starts.length > 0) await producer.sendOffsets!({ groupId: claim.groupId }, starts)
      await producer.commit()
    } catch (failure) {
      if (!CdcError.is(failure) || failure.code !== 'KAFKA_PRODUCER_FENCED') throw failure
      throw kafkaError('KAFKA_REBALANCED', {
        message: 'Another process of this pipeline writes down at this moment where the group begins.',
        cause: failure,
      })
    } finally {
      await producer.close()
    }
  }
}
