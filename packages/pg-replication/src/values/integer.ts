import { decodeError } from '../decode-errors.ts'

const MINUS = 0x2d

/** Digits that always fit a double. */
const SAFE_DIGITS = 15

/** An int2 or int4 from its bytes in `buffer`; -0 cannot come. @throws VALUE_MALFORMED */
export function integerFromBytes(buffer: Uint8Array, from: number, to: number): number {
  const negative = from < to && buffer[from] === MINUS
  const first = negative ? from + 1 : from
  if (first >= to || to - first > SAFE_DIGITS) throw malformed()
  let value = 0
  for (let at = first; at < to; at++) {
    const digit = buffer[at]! - 0x30
    if (digit < 0 || digit > 9) throw malformed()
    value = value * 10 + digit
  }
  return negative && value !== 0 ? -value : value
}

/** The same from a string. @throws VALUE_MALFORMED */
export function integerFromText(text: string, from: number, to: number): number {
  const negative = from < to && text.charCodeAt(from) === MINUS
  const first = negative ? from + 1 : from
  if (first >= to || to - first > SAFE_DIGITS) throw malformed()
  let value = 0
  for (let at = first; at < to; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) throw malformed()
    value = value * 10 + digit
  }
  return negative && value !== 0 ? -value : value
}

/**
 * An int8 (or the unsigned oid) from its bytes. Short ones are read as a number first: that costs a third of
 * `BigInt(text)`. @throws VALUE_MALFORMED
 */
export function bigintFromBytes(buffer: Uint8Array, from: number, to: number): bigint {
  if (to - from <= SAFE_DIGITS) return BigInt(integerFromBytes(buffer, from, to))
  const middle = to - 9
  const high = BigInt(integerFromBytes(buffer, from, middle)) * 1_000_000_000n
  const low = BigInt(unsignedFromBytes(buffer, middle, to))
  return buffer[from] === MINUS ? high - low : high + low
}

/** The same from a string. @throws VALUE_MALFORMED */
export function bigintFromText(text: string, from: number, to: number): bigint {
  if (to - from <= SAFE_DIGITS) return BigInt(integerFromText(text, from, to))
  const middle = to - 9
  const high = BigInt(integerFromText(text, from, middle)) * 1_000_000_000n
  const low = BigInt(unsignedFromText(text, middle, to))
  return text.charCodeAt(from) === MINUS ? high - low : high + low
}

/** Nine digits, without a sign. */
function unsignedFromBytes(buffer: Uint8Array, from: number, to: number): number {
  if (buffer[from] === MINUS) throw malformed()
  return integerFromBytes(buffer, from, to)
}

function unsignedFromText(text: string, from: number, to: number): number {
  if (text.charCodeAt(from) === MINUS) throw malformed()
  return integerFromText(text, from, to)
}

function malformed() {
  return decodeError('VALUE_MALFORMED', { message: 'A text is no whole number, though its column’s type is one.' })
}
