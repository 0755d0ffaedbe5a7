import type { Claim, Position } from '@cdc/core'
import type { PartitionOffset, Producer } from './port.ts'

/** The kind of claim that a source gives which reads as a member of a consumer group. */
export const groupClaim = 'kafka-group'

/**
 * The right to move the offsets of a consumer group in a Kafka transaction of one's own (KIP-447), as the member that
 * has these partitions. Good for one share of the group.
 */
export interface GroupClaim extends Claim {
  readonly kind: typeof groupClaim
  /** The id of the cluster that has the group. */
  readonly cluster: string
  readonly groupId: string
  /**
   * Where the group stands in this process's partitions; undefined where it has begun none of them. Offsets in a
   * transaction that is open are waited for.
   */
  position(): Promise<Position | undefined>
  /**
   * Where the partitions begin of which the group knows nothing, to be written down before the first of them is read;
   * undefined: there are no partitions at all yet. `former`: the position that one process has kept until now, which
   * counts more than what the group knows.
   */
  starts(former: Position | undefined): Promise<readonly PartitionOffset[] | undefined>
  /** Throws KAFKA_GROUP_FORGOTTEN where the group has lost its offsets. Only where it had some. */
  prove(): Promise<void>
  /** Would `move` change the group's offsets? */
  moves(position: Position): boolean
  /** Puts the offsets into the producer's open transaction. KAFKA_REBALANCED when the partitions are another's by now. */
  move(producer: Producer, position: Position, signal: AbortSignal): Promise<void>
}

export const isGroupClaim = (claim: Claim): claim is GroupClaim => claim.kind === groupClaim
