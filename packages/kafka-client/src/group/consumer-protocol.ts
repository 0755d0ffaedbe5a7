import { Buffer } from 'node:buffer'
import type { TopicPartition } from '../port.ts'

/** What a member tells the group of itself (`ConsumerProtocolSubscription.json`, version 2). */
export interface Subscription {
  readonly topics: readonly string[]
  readonly owned: readonly TopicPartition[]
  readonly generation: number
}

export function encodeSubscription({ topics, owned, generation }: Subscription): Buffer {
  return Buffer.concat([int16(2), array(topics, string), int32(-1), partitionArray(owned), int32(generation)])
}

export function decodeSubscription(data: Buffer): Subscription {
  const cursor = new Cursor(data)
  const version = cursor.int16()
  const topics = cursor.array(() => cursor.string())
  const userData = cursor.bytes()
  const owned = version >= 1 ? cursor.partitions() : []
  // before version 2 the Java client's sticky assignor keeps it in its own bytes
  const generation =
    version >= 2 ? cursor.int32() : userData !== null && userData.length >= 4 ? userData.readInt32BE(0) : -1
  return { topics, owned, generation }
}

/** What the leader gives a member (`ConsumerProtocolAssignment.json`, version 0, which all later ones can read). */
export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  return Buffer.concat([int16(0), partitionArray(partitions), int32(-1)])
}

export function decodeAssignment(data: Buffer): TopicPartition[] {
  if (data.length === 0) return []
  const cursor = new Cursor(data)
  cursor.int16()
  return cursor.partitions()
}

function partitionArray(partitions: readonly TopicPartition[]): Buffer {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition])
  return array([...topics], ([topic, list]) => Buffer.concat([string(topic), array(list, int32)]))
}

function array<T>(items: readonly T[], encode: (item: T) => Buffer): Buffer {
  return Buffer.concat([int32(items.length), ...items.map(encode)])
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([int16(bytes.length), bytes])
}

function int16(value: number): Buffer {
  const out = Buffer.alloc(2)
  out.writeInt16BE(value)
  return out
}

function int32(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeInt32BE(value)
  return out
}

class Cursor {
  readonly #data: Buffer
  #at = 0

  constructor(data: Buffer) {
    this.#data = data
  }

  int16(): number {
    this.#at += 2
    return this.#data.readInt16BE(this.#at - 2)
  }

  int32(): number {
    this.#at += 4
    return this.#data.readInt32BE(this.#at - 4)
  }

  string(): string {
    const length = this.int16()
    this.#at += length
    return this.#data.toString('utf8', this.#at - length, this.#at)
  }

  bytes(): Buffer | null {
    const length = this.int32()
    if (length < 0) return null
    this.#at += length
    return this.#data.subarray(this.#at - length, this.#at)
  }

  array<T>(read: () => T): T[] {
    const count = this.int32()
    return Array.from({ length: Math.max(0, count) }, read)
  }

  partitions(): TopicPartition[] {
    return this.array(() => {
      const topic = this.string()
      return this.array(() => ({ topic, partition: this.int32() }))
    }).flat()
  }
}
