/** Thrown for a schema that cannot be read; the message completes "Option 'schema' ...". */
export class SchemaFault extends Error {}

interface Token {
  readonly type: 'word' | 'name' | 'number' | 'text' | 'sign' | 'end'
  /** As written, without quotes. */
  readonly value: string
}

const patterns: readonly [Token['type'], RegExp][] = [
  ['word', /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['name', /`((?:[^`]|``)+)`|"((?:[^"]|"")+)"/y],
  ['number', /\d+/y],
  ['text', /'(?:[^']|'')*'/y],
  // brackets and commas; what else there is, is refused where it stands
  ['sign', /\S/uy],
]

/** Walks through the words of a schema. Key words are matched without regard to case, names as they are. */
export class SchemaTokens {
  readonly #tokens: Token[] = []
  #next = 0

  constructor(text: string) {
    let at = skipSpace(text, 0)
    while (at < text.length) {
      const found = matchAt(text, at)
      this.#tokens.push(found.token)
      at = skipSpace(text, found.end)
    }
  }

  get atEnd(): boolean {
    return this.#next === this.#tokens.length
  }

  /** The word ahead in upper case, or the sign; '' for anything else. */
  peek(offset = 0): string {
    const token = this.#tokens[this.#next + offset]
    if (token === undefined) return ''
    return token.type === 'word' ? token.value.toUpperCase() : token.type === 'sign' ? token.value : ''
  }

  /** Takes these words or signs when they all come next. */
  take(...words: string[]): boolean {
    if (!words.every((word, i) => this.peek(i) === word)) return false
    this.#next += words.length
    return true
  }

  expect(...words: string[]): void {
    if (!this.take(...words)) throw new SchemaFault(`has ${this.#shown()} where '${words.join(' ')}' should be`)
  }

  /** A name: a bare word, or anything in backticks or double quotes. */
  name(): string {
    const token = this.#tokens[this.#next]
    if (token?.type !== 'word' && token?.type !== 'name')
      throw new SchemaFault(`has ${this.#shown()} where the name of a column should be`)
    this.#next++
    return token.value
  }

  number(): number {
    const token = this.#tokens[this.#next]
    if (token?.type !== 'number') throw new SchemaFault(`has ${this.#shown()} where a number should be`)
    this.#next++
    return Number(token.value)
  }

  /** A text in single quotes. */
  text(): string {
    const token = this.#tokens[this.#next]
    if (token?.type !== 'text') throw new SchemaFault(`has ${this.#shown()} where a text in quotes should be`)
    this.#next++
    return token.value
  }

  #shown(): string {
    const token = this.#tokens[this.#next]
    return token === undefined ? 'its end' : `'${token.value}'`
  }
}

function matchAt(text: string, at: number): { token: Token; end: number } {
  for (const [type, pattern] of patterns) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) continue
    const value =
      type === 'name'
        ? (match[1]?.replaceAll('``', '`') ?? match[2]!.replaceAll('""', '"'))
        : type === 'text'
          ? match[0].slice(1, -1).replaceAll("''", "'")
          : match[0]
    return { token: { type, value }, end: pattern.lastIndex }
  }
  throw new SchemaFault(`cannot be read at '${text.slice(at, at + 20)}'`)
}

function skipSpace(text: string, at: number): number {
  const space = /(?:\s|--[^\n]*)*/y
  space.lastIndex = at
  space.exec(text)
  return space.lastIndex
}
