import type { CdcError } from '@cdc/core'
import { decodeError } from '../decode-errors.ts'

/** The first bytes of any message are its type, an OID, a marker and a count: no row value is among them. */
const HEAD = 8

/** A message that does not have its layout. Says where in it and shows its head; never a row value. */
export function malformed(what: string, buffer: Uint8Array, start: number, end: number, at: number): CdcError {
  const head = Buffer.from(buffer.subarray(start, Math.min(end, start + HEAD))).toString('hex')
  const type = start < end ? `'${String.fromCharCode(buffer[start]!)}'` : 'without a type'
  const place = `byte ${at - start} of ${end - start}, it begins with ${head === '' ? 'nothing' : `0x${head}`}`
  return decodeError('PGOUTPUT_MALFORMED', { message: `pgoutput message ${type} cannot be read: ${what} (${place})` })
}
