import type { Buffer } from 'node:buffer'
import { type Connection, type Reader, Writer } from '@platformatic/kafka'
import type { Isolation } from '../../port.ts'
import type { AbortedTransaction } from '../../records/decode.ts'
import type { KafkaSettings } from '../../settings/settings.ts'
import { byTopic } from './by-topic.ts'

export interface PartitionFetch {
  /** The topic's id. */
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

export interface PartitionFetched {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: bigint
  readonly lastStableOffset: bigint
  readonly aborted: readonly AbortedTransaction[]
  readonly records: Buffer | null
}

export interface Fetched {
  readonly errorCode: number
  readonly partitions: readonly PartitionFetched[]
}

const apiKey = 1
const version = 13

/**
 * Fetch, version 13, without a session (https://kafka.apache.org/protocol#The_Messages_Fetch). The batches come as they
 * are: the client's own reader loses an aborted transaction's list where a producer aborted more than once in a fetch,
 * or where the abort marker is in a later one.
 */
export function fetch(
  connection: Connection,
  settings: KafkaSettings,
  isolation: Isolation,
  partitions: readonly PartitionFetch[],
): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    connection.send<Fetched>(
      apiKey,
      version,
      () => body(settings, isolation, partitions),
      (_correlation, _key, _version, reader) => parse(reader),
      true,
      true,
      (error, answer) => (error ? reject(error) : resolve(answer as Fetched)),
    )
  })
}

function body(settings: KafkaSettings, isolation: Isolation, partitions: readonly PartitionFetch[]): Writer {
  const writer = Writer.create()
    .appendInt32(-1)
    .appendInt32(settings.fetchMaxWait)
    .appendInt32(settings.fetchMinBytes)
    .appendInt32(settings.fetchMaxBytes)
    .appendInt8(isolation === 'read_committed' ? 1 : 0)
    .appendInt32(0)
    .appendInt32(-1)
  writer.appendArray(byTopic(partitions), (w, [topic, list]) => {
    w.appendUUID(topic).appendArray(list, (v, { partition, offset }) => {
      v.appendInt32(partition)
        .appendInt32(-1)
        .appendInt64(offset)
        .appendInt32(-1)
        .appendInt64(-1n)
        .appendInt32(settings.maxPartitionFetchBytes)
    })
  })
  return writer
    .appendArray([], () => {})
    .appendString('')
    .appendTaggedFields()
}

function parse(reader: Reader): Fetched {
  // throttle time
  reader.readInt32()
  const errorCode = reader.readInt16()
  reader.readInt32()
  const partitions: PartitionFetched[] = []
  reader.readArray(
    (r) => {
      const topic = r.readUUID()
      r.readArray(
        (p) => {
          partitions.push(readPartition(p, topic))
        },
        true,
        false,
      )
      r.readTaggedFields()
    },
    true,
    false,
  )
  return { errorCode, partitions }
}

function readPartition(reader: Reader, topic: string): PartitionFetched {
  const partition = reader.readInt32()
  const errorCode = reader.readInt16()
  const highWatermark = reader.readInt64()
  const lastStableOffset = reader.readInt64()
  // log start offset
  reader.readInt64()
  const aborted =
    reader.readNullableArray(
      (r) => {
        const one = { producerId: r.readInt64(), firstOffset: r.readInt64() }
        r.readTaggedFields()
        return one
      },
      true,
      false,
    ) ?? []
  // preferred read replica
  reader.readInt32()
  const size = reader.readUnsignedVarInt() - 1
  const records = size > 0 ? reader.buffer.slice(reader.position, reader.position + size) : null
  if (size > 0) reader.skip(size)
  reader.readTaggedFields()
  return { topic, partition, errorCode, highWatermark, lastStableOffset, aborted, records }
}
