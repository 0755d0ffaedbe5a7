import { constants, isUtf8 } from 'node:buffer'
import { decodeError } from '../decode-errors.ts'

const REPLACEMENT = '\ufffd'

/** Node's own methods under `toString(encoding, from, to)`, which costs more to find them than they cost. */
interface Slices {
  latin1Slice(from: number, to: number): string
  utf8Slice(from: number, to: number): string
}

/** Bytes as Latin-1: character for byte. The string owns its memory. */
export function latin1(buffer: Buffer, from: number, to: number): string {
  return (buffer as Buffer & Slices).latin1Slice(from, to)
}

/** Bytes as UTF-8, unchecked: for names. */
export function utf8(buffer: Buffer, from: number, to: number): string {
  return (buffer as Buffer & Slices).utf8Slice(from, to)
}

/**
 * UTF-8 bytes as a string of its own. Checked: what is no UTF-8 (it can come from SQL_ASCII databases) is an error
 * and never a replacement character. @throws VALUE_ENCODING, VALUE_TOO_LARGE
 */
export function utf8Text(buffer: Buffer, from: number, to: number): string {
  if (to - from > constants.MAX_STRING_LENGTH) throw tooLarge(to - from)
  const text = utf8(buffer, from, to)
  // The check walks the bytes once more, so only where it can find something.
  if (text.includes(REPLACEMENT) && !isUtf8(buffer.subarray(from, to))) {
    throw decodeError('VALUE_ENCODING', { message: 'A text holds bytes that are no UTF-8.' })
  }
  return text
}

/** Bytes below 128 as a string of its own. @throws VALUE_TOO_LARGE */
export function asciiText(buffer: Buffer, from: number, to: number): string {
  if (to - from > constants.MAX_STRING_LENGTH) throw tooLarge(to - from)
  return latin1(buffer, from, to)
}

/** Are all bytes below 128? Four at a time: for texts of a row's size this beats a call of `buffer.isAscii`. */
export function isAsciiRange(view: DataView, from: number, to: number): boolean {
  let bits = 0
  let at = from
  for (; at + 4 <= to; at += 4) bits |= view.getInt32(at)
  for (; at < to; at++) bits |= view.getInt8(at)
  return (bits & 0x80808080) === 0
}

function tooLarge(length: number) {
  return decodeError('VALUE_TOO_LARGE', { message: `A value is ${length} bytes long.` })
}
