import { error } from '../errors.ts'

/** Confluent's wire format: a byte 0, four bytes of the schema's id (big-endian), then Avro's binary encoding. */
export const FRAME = 5

export function frameOf(id: number): Uint8Array {
  const frame = Buffer.alloc(FRAME)
  frame.writeInt32BE(id, 1)
  return frame
}

/** The id of the schema that a record was written with. */
export function schemaIdOf(record: Uint8Array, part: 'key' | 'value'): number {
  if (record[0] !== 0)
    throw error('AVRO_MAGIC_BYTE', {
      message: `Unknown data format. Magic number does not match: the ${part} of a record ${record.length === 0 ? 'is empty' : `begins with the byte ${record[0]}, not 0`}.`,
    })
  if (record.length < FRAME)
    throw error('AVRO_RECORD', {
      message: `The ${part} of a record has ${record.length} bytes: too few for a schema's id.`,
    })
  return new DataView(record.buffer, record.byteOffset).getInt32(1)
}
