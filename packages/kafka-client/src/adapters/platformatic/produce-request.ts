import type { Buffer } from 'node:buffer'
import { type Connection, type Reader, Writer } from '@platformatic/kafka'

/** One record batch for one partition. */
export interface PartitionBatch {
  readonly topic: string
  readonly partition: number
  readonly batch: Buffer
}

export interface PartitionAnswer {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly baseOffset: bigint
}

const apiKey = 0
const version = 9

/**
 * Produce, version 9, acks=all (https://kafka.apache.org/protocol#The_Messages_Produce). The client's own call takes
 * records and makes the batches; ours are made already, so that a repeated request is the same bytes.
 */
export function produce(
  connection: Connection,
  transactionalId: string | null,
  timeout: number,
  batches: readonly PartitionBatch[],
): Promise<PartitionAnswer[]> {
  return new Promise((resolve, reject) => {
    connection.send<PartitionAnswer[]>(
      apiKey,
      version,
      () => body(transactionalId, timeout, batches),
      (_correlation, _key, _version, reader) => parse(reader),
      true,
      true,
      (error, answer) => (error ? reject(error) : resolve(answer as PartitionAnswer[])),
    )
  })
}

function body(transactionalId: string | null, timeout: number, batches: readonly PartitionBatch[]): Writer {
  const byTopic = new Map<string, PartitionBatch[]>()
  for (const one of batches) {
    const same = byTopic.get(one.topic)
    if (same === undefined) byTopic.set(one.topic, [one])
    else same.push(one)
  }
  const writer = Writer.create().appendString(transactionalId).appendInt16(-1).appendInt32(timeout)
  writer.appendArray([...byTopic], (w, [topic, partitions]) => {
    w.appendString(topic).appendArray(partitions, (v, { partition, batch }) => {
      v.appendInt32(partition)
        .appendUnsignedVarInt(batch.length + 1)
        .append(batch)
    })
  })
  return writer.appendTaggedFields()
}

function parse(reader: Reader): PartitionAnswer[] {
  const answers: PartitionAnswer[] = []
  reader.readArray(
    (r) => {
      const topic = r.readString()
      r.readArray(
        (p) => {
          answers.push(readPartition(p, topic))
        },
        true,
        false,
      )
      r.readTaggedFields()
    },
    true,
    false,
  )
  return answers
}

function readPartition(reader: Reader, topic: string): PartitionAnswer {
  const partition = reader.readInt32()
  const errorCode = reader.readInt16()
  const baseOffset = reader.readInt64()
  // log append time and log start offset
  reader.skip(16)
  const said: string[] = []
  reader.readArray(
    (r) => {
      r.readInt32()
      const message = r.readNullableString()
      if (message) said.push(message)
      r.readTaggedFields()
    },
    true,
    false,
  )
  const errorMessage = reader.readNullableString() ?? said[0] ?? null
  reader.readTaggedFields()
  return { topic, partition, errorCode, errorMessage, baseOffset }
}
