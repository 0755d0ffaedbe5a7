import { type CdcError, type Table, tableName } from '@cdc/core'
import { deliveryError } from './errors.ts'

/** A record that nobody would take. Names the key's columns and never a value. */
export function tooLarge(
  table: Table | undefined,
  topic: string,
  size: number,
  limit: number,
  option: string,
): CdcError {
  const of = table === undefined ? 'A record' : `A record of ${tableName(table)}, ${keyOf(table)},`
  return deliveryError('KAFKA_RECORD_TOO_LARGE', {
    message: `${of} for topic '${topic}' takes ${size} bytes; ${option} allows ${limit}.`,
    ...(table === undefined ? {} : { where: { table: tableName(table) } }),
  })
}

function keyOf({ key, columns }: Table): string {
  return key.length === 0 ? 'which has no key' : `whose key is ${key.map((at) => columns[at]!.name).join(', ')}`
}
