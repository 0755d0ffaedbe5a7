/**
 * A place in PostgreSQL's log (pg_lsn): an unsigned 64-bit number. Always a bigint here; a JavaScript number would
 * lose the low bits, and comparing the text form orders wrongly.
 */
export type Lsn = bigint

const pattern = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/

/** `0/16B3748` as a number. Throws a RangeError for anything else: an empty position is a fault and not zero. */
export function parseLsn(text: string): Lsn {
  const match = pattern.exec(text)
  if (match === null) throw new RangeError(`'${text}' is no log position of PostgreSQL, which look like 0/16B3748`)
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`)
}

/** The number as PostgreSQL prints it: `0/16B3748`. */
export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`
}
