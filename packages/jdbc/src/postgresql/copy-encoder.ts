import type { Cell, Column, Row } from '@cdc/core'
import { error } from '../errors.ts'
import { type CellText, cellText, hexDigits } from './cell-text.ts'

const chunkLength = 128 * 1024
const special = /[\\\t\n\r]/
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** Texts are escaped in parts of this length: `replace` keeps a list of all that it found. */
const part = 16 * 1024

/** A text as a field of COPY's text format. */
export function copyField(text: string): string {
  if (!special.test(text)) return text
  if (text.length <= part) return escaped(text)
  const parts: string[] = []
  for (let from = 0; from < text.length; from += part) parts.push(escaped(text.slice(from, from + part)))
  return parts.join('')
}

function escaped(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => escapes[character]!)
}

type Field = (cell: Exclude<Cell, null | undefined>) => string

/** Numbers and booleans can hold nothing that COPY takes for its own. */
const plain = new Set(['boolean', 'int16', 'int32', 'int64', 'float32', 'float64'])

/** One column of the rows to be written: where its cell is in a row, and how its text is made. */
export interface CopyColumn {
  readonly index: number
  readonly field: Field
}

export function copyColumn(column: Column, index: number, textual: boolean): CopyColumn {
  const text: CellText = cellText(column.type, textual, column.native)
  const escaped = (cell: Exclude<Cell, null | undefined>) => copyField(text(cell))
  if (plain.has(column.type.kind)) return { index, field: text }
  // the one backslash of a bytea is known: its digits, two a byte, are neither searched nor copied for it
  if (column.type.kind === 'bytes')
    return { index, field: (cell) => (cell instanceof Uint8Array ? `\\\\x${hexDigits(cell)}` : escaped(cell)) }
  return { index, field: escaped }
}

/**
 * Rows as CopyData messages in COPY's text format
 * (https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2). Rows gather in one string, which is
 * written to bytes once.
 */
export class CopyEncoder {
  readonly #columns: readonly CopyColumn[]
  #text = ''

  constructor(columns: readonly CopyColumn[]) {
    this.#columns = columns
  }

  /** Adds a row; gives a message when enough have gathered. A cell that is undefined is a mistake of the caller. */
  add(row: Row): Buffer | undefined {
    const columns = this.#columns
    let text = this.#text
    for (let i = 0; i < columns.length; i++) {
      const { index, field } = columns[i]!
      const cell = row[index]
      if (i > 0) text += '\t'
      if (cell === null) text += '\\N'
      else if (cell === undefined) throw new TypeError('A cell that the source did not send cannot be inserted')
      else text += field(cell)
    }
    this.#text = `${text}\n`
    return this.#text.length < chunkLength ? undefined : this.take()
  }

  /** Adds fields that are COPY text already. */
  addFields(fields: readonly string[]): Buffer | undefined {
    this.#text += `${fields.join('\t')}\n`
    return this.#text.length < chunkLength ? undefined : this.take()
  }

  /** The rest. undefined: there is none. */
  take(): Buffer | undefined {
    if (this.#text === '') return undefined
    const text = this.#text
    this.#text = ''
    return copyData(text)
  }
}

function copyData(text: string): Buffer {
  const length = Buffer.byteLength(text)
  if (length !== text.length && !text.isWellFormed())
    throw error('VALUE_REFUSED', { message: 'A text holds half of a surrogate pair, which UTF-8 cannot hold.' })
  const message = Buffer.allocUnsafe(length + 5)
  message[0] = 0x64
  message.writeInt32BE(length + 4, 1)
  message.write(text, 5, length, length === text.length ? 'latin1' : 'utf8')
  return message
}
