import type { Cell, DataType } from '@cdc/core'
import type { JsonValues } from '../options.ts'
import { decimalText, doubleText, floatText, javaDecimalText, plainDecimalText } from './number-text.ts'
import { quoted } from './quoted.ts'

/** The JSON text of a cell that is neither null nor undefined. */
export type CellWriter = (cell: never) => string

/** How cells of a type are written. */
export function cellWriter(type: DataType, values: JsonValues): CellWriter {
  switch (type.kind) {
    case 'boolean':
    case 'int16':
    case 'int32':
    case 'int64':
      return String
    case 'float32':
      return floatText
    case 'float64':
      return doubleText
    case 'decimal':
      return decimalWriter(values['encode.decimal-as-plain-number'])
    case 'bytes':
      return base64
    case 'uuid':
    case 'date':
    case 'time':
    case 'timetz':
      return unescaped
    case 'timestamp':
      return values['timestamp-format.standard'] === 'SQL' ? unescaped : isoTimestamp
    case 'timestamptz':
      return values['timestamp-format.standard'] === 'SQL' ? sqlInstant : isoInstant
    case 'json':
      return values['encode.embedded-json'] ? embedded : quoted
    case 'array':
      return arrayWriter(cellWriter(type.element, values))
    case 'string':
    case 'xml':
    case 'interval':
    case 'enum':
    case 'other':
      return quoted
  }
}

function decimalWriter(plain: boolean | undefined): CellWriter {
  if (plain === undefined) return decimalText
  return plain ? plainDecimalText : javaDecimalText
}

/** These have no character that JSON escapes. */
const unescaped = (text: string) => `"${text}"`

const base64 = (bytes: Uint8Array) =>
  `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}"`

/** `2024-02-29T10:34:56`; infinities have no blank and stay. */
const isoTimestamp = (text: string) => `"${text.replace(' ', 'T')}"`

function sqlInstant(text: string): string {
  // nearly always: `2024-02-29 10:34:56+00`, else an era behind it, or an infinity
  return text.endsWith('+00') ? `"${text.slice(0, -3)}Z"` : `"${text.replace('+00', 'Z')}"`
}

const isoInstant = (text: string) => sqlInstant(text).replace(' ', 'T')

/** A document's text as it is, in one line: a line break in it can only be white space. */
function embedded(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]+/g, ' ') : text
}

function arrayWriter(element: CellWriter): CellWriter {
  const write = (cell: Cell): string => {
    // an array whose lower bounds are not 1 came as the server's text
    if (typeof cell === 'string') return quoted(cell)
    const elements = cell as readonly Cell[]
    return `[${elements.map((one) => (one === null ? 'null' : Array.isArray(one) ? write(one) : element(one as never))).join(',')}]`
  }
  return write
}
