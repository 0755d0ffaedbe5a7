import { type CdcError, type Table, tableName } from '@cdc/core'
import { kafkaError } from '../errors.ts'
import { type CodecName, codecNamed } from '../records/codecs.ts'
import { encodeBatch } from '../records/encode.ts'
import { batchHeaderBytes } from '../records/record-list.ts'
import { type OutgoingRecord, RecordPack } from '../records/record-pack.ts'

/** What may be the largest record, in bytes. */
export interface SizeLimits {
  /** `max.request.size`: before compression, as in the Java client. */
  readonly request: number
  /** `max.message.bytes`: what the broker gets, compressed. undefined: not known. */
  readonly topic: number | undefined
  readonly codec: CodecName
}

/** Throws KAFKA_RECORD_TOO_LARGE for a record that nobody would take. Names the key's columns and never a value. */
export function checkSize(record: OutgoingRecord, table: Table | undefined, limits: SizeLimits): void {
  // nearly all records are far from it
  if (atMost(record) <= Math.min(limits.request, limits.topic ?? limits.request)) return
  const alone = new RecordPack()
  alone.add(record)
  const size = alone.size + batchHeaderBytes
  if (size > limits.request) throw tooLarge(table, record.topic, size, limits.request, 'properties.max.request.size')
  if (limits.topic === undefined || size <= limits.topic) return
  // only now is it worth knowing to the byte
  const exact = sizeAlone(alone, limits.codec)
  if (exact > limits.topic) throw tooLarge(table, record.topic, exact, limits.topic, 'max.message.bytes of the topic')
}

/** A character has at most three bytes in UTF-8 (two have four); numbers before the parts have at most five. */
function atMost({ key, value, headers }: OutgoingRecord): number {
  let bytes = batchHeaderBytes + 40 + 3 * ((key?.length ?? 0) + (value?.length ?? 0))
  if (headers !== undefined) for (const name in headers) bytes += 10 + 3 * (name.length + (headers[name]?.length ?? 0))
  return bytes
}

function sizeAlone(list: RecordPack, codec: CodecName): number {
  const header = { producerId: 0n, producerEpoch: 0, baseSequence: 0, transactional: false, now: 0n }
  return encodeBatch({ list, places: [0], from: 0, to: 1 }, { ...header, codec: codecNamed(codec) }).length
}

function tooLarge(table: Table | undefined, topic: string, size: number, limit: number, option: string): CdcError {
  const of = table === undefined ? 'A record' : `A record of ${tableName(table)}, ${keyOf(table)},`
  return kafkaError('KAFKA_RECORD_TOO_LARGE', {
    message: `${of} for topic '${topic}' takes ${size} bytes; ${option} allows ${limit}.`,
    ...(table === undefined ? {} : { where: { table: tableName(table) } }),
  })
}

function keyOf({ key, columns }: Table): string {
  return key.length === 0 ? 'which has no key' : `whose key is ${key.map((at) => columns[at]!.name).join(', ')}`
}
