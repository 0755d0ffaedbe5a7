import type { CdcError } from '@cdc/core'
import { error } from '../errors.ts'

const quote = 0x22
const blank = /[ \t\n\r]*/y
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** What may not stand in a string as it is, and what makes it longer than it looks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON forbids in strings
const special = /[\\\u0000-\u001f]/

/**
 * Reads one JSON text from front to back. Beside `JSON.parse` because numbers must keep their digits, embedded
 * documents their text, and errors must not quote what they are about.
 */
export class JsonReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Where the next value begins, to come back to with `goTo`. */
  get at(): number {
    return this.#at
  }

  goTo(at: number): void {
    this.#at = at
  }

  /** The first character of the next value, without taking it; '' at the end. */
  peek(): string {
    const code = this.#text.charCodeAt(this.#at)
    if (code <= 0x20) this.#blanks()
    return this.#text.charAt(this.#at)
  }

  /** Takes a character if it is the next. */
  take(character: string): boolean {
    if (this.peek() !== character) return false
    this.#at++
    return true
  }

  expect(character: string): void {
    if (!this.take(character)) throw this.malformed()
  }

  /** Takes `null` if it is the next value. */
  takeNull(): boolean {
    if (this.peek() !== 'n') return false
    this.word('null')
    return true
  }

  word(word: string): void {
    if (!this.#text.startsWith(word, this.#at)) throw this.malformed()
    this.#at += word.length
  }

  /** The text of a number, every digit as written. */
  number(): string {
    numberPattern.lastIndex = this.#at
    const match = numberPattern.exec(this.#text)
    if (match === null) throw this.malformed()
    this.#at = numberPattern.lastIndex
    return match[0]
  }

  string(): string {
    const start = this.#at
    this.#skipString()
    const body = this.#text.slice(start + 1, this.#at - 1)
    return special.test(body) ? (this.#parsed(start) as string) : body
  }

  /** Calls `field` with the name of each field of an object; it must take the value. */
  object(field: (name: string) => void): void {
    this.expect('{')
    if (this.take('}')) return
    do {
      if (this.peek() !== '"') throw this.malformed()
      const name = this.string()
      this.expect(':')
      field(name)
    } while (this.take(','))
    this.expect('}')
  }

  /** Calls `element` for each element of an array; it must take it. */
  array(element: () => void): void {
    this.expect('[')
    if (this.take(']')) return
    do element()
    while (this.take(','))
    this.expect(']')
  }

  /** The text of the next value, whatever it is. */
  raw(): string {
    const start = this.#skipValue()
    return this.#text.slice(start, this.#at)
  }

  /** The whole text was read. */
  end(): void {
    if (this.peek() !== '') throw this.malformed()
  }

  /** Says where, and nothing of what is there. */
  malformed(): CdcError {
    const before = this.#text.slice(0, this.#at)
    const line = before.split('\n').length
    const place = `line ${line}, character ${this.#at - before.lastIndexOf('\n')}`
    const why = this.#at >= this.#text.length ? 'it ends too early' : 'it is no JSON there'
    return error('JSON_MALFORMED', { message: `Failed to deserialize JSON: ${why} (${place} of the record).` })
  }

  #blanks(): void {
    blank.lastIndex = this.#at
    blank.test(this.#text)
    this.#at = blank.lastIndex
  }

  #skipString(): void {
    const text = this.#text
    let end = this.#at
    do {
      end = text.indexOf('"', end + 1)
      if (end < 0) {
        this.#at = text.length
        throw this.malformed()
      }
    } while (text.charCodeAt(end - 1) === 0x5c && isEscaped(text, end))
    this.#at = end + 1
  }

  #skipValue(): number {
    const first = this.peek()
    const start = this.#at
    if (first === '"') this.string()
    else if (first === '{' || first === '[') this.#skipNested(start)
    else if (first === 't') this.word('true')
    else if (first === 'f') this.word('false')
    else if (first === 'n') this.word('null')
    else this.number()
    return start
  }

  /** Finds the closing bracket without recursion, and lets the engine judge what is inside. */
  #skipNested(start: number): void {
    let depth = 0
    do {
      const code = this.#text.charCodeAt(this.#at)
      if (code === quote) {
        this.#skipString()
        continue
      }
      if (Number.isNaN(code)) throw this.malformed()
      if (code === 0x7b || code === 0x5b) depth++
      else if (code === 0x7d || code === 0x5d) depth--
      this.#at++
    } while (depth > 0)
    this.#parsed(start)
  }

  #parsed(start: number): unknown {
    try {
      return JSON.parse(this.#text.slice(start, this.#at))
    } catch {
      // the engine's message would quote the record
      this.#at = start
      throw this.malformed()
    }
  }
}

/** Is the character at `at` behind an odd number of backslashes? */
function isEscaped(text: string, at: number): boolean {
  let count = 0
  while (text.charCodeAt(at - 1 - count) === 0x5c) count++
  return count % 2 === 1
}
