import type { Position } from '@cdc/core'
import type { PartitionOffset, TopicPartition } from '../port.ts'
import { formatPosition, type TopicPosition } from './topic-position.ts'

/** Where this reader stands, as it moves on. */
export class ReadPlace {
  readonly #cluster: string
  readonly #topics = new Map<string, { readonly id: string | undefined; readonly offsets: Map<number, bigint> }>()
  #records = 0n

  constructor({ cluster, topics }: TopicPosition) {
    this.#cluster = cluster
    for (const [topic, { id, offsets }] of topics) {
      this.#topics.set(topic, { id, offsets: new Map(offsets) })
      for (const offset of offsets.values()) this.#records += offset
    }
  }

  /** The sum of all offsets. It rises with every record, so it puts the records of all partitions into one order. */
  get records(): bigint {
    return this.#records
  }

  get position(): Position {
    return formatPosition({ cluster: this.#cluster, topics: this.#topics })
  }

  /** undefined: the partition was not begun. */
  offset({ topic, partition }: TopicPartition): bigint | undefined {
    return this.#topics.get(topic)?.offsets.get(partition)
  }

  /** Everything of the partition below this offset was read. */
  move({ topic, partition }: TopicPartition, offset: bigint): void {
    const { offsets } = this.#topics.get(topic)!
    this.#records += offset - (offsets.get(partition) ?? 0n)
    offsets.set(partition, offset)
  }

  /** Partitions that are begun now. */
  begin(partitions: readonly PartitionOffset[], ids: (topic: string) => string | undefined): void {
    for (const one of partitions) {
      if (!this.#topics.has(one.topic)) this.#topics.set(one.topic, { id: ids(one.topic), offsets: new Map() })
      this.move(one, one.offset)
    }
  }
}
