import { decodeError } from '../decode-errors.ts'

const BACKSLASH = 0x5c
const X = 0x78

/**
 * bytea from its text in `buffer`: hex (`\x0102`, what our connections ask for) or escape (`a\\b\001`). The cell is a
 * copy. @throws VALUE_MALFORMED
 */
export function bytesFromBytes(buffer: Uint8Array, from: number, to: number): Uint8Array {
  return buffer[from] === BACKSLASH && buffer[from + 1] === X && to - from >= 2
    ? hex(buffer, from + 2, to)
    : escaped(buffer, from, to)
}

/** The same from a string, as it stands in an array or in COPY text. @throws VALUE_MALFORMED */
export function bytesFromText(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'latin1')
  return bytesFromBytes(bytes, 0, bytes.length)
}

function hex(buffer: Uint8Array, from: number, to: number): Uint8Array {
  if ((to - from) % 2 !== 0) throw malformed()
  const bytes = new Uint8Array((to - from) / 2)
  for (let at = from, i = 0; at < to; at += 2, i++) {
    const value = (nibble(buffer[at]!) << 4) | nibble(buffer[at + 1]!)
    if (value < 0) throw malformed()
    bytes[i] = value
  }
  return bytes
}

/** -1 for what is no hexadecimal digit: the sign survives the shift and the or. */
function nibble(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

function escaped(buffer: Uint8Array, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from)
  let length = 0
  for (let at = from; at < to; ) {
    const code = buffer[at]!
    if (code !== BACKSLASH) {
      bytes[length++] = code
      at++
    } else if (at + 1 < to && buffer[at + 1] === BACKSLASH) {
      bytes[length++] = BACKSLASH
      at += 2
    } else {
      if (at + 4 > to) throw malformed()
      bytes[length++] = (octal(buffer[at + 1]!, 3) << 6) | (octal(buffer[at + 2]!, 7) << 3) | octal(buffer[at + 3]!, 7)
      at += 4
    }
  }
  return bytes.slice(0, length)
}

function octal(code: number, highest: number): number {
  const digit = code - 0x30
  if (digit < 0 || digit > highest) throw malformed()
  return digit
}

function malformed() {
  return decodeError('VALUE_MALFORMED', { message: 'A bytea’s text is neither in the hex nor in the escape format.' })
}
