import { isUtf8 } from 'node:buffer'
import { decodeError } from '../decode-errors.ts'

const letters: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/**
 * A cell of COPY text without its escapes: `\b \f \n \r \t \v`, octal `\101`, hex `\x41`, and any other character
 * for itself. The server writes only the letters and `\\`; numbers stand for bytes of UTF-8.
 *
 * @throws COPY_MALFORMED for a backslash at the end, VALUE_ENCODING for bytes that are no UTF-8
 */
export function withoutEscapes(text: string): string {
  let result = ''
  let from = 0
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', from)) {
    const next = text[at + 1]
    if (next === undefined) throw decodeError('COPY_MALFORMED', { message: 'A cell of COPY ends in a backslash.' })
    if (isNumber(text, at + 1)) return unescapeBytes(text)
    result += text.slice(from, at)
    const letter = letters[next]
    result += letter ?? ''
    // What is no letter of ours stands for itself: it is the first character of the rest.
    from = letter === undefined ? at + 1 : at + 2
    if (next === '\\') {
      result += '\\'
      from = at + 2
    }
  }
  return result + text.slice(from)
}

const BACKSLASH = 0x5c

/**
 * The same for a large cell, as bytes: a text of a hundred megabytes with many escapes would be as many pieces. Gives
 * a buffer of its own. @throws COPY_MALFORMED
 */
export function bytesWithoutEscapes(buffer: Buffer, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(to - from)
  let length = 0
  for (let at = from; at < to; ) {
    const next = buffer.indexOf(BACKSLASH, at)
    const end = next < 0 || next > to ? to : next
    length += buffer.copy(bytes, length, at, end)
    at = end
    // escapes seldom come alone: the next one is looked at here and not searched for
    while (at < to && buffer[at] === BACKSLASH) {
      const size = escapeAt(buffer, at, to)
      bytes[length++] = size.byte
      at += size.length
    }
  }
  return bytes.subarray(0, length)
}

const found = { byte: 0, length: 0 }

/** One escape; the object is the same each time. */
function escapeAt(buffer: Buffer, at: number, to: number): typeof found {
  if (at + 1 >= to) throw decodeError('COPY_MALFORMED', { message: 'A cell of COPY ends in a backslash.' })
  const code = buffer[at + 1]!
  const letter = byteOfLetter[code]!
  if ((code >= 0x30 && code <= 0x37) || code === 0x78) return numberAt(buffer, at, to)
  found.byte = letter === 0 ? code : letter
  found.length = 2
  return found
}

const byteOfLetter = new Uint8Array(256)
for (const [letter, text] of Object.entries(letters)) byteOfLetter[letter.charCodeAt(0)] = text.charCodeAt(0)

/** An octal or hex number; `\x` without digits is an x. */
function numberAt(buffer: Buffer, at: number, to: number): typeof found {
  const text = /^(?:[0-7]{1,3}|x[0-9A-Fa-f]{1,2}|x)/.exec(buffer.toString('latin1', at + 1, Math.min(to, at + 4)))![0]
  if (text === 'x') found.byte = 0x78
  else found.byte = text[0] === 'x' ? Number.parseInt(text.slice(1), 16) : Number.parseInt(text, 8) & 0xff
  found.length = 1 + text.length
  return found
}

function isNumber(text: string, at: number): boolean {
  return /^(?:[0-7]|x[0-9A-Fa-f])/.test(text.slice(at, at + 2))
}

/** The rare cell with a number in it: numbers are bytes, of which several may make one character. */
function unescapeBytes(text: string): string {
  const pieces = text.match(/\\[0-7]{1,3}|\\x[0-9A-Fa-f]{1,2}|\\[\s\S]|[^\\]+/gu) ?? []
  const bytes = Buffer.concat(pieces.map(bytesOf))
  if (!isUtf8(bytes)) throw decodeError('VALUE_ENCODING', { message: 'A cell of COPY holds bytes that are no UTF-8.' })
  return bytes.toString('utf8')
}

function bytesOf(piece: string): Buffer {
  if (piece[0] !== '\\') return Buffer.from(piece)
  if (/^\\[0-7]/.test(piece)) return Buffer.of(Number.parseInt(piece.slice(1), 8) & 0xff)
  if (/^\\x./.test(piece)) return Buffer.of(Number.parseInt(piece.slice(2), 16))
  return Buffer.from(letters[piece[1]!] ?? piece.slice(1))
}
