import type { Cell, DataType } from '@cdc/core'

/** A cell that is not null as the text that PostgreSQL reads. */
export type CellText = (cell: Exclude<Cell, null | undefined>) => string

/** How cells of this type are written into a column: `textual` where its type is text, char, varchar, ... */
export function cellText(type: DataType, textual: boolean, native = ''): CellText {
  switch (type.kind) {
    case 'boolean':
      return textual ? (cell) => (cell ? 'true' : 'false') : (cell) => (cell ? 't' : 'f')
    case 'int16':
    case 'int32':
    case 'int64':
      return (cell) => `${cell as number}`
    case 'float32':
    case 'float64':
      // JavaScript prints minus zero as 0
      return (cell) => (Object.is(cell, -0) ? '-0' : `${cell as number}`)
    case 'bytes':
      return (cell) => (typeof cell === 'string' ? cell : `\\x${hexDigits(cell as Uint8Array)}`)
    case 'array':
      return arrayText(type.element, /^(pg_catalog\.)?box\[/.test(native) ? ';' : ',')
    default:
      return (cell) => (typeof cell === 'string' ? cell : String(cell))
  }
}

/** Two digits a byte, without the prefix. */
export function hexDigits(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function arrayText(element: DataType, delimiter: string): CellText {
  const text = cellText(element, false)
  const write = (cells: readonly Cell[]): string => {
    const parts = cells.map((cell) => {
      if (cell === null || cell === undefined) return 'NULL'
      return Array.isArray(cell) ? write(cell) : quoteElement(text(cell))
    })
    return `{${parts.join(delimiter)}}`
  }
  // an array whose bounds do not begin at 1 is kept as the server's text
  return (cell) => (typeof cell === 'string' ? cell : write(cell as readonly Cell[]))
}

const quoteElement = (text: string) =>
  text === '' || /[\s{}",;\\]|^null$/i.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text
