import { type CdcError, type Table, tableName } from '@cdc/core'
import { kafkaError } from '../errors.ts'
import type { ProducerRecord } from '../port.ts'
import { type CodecName, codecNamed } from '../records/codecs.ts'
import { encodeBatch, recordBound } from '../records/encode.ts'

/** The header of a batch (format 2), which a record that goes alone needs too. */
const BATCH_HEADER = 61

/** What may be the largest record, in bytes. */
export interface SizeLimits {
  /** `max.request.size`: before compression, as in the Java client. */
  readonly request: number
  /** `max.message.bytes`: what the broker gets, compressed. undefined: not known. */
  readonly topic: number | undefined
  readonly codec: CodecName
}

/** Throws KAFKA_RECORD_TOO_LARGE for a record that nobody would take. Names the key's columns and never a value. */
export function checkSize(record: ProducerRecord, table: Table | undefined, limits: SizeLimits): void {
  const size = recordBound(record) + BATCH_HEADER
  if (size > limits.request) throw tooLarge(table, record.topic, size, limits.request, 'properties.max.request.size')
  if (limits.topic === undefined || size <= limits.topic) return
  // seldom: only now is it worth knowing to the byte
  const exact = sizeAlone(record, limits.codec)
  if (exact > limits.topic) throw tooLarge(table, record.topic, exact, limits.topic, 'max.message.bytes of the topic')
}

function sizeAlone(record: ProducerRecord, codec: CodecName): number {
  const header = { producerId: 0n, producerEpoch: 0, baseSequence: 0, transactional: false, now: 0n }
  return encodeBatch([record], 0, 1, { ...header, codec: codecNamed(codec) }).length
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
