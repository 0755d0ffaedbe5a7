import type { Dialect } from './options.ts'

/** Thrown where a line cannot be read; says nothing of what is there. */
export class BadLine extends Error {}

/** Texts longer than this are quoted unseen (Jackson's CsvEncoder, MAX_QUOTE_CHECK). */
const LONG = 24

/** One field of a line that was read. `quoted`: it is text in any case, and no null. */
export interface Field {
  readonly text: string
  readonly quoted: boolean
}

/**
 * Writes a text as a field, as Jackson does under Flink: in quotes where it is long or has a character up to the
 * delimiter or quote. So is what would be read as null. undefined: without quotes it cannot be told from others.
 */
export function fieldText(text: string, dialect: Dialect): string | undefined {
  const { quote, none } = dialect
  if (quote === undefined) return bareText(text, dialect)
  if (text !== none && text.length <= LONG && !needsQuotes(text, dialect)) return text
  return quote + escaped(text, dialect) + quote
}

/** Without quotes there is only the escaping character. */
function bareText(text: string, { delimiter, escaping, none }: Dialect): string | undefined {
  if (text === none || /[\r\n]/.test(text) || text.startsWith('#')) return undefined
  if (escaping === undefined) return text.includes(delimiter) ? undefined : text
  return text.replaceAll(escaping, escaping + escaping).replaceAll(delimiter, escaping + delimiter)
}

function needsQuotes(text: string, { delimiter, quote, escaping }: Dialect): boolean {
  const safe = Math.max(delimiter.charCodeAt(0), quote!.charCodeAt(0), 13) + 1
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < safe) return true
  return escaping !== undefined && text.includes(escaping)
}

function escaped(text: string, { quote, escaping }: Dialect): string {
  const plain = escaping === undefined ? text : text.replaceAll(escaping, escaping + escaping)
  return escaping === quote ? plain : plain.replaceAll(quote!, quote! + quote!)
}

/** The fields of one record, which may hold line breaks in quotes. */
export function fieldsOf(line: string, dialect: Dialect): Field[] {
  return new LineReader(line, dialect).fields()
}

class LineReader {
  readonly #line: string
  readonly #dialect: Dialect
  #at = 0

  constructor(line: string, dialect: Dialect) {
    this.#line = line.replace(/\r?\n$/, '')
    this.#dialect = dialect
  }

  fields(): Field[] {
    const fields: Field[] = []
    for (;;) {
      const quoted = this.#dialect.quote !== undefined && this.#line[this.#at] === this.#dialect.quote
      fields.push({ text: quoted ? this.#quoted() : this.#bare(), quoted })
      if (this.#at >= this.#line.length) return fields
      if (this.#line[this.#at] !== this.#dialect.delimiter) throw new BadLine('text behind a closed quotation')
      this.#at++
    }
  }

  #bare(): string {
    const { delimiter, escaping } = this.#dialect
    let text = ''
    for (; this.#at < this.#line.length; this.#at++) {
      const one = this.#line[this.#at]!
      if (one === escaping) text += this.#line[++this.#at] ?? ''
      else if (one === delimiter) break
      else if (one === '\n') throw new BadLine('a line break outside of quotation')
      else text += one
    }
    return text
  }

  #quoted(): string {
    const { quote, escaping } = this.#dialect
    let text = ''
    for (this.#at++; this.#at < this.#line.length; this.#at++) {
      const one = this.#line[this.#at]!
      if (one === escaping && escaping !== quote) text += this.#line[++this.#at] ?? ''
      else if (one !== quote) text += one
      else if (this.#line[this.#at + 1] === quote) text += this.#line[++this.#at]!
      else {
        this.#at++
        return text
      }
    }
    throw new BadLine('a quotation that is not closed')
  }
}
