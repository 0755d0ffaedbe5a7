import type { Position, PositionRules } from '@cdc/core'
import type { PartitionOffset, TopicPartition } from '../port.ts'
import { intakeError } from './errors.ts'

/** How far one topic was read: by partition, the offset to read on from. */
export interface ReadTopic {
  /** A topic that was deleted and made again has another. Undefined where the client does not tell. */
  readonly id: string | undefined
  readonly offsets: ReadonlyMap<number, bigint>
}

/** Where a reader of topics stands. A partition that is not there was not begun. */
export interface TopicPosition {
  readonly cluster: string
  readonly topics: ReadonlyMap<string, ReadTopic>
}

interface Written {
  readonly v: 1
  readonly cluster: string
  readonly topics: Readonly<Record<string, { readonly id?: string; readonly p: Readonly<Record<string, string>> }>>
}

/** The same text for the same place. */
export function formatPosition({ cluster, topics }: TopicPosition): Position {
  const written: Record<string, Written['topics'][string]> = {}
  for (const topic of [...topics.keys()].sort()) {
    const { id, offsets } = topics.get(topic)!
    const p: Record<string, string> = {}
    for (const [partition, offset] of offsets) p[partition] = String(offset)
    written[topic] = id === undefined ? { p } : { id, p }
  }
  return JSON.stringify({ v: 1, cluster, topics: written } satisfies Written)
}

/** Throws KAFKA_POSITION for anything that this package has not written. */
export function parsePosition(text: Position): TopicPosition {
  const read = written(text)
  if (read === undefined) throw intakeError('KAFKA_POSITION', { message: 'This is no position of a Kafka source.' })
  const topics = new Map<string, ReadTopic>()
  for (const [topic, { id, p }] of Object.entries(read.topics)) {
    const offsets = new Map(Object.entries(p).map(([partition, offset]) => [Number(partition), BigInt(offset)]))
    topics.set(topic, { id, offsets })
  }
  return { cluster: read.cluster, topics }
}

function written(text: Position): Written | undefined {
  try {
    const read = JSON.parse(text) as Partial<Written> | null
    const { v, cluster, topics } = read ?? {}
    if (v !== 1 || typeof cluster !== 'string' || typeof topics !== 'object' || topics === null) return undefined
    const whole = Object.values(topics).every(
      ({ id, p }) =>
        (id === undefined || typeof id === 'string') &&
        Object.entries(p).every(([partition, offset]) => /^\d+$/.test(partition) && /^\d+$/.test(offset)),
    )
    return whole ? (read as Written) : undefined
  } catch {
    return undefined
  }
}

/** Every partition of it with its offset. */
export function offsetsOf({ topics }: TopicPosition): PartitionOffset[] {
  return [...topics].flatMap(([topic, { offsets }]) =>
    [...offsets].map(([partition, offset]) => ({ topic, partition, offset })),
  )
}

/** How a change says which record it is from: its transaction's id. */
export function recordId(place: string, offset: bigint): string {
  return `${place}@${offset}`
}

/** What `recordId` begins with, the same for all records of a partition. */
export const placeOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`

/** Are both of one cluster, and no topic of both two topics of one name? */
function related(a: TopicPosition, b: TopicPosition): boolean {
  if (a.cluster !== b.cluster) return false
  for (const [topic, { id }] of a.topics) {
    const other = b.topics.get(topic)?.id
    if (id !== undefined && other !== undefined && id !== other) return false
  }
  return true
}

/** Is everything that was read in `a` read in `b` too? */
function within(a: TopicPosition, b: TopicPosition): boolean {
  for (const [topic, { offsets }] of a.topics) {
    const others = b.topics.get(topic)?.offsets
    for (const [partition, offset] of offsets) {
      const other = others?.get(partition)
      if (other === undefined || offset > other) return false
    }
  }
  return true
}

const least = (a: bigint, b: bigint) => {
  if (a < b) return a
  return b
}

/** A partition that one of them has not begun is not in the lowest. */
function lower(a: TopicPosition, b: TopicPosition): TopicPosition {
  const topics = new Map<string, ReadTopic>()
  for (const [topic, { id, offsets }] of together(a, b).topics) {
    const other = b.topics.get(topic)
    if (other === undefined) continue
    const both = [...offsets].flatMap(([partition, offset]): [number, bigint][] => {
      const one = other.offsets.get(partition)
      return one === undefined ? [] : [[partition, least(one, offset)]]
    })
    topics.set(topic, { id: id ?? other.id, offsets: new Map(both) })
  }
  return { cluster: a.cluster, topics }
}

function higher(a: TopicPosition, b: TopicPosition): TopicPosition {
  const topics = new Map(together(a, b).topics)
  for (const [topic, { id, offsets }] of b.topics) {
    const own = topics.get(topic)
    const both = new Map(own?.offsets)
    for (const [partition, offset] of offsets) {
      const one = both.get(partition)
      if (one === undefined || one < offset) both.set(partition, offset)
    }
    topics.set(topic, { id: own?.id ?? id, offsets: both })
  }
  return { cluster: a.cluster, topics }
}

/** The first of two that can be compared. */
function together(a: TopicPosition, b: TopicPosition): TopicPosition {
  if (related(a, b)) return a
  const what =
    a.cluster === b.cluster ? 'A topic was made again between two positions' : 'Two positions are of two clusters'
  throw intakeError(a.cluster === b.cluster ? 'KAFKA_TOPIC_LOST' : 'KAFKA_OTHER_CLUSTER', {
    message: `${what}, so that they have no order.`,
  })
}

function describe({ topics }: TopicPosition): string {
  const all = [...topics].flatMap(([topic, { offsets }]) =>
    [...offsets].map(([partition, offset]) => `${topic}-${partition} at ${offset}`),
  )
  if (all.length <= 4) return all.length === 0 ? 'no partitions' : all.join(', ')
  return `${all.slice(0, 3).join(', ')} and ${all.length - 3} more partitions`
}

/** The arithmetic of positions: a partial order, since partitions are read side by side. */
export const topicPositions: PositionRules = {
  compare(first, second) {
    const [a, b] = [parsePosition(first), parsePosition(second)]
    if (!related(a, b)) return undefined
    const [below, above] = [within(a, b), within(b, a)]
    if (below && above) return 0
    return below ? -1 : above ? 1 : undefined
  },
  lowest: (positions) => formatPosition(positions.map(parsePosition).reduce(lower)),
  contains(position) {
    const read = new Map(offsetsOf(parsePosition(position)).map((one) => [placeOf(one), one.offset]))
    return ({ kind, origin }) => {
      const id = origin.transaction.id
      if (kind === 'schema' || id === undefined) return false
      return origin.offset < (read.get(id.slice(0, id.lastIndexOf('@'))) ?? -1n)
    }
  },
  settled: () => true,
  merge: (own, read) => formatPosition(higher(parsePosition(own), parsePosition(read))),
  parts: (position) => {
    const { cluster, topics } = parsePosition(position)
    return new Map(
      [...topics].flatMap(([topic, { id, offsets }]) =>
        [...offsets].map(([partition, offset]): [string, Position] => [
          placeOf({ topic, partition }),
          formatPosition({ cluster, topics: new Map([[topic, { id, offsets: new Map([[partition, offset]]) }]]) }),
        ]),
      ),
    )
  },
  join: (parts) => formatPosition([...parts.values()].map(parsePosition).reduce(higher)),
  place: ({ transaction, offset }) => transaction.id ?? String(offset),
  describe: (position) => describe(parsePosition(position)),
}
