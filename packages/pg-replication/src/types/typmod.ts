/**
 * What a column's type modifier says, decoded as each type's `typmodout` does. Sources: PostgreSQL's
 * `src/backend/utils/adt/{numeric,varchar,varbit,timestamp}.c`.
 */

/** Length of varchar and bpchar; the modifier counts a four-byte header. undefined: none. */
export function characterLength(typmod: number): number | undefined {
  return typmod >= 4 ? typmod - 4 : undefined
}

/** Precision and scale of numeric; the scale may be negative or above the precision (PostgreSQL 15 and later). */
export function numericModifier(typmod: number): { precision: number; scale: number } | undefined {
  if (typmod < 4) return undefined
  const packed = typmod - 4
  return { precision: (packed >> 16) & 0xffff, scale: ((packed & 0x7ff) ^ 1024) - 1024 }
}

/** Length of bit and varbit, digits of time, timetz, timestamp and timestamptz: the modifier itself. */
export function plainModifier(typmod: number): number | undefined {
  return typmod >= 0 ? typmod : undefined
}

const fields = ['', 'month', 'year', 'day', '', '', '', '', '', '', 'hour', 'minute', 'second']
const allFields = 0x7fff
const fullPrecision = 0xffff

/** What follows `interval`: ` day to second(3)`, `(4)`, ` year`, or nothing. */
export function intervalModifier(typmod: number): string {
  if (typmod < 0) return ''
  const range = (typmod >> 16) & allFields
  const precision = typmod & 0xffff
  const digits = precision === fullPrecision ? '' : `(${precision})`
  if (range === allFields) return digits
  // Bits are numbered as the server's datetime fields are, so years (2) come after months (1).
  const names = [2, 1, 3, 10, 11, 12].filter((bit) => range & (1 << bit)).map((bit) => fields[bit]!)
  return ` ${names.length > 1 ? `${names[0]} to ${names.at(-1)}` : names[0]}${digits}`
}
