import { createHash } from 'node:crypto'
import type { Cell, DataType } from '@cdc/core'
import { boundedElements } from '../text/array-literal.ts'
import { quoted } from '../text/json-text.ts'
import type { Codec, Present, ValueModes } from './codec.ts'

/** Elements can be null, whatever Debezium says of those of enums and tsvectors: it loses arrays that hold one. */
export function arrayCodec(element: Codec, type: DataType, modes: ValueModes): Codec {
  const write = (cells: readonly Cell[]): string | undefined => {
    let text = ''
    for (const cell of cells) {
      const one =
        cell === null || cell === undefined
          ? 'null'
          : Array.isArray(cell)
            ? nested(cell)
            : element.write(cell as Present)
      if (one === undefined) return undefined
      text += text === '' ? one : `,${one}`
    }
    return `[${text}]`
  }
  const nested = (cells: readonly Cell[]) => (modes.nested ? write(cells) : undefined)
  const placeholder = arrayPlaceholder(element, type, modes)
  return {
    schema: { type: 'array', items: { ...element.schema, optional: true }, optional: true },
    write: (cell) => {
      const cells = typeof cell === 'string' ? boundedElements(cell, (text) => elementCell(text, type)) : cell
      return cells === undefined ? undefined : write(cells as readonly Cell[])
    },
    filler: '[]',
    ...(placeholder === undefined ? {} : { placeholder }),
  }
}

/** What Debezium puts in the place of an array that was not sent: numbers are the placeholder's bytes. */
function arrayPlaceholder(element: Codec, type: DataType, { placeholder }: ValueModes): string | undefined {
  const numbers = `[${Array.from(new Int8Array(placeholder.bytes)).join(',')}]`
  switch (type.kind) {
    case 'string':
    case 'json':
      return `[${quoted(placeholder.text)}]`
    case 'bytes':
      return `[${element.placeholder}]`
    case 'uuid':
      return `["${nameUuid(placeholder.bytes)}"]`
    case 'int32':
    case 'int64':
      return numbers
    case 'date':
      return element.schema.type === 'int32' ? numbers : undefined
    default:
      return undefined
  }
}

/** Java's UUID.nameUUIDFromBytes: version 3 without a name space. */
function nameUuid(bytes: Buffer): string {
  const hash = createHash('md5').update(bytes).digest()
  hash[6] = (hash[6]! & 0x0f) | 0x30
  hash[8] = (hash[8]! & 0x3f) | 0x80
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** An element that came as the server's text. */
export function elementCell(text: string, type: DataType): Cell {
  switch (type.kind) {
    case 'boolean':
      return text === 't'
    case 'int64':
      return BigInt(text)
    case 'int16':
    case 'int32':
    case 'float32':
    case 'float64':
      return Number(text)
    case 'bytes':
      return Buffer.from(text.slice(2), 'hex')
    default:
      return text
  }
}
