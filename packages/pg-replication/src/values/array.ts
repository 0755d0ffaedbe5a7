import type { Cell } from '@cdc/core'
import { decodeError } from '../decode-errors.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
const BRACKET = 0x5b

/**
 * Reads an array's text as the server prints it (manual, "Array Input and Output Syntax"): `{1,NULL,"a \"b\""}`.
 * Dimensions become nested arrays. An array whose lower bounds are not 1 is printed with them (`[0:1]={a,b}`) and
 * stays that text. Elements go through `element`, NULL excepted.
 *
 * @throws VALUE_MALFORMED
 */
export function parseArray(text: string, delimiter: string, element: (text: string) => Cell): Cell {
  if (text.charCodeAt(0) === BRACKET) return text
  if (text === '{}') return []
  return new ArrayReader(text, delimiter, element).whole()
}

/** The server has at most six dimensions (MAXDIM). */
const MAX_DEPTH = 6

class ArrayReader {
  readonly #text: string
  readonly #delimiter: number
  readonly #element: (text: string) => Cell
  #at = 0

  constructor(text: string, delimiter: string, element: (text: string) => Cell) {
    this.#text = text
    this.#delimiter = delimiter.charCodeAt(0)
    this.#element = element
  }

  whole(): Cell[] {
    if (this.#text.charCodeAt(0) !== OPEN) throw malformed()
    const cells = this.#dimension(1)
    if (this.#at !== this.#text.length) throw malformed()
    return cells
  }

  #dimension(depth: number): Cell[] {
    if (depth > MAX_DEPTH) throw malformed()
    const text = this.#text
    const cells: Cell[] = []
    this.#at++
    for (;;) {
      const first = text.charCodeAt(this.#at)
      if (first === OPEN) cells.push(this.#dimension(depth + 1))
      else if (first === QUOTE) cells.push(this.#element(this.#quoted()))
      else cells.push(this.#plain())
      const next = text.charCodeAt(this.#at++)
      if (next === CLOSE) return cells
      if (next !== this.#delimiter) throw malformed()
    }
  }

  /** From after the opening quote to after the closing one. */
  #quoted(): string {
    const text = this.#text
    let from = ++this.#at
    let unescaped = ''
    for (;;) {
      const code = text.charCodeAt(this.#at)
      if (code === QUOTE) {
        const rest = text.slice(from, this.#at++)
        return unescaped === '' ? rest : unescaped + rest
      }
      // The length is looked at as well as the code: past the end the code is NaN.
      if (this.#at >= text.length) throw malformed()
      if (code === BACKSLASH) {
        unescaped += text.slice(from, this.#at)
        from = ++this.#at
        if (from >= text.length) throw malformed()
      }
      this.#at++
    }
  }

  /** An element without quotes: the server quotes whatever holds a delimiter, brace, quote, backslash or space. */
  #plain(): Cell {
    const text = this.#text
    const from = this.#at
    let code = text.charCodeAt(from)
    while (code !== this.#delimiter && code !== CLOSE) {
      if (this.#at >= text.length || code === QUOTE || code === BACKSLASH || code === OPEN) throw malformed()
      code = text.charCodeAt(++this.#at)
    }
    if (this.#at === from) throw malformed()
    const plain = text.slice(from, this.#at)
    return plain === 'NULL' ? null : this.#element(plain)
  }
}

function malformed() {
  return decodeError('VALUE_MALFORMED', { message: 'An array’s text does not have the form of an array literal.' })
}
