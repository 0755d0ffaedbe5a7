import { error } from '../errors.ts'
import { type AvroType, avroTypeOf, type BinaryReader, binaryReader } from './avro-type.ts'
import { blockCheck } from './block-check.ts'

/** A schema with its reader, compiled once. */
export interface ParsedSchema {
  readonly text: string
  readonly type: AvroType
  readonly canonical: string
  /** Throws AVRO_RECORD where the bytes are no record of this schema. */
  read(bytes: Uint8Array, part: 'key' | 'value'): unknown
}

/** Throws AVRO_SCHEMA. `of`: where it is from, for the message. */
export function parseAvroSchema(text: string, of: string): ParsedSchema {
  let reader: BinaryReader
  let type: AvroType
  try {
    // a primitive may stand without quotes
    const json: unknown = /^[a-z]+$/.test(text) ? text : JSON.parse(text)
    reader = binaryReader(json)
    type = avroTypeOf(json)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw error('AVRO_SCHEMA', { message: `${of} is no Avro schema: ${why}.`, cause })
  }
  const check = blockCheck(type)
  return {
    text,
    type,
    canonical: reader.canonical,
    read(bytes, part) {
      try {
        check?.(bytes)
        return reader.read(bytes)
      } catch (cause) {
        throw error('AVRO_RECORD', {
          message: `The ${part} of a record is not what its schema says: it is cut off, too long, or something else.`,
          cause,
        })
      }
    },
  }
}
