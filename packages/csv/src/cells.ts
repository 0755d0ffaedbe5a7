import type { Cell, DataType } from '@cdc/core'
import {
  dateCell,
  decimalCell,
  doubleText,
  Fault,
  floatCell,
  floatText,
  int64Cell,
  javaDecimalText,
  plainDecimalText,
  smallIntCell,
  timeCell,
  timestampCell,
  timestamptzCell,
  timetzCell,
  uuidCell,
} from '@cdc/json/cells'
import type { CsvValues } from './options.ts'

type Present = Exclude<Cell, null | undefined>

/** How cells of a type are a text and back. */
export interface CellText {
  /** Numbers and words are never quoted. */
  readonly bare: boolean
  /** undefined: it cannot be held. */
  write(cell: Present): string | undefined
  /** Throws Fault. */
  read(text: string): Cell
}

export function cellText(type: DataType, values: CsvValues): CellText {
  switch (type.kind) {
    case 'boolean':
      return { bare: true, write: String, read: booleanCell }
    case 'int16':
      return { bare: true, write: String, read: (text) => smallIntCell(text, 16) }
    case 'int32':
      return { bare: true, write: String, read: (text) => smallIntCell(text, 32) }
    case 'int64':
      return { bare: true, write: String, read: int64Cell }
    case 'float32':
      return { bare: true, write: (cell) => unquoted(floatText(cell as number)), read: (text) => signed(text, 32) }
    case 'float64':
      return { bare: true, write: (cell) => unquoted(doubleText(cell as number)), read: (text) => signed(text, 64) }
    case 'decimal':
      return { bare: true, write: decimalWriter(values), read: (text) => decimalCell(text, type) }
    case 'bytes':
      return { bare: false, write: (cell) => Buffer.from(cell as Uint8Array).toString('base64'), read: bytesCell }
    case 'date':
      return { bare: false, write: asIs, read: dateCell }
    case 'time':
      return { bare: false, write: asIs, read: (text) => timeCell(text, type.precision) }
    case 'timetz':
      return { bare: false, write: asIs, read: (text) => timetzCell(text, type.precision) }
    case 'timestamp':
      return { bare: false, write: asIs, read: (text) => timestampCell(text, type.precision) }
    case 'timestamptz':
      return { bare: false, write: instant, read: (text) => timestamptzCell(text, type.precision) }
    case 'uuid':
      return { bare: false, write: asIs, read: uuidCell }
    case 'array':
      return arrayText(cellText(type.element, values), values)
    default:
      return { bare: false, write: asIs, read: (text) => text }
  }
}

const asIs = (cell: Present) => cell as string
const unquoted = (text: string) => text.replaceAll('"', '')
/** As Flink prints it: UTC is `Z`. */
const instant = (cell: Present) => (cell as string).replace('+00', 'Z')
/** `-0.0` keeps its sign. */
const signed = (text: string, bits: 32 | 64) => (/^-0(\.0*)?$/.test(text) ? -0 : floatCell(text, bits))

function booleanCell(text: string): boolean {
  const word = text.trim().toLowerCase()
  if (word !== 'true' && word !== 'false') throw new Fault('true or false')
  return word === 'true'
}

function bytesCell(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Fault('text in base64')
  return new Uint8Array(Buffer.from(text, 'base64'))
}

function decimalWriter(values: CsvValues): CellText['write'] {
  const scientific = values['write-bigdecimal-in-scientific-notation']
  if (scientific === undefined) return asIs
  return (cell) => unquoted((scientific ? javaDecimalText : plainDecimalText)(cell as string))
}

/** Elements between delimiters, without quotes of their own: what would be read as something else is not held. */
function arrayText(element: CellText, values: CsvValues): CellText {
  const delimiter = values['array-element-delimiter']
  const none = values['null-literal'] ?? ''
  const one = (cell: Cell): string | undefined => {
    if (cell === null || cell === undefined) return none
    if (Array.isArray(cell)) return undefined
    const text = element.write(cell as Present)
    return text === undefined || text === none || text.includes(delimiter) ? undefined : text
  }
  return {
    bare: false,
    write(cell) {
      if (!Array.isArray(cell)) return undefined
      const cells = cell as readonly Cell[]
      // an array of one null looks like an empty one
      if (cells.length === 1 && cells[0] === null && none === '') return undefined
      const texts = cells.map(one)
      return texts.includes(undefined) ? undefined : texts.join(delimiter)
    },
    read: (text) =>
      text === '' ? [] : text.split(delimiter).map((each) => (each === none ? null : element.read(each))),
  }
}
