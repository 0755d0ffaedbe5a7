import { kafkaError } from '../errors.ts'
import type { Admin, Isolation, PartitionOffset, TopicPartition } from '../port.ts'
import type { OffsetMode } from './offset-options.ts'

export interface OffsetLookUp {
  readonly admin: Admin
  readonly groupId: string | undefined
  readonly isolation: Isolation
  /** `auto.offset.reset`: for partitions without a committed offset. */
  readonly reset: 'earliest' | 'latest' | 'none'
}

type Offsets = Promise<readonly PartitionOffset[]>

/** Where each partition starts. Throws KAFKA_NO_OFFSET where a group has none and nothing else is said. */
export async function startOffsets(
  mode: OffsetMode,
  partitions: readonly TopicPartition[],
  from: OffsetLookUp,
  signal: AbortSignal,
): Offsets {
  if (partitions.length === 0) return []
  switch (mode.mode) {
    case 'group-offsets':
      return committed(partitions, from, from.reset, signal)
    case 'specific-offsets': {
      const named = partitions.flatMap((one) => {
        const offset = mode.offsets.get(one.partition)
        return offset === undefined ? [] : [{ ...one, offset }]
      })
      const rest = partitions.filter(({ partition }) => !mode.offsets.has(partition))
      return [...named, ...(await committed(rest, from, 'earliest', signal))]
    }
    default:
      return at(mode, partitions, from, signal)
  }
}

/** Where each partition ends; those that are not in the answer are not read. */
export async function endOffsets(
  mode: OffsetMode,
  partitions: readonly TopicPartition[],
  from: OffsetLookUp,
  signal: AbortSignal,
): Offsets {
  if (partitions.length === 0) return []
  switch (mode.mode) {
    case 'group-offsets':
      return committed(partitions, from, 'none', signal)
    case 'specific-offsets':
      return partitions.flatMap((one) => {
        const offset = mode.offsets.get(one.partition)
        return offset === undefined ? [] : [{ ...one, offset }]
      })
    default:
      return at(mode, partitions, from, signal)
  }
}

function at(
  mode: Exclude<OffsetMode, { readonly mode: 'specific-offsets' }>,
  partitions: readonly TopicPartition[],
  { admin, isolation }: OffsetLookUp,
  signal: AbortSignal,
): Offsets {
  const spec =
    'timestamp' in mode ? { timestamp: mode.timestamp } : mode.mode === 'latest-offset' ? 'latest' : 'earliest'
  return admin.offsets(partitions, spec, isolation, signal)
}

async function committed(
  partitions: readonly TopicPartition[],
  { admin, groupId, isolation }: OffsetLookUp,
  otherwise: OffsetLookUp['reset'],
  signal: AbortSignal,
): Offsets {
  if (partitions.length === 0) return []
  const found = groupId === undefined ? [] : await admin.groupOffsets(groupId, partitions, signal)
  const rest = partitions.filter(
    ({ topic, partition }) => !found.some((one) => one.topic === topic && one.partition === partition),
  )
  const [first] = rest
  if (first === undefined) return found
  if (otherwise !== 'none') return [...found, ...(await admin.offsets(rest, otherwise, isolation, signal))]
  const group = groupId === undefined ? 'There is no group' : `Group '${groupId}' has no committed offset`
  throw kafkaError('KAFKA_NO_OFFSET', {
    message: `${group} for partition ${first.partition} of topic '${first.topic}'.`,
  })
}
