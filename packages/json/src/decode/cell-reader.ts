import type { Cell, DataType } from '@cdc/core'
import { Fault } from './fault.ts'
import type { JsonReader } from './json-reader.ts'
import { decimalCell, floatCell, int64Cell, smallIntCell } from './number-cells.ts'
import { dateCell, timeCell, timestampCell, timestamptzCell, timetzCell } from './time-cells.ts'

/** Takes a value that is not null from the record, as a cell. Throws a Fault where it is none of the type. */
export type CellReader = (from: JsonReader) => Cell

/** How cells of a type are read. */
export function cellReader(type: DataType, embeddedJson: boolean): CellReader {
  switch (type.kind) {
    case 'boolean':
      return readBoolean
    case 'int16':
      return (from) => smallIntCell(numeric(from), 16)
    case 'int32':
      return (from) => smallIntCell(numeric(from), 32)
    case 'int64':
      return (from) => int64Cell(numeric(from))
    case 'float32':
      return (from) => floatCell(numeric(from), 32)
    case 'float64':
      return (from) => floatCell(numeric(from), 64)
    case 'decimal':
      return (from) => decimalCell(numeric(from), type)
    case 'string':
      return stringReader(type)
    case 'bytes':
      return (from) => bytesCell(text(from, 'text in base64'))
    case 'uuid':
      return (from) => uuidCell(text(from, 'a UUID'))
    case 'json':
      return embeddedJson ? (from) => from.raw() : anyText
    case 'date':
      return (from) => dateCell(text(from, 'a date'))
    case 'time':
      return (from) => timeCell(text(from, 'a time'), type.precision)
    case 'timetz':
      return (from) => timetzCell(text(from, 'a time with a time zone'), type.precision)
    case 'timestamp':
      return (from) => timestampCell(text(from, 'a timestamp'), type.precision)
    case 'timestamptz':
      return (from) => timestamptzCell(text(from, 'a timestamp with a time zone'), type.precision)
    case 'array':
      return arrayReader(cellReader(type.element, embeddedJson))
    case 'xml':
    case 'interval':
    case 'enum':
      return (from) => text(from, 'text')
    case 'other':
      return anyText
  }
}

function text(from: JsonReader, wanted: string): string {
  if (from.peek() !== '"') throw new Fault(wanted)
  return from.string()
}

/** Numbers may also come as text, as in Flink. */
function numeric(from: JsonReader): string {
  const first = from.peek()
  if (first === '"') return from.string().trim()
  if (first !== '-' && !(first >= '0' && first <= '9')) throw new Fault('a number')
  return from.number()
}

/** Any value: a text's characters, everything else as it is written in the record. */
function anyText(from: JsonReader): string {
  return from.peek() === '"' ? from.string() : from.raw()
}

function readBoolean(from: JsonReader): boolean {
  const first = from.peek()
  const word = first === '"' ? from.string().trim().toLowerCase() : first === 't' || first === 'f' ? from.raw() : ''
  if (word !== 'true' && word !== 'false') throw new Fault('true or false')
  return word === 'true'
}

function stringReader({ fixed, length }: Extract<DataType, { kind: 'string' }>): CellReader {
  if (fixed !== true || length === undefined) return anyText
  return (from) => {
    const read = anyText(from)
    // char(n) is blank padded in its canonical form, and some writers cut blanks off
    return read.length >= length ? read : read + ' '.repeat(Math.max(0, length - [...read].length))
  }
}

function bytesCell(read: string): Uint8Array {
  if (read.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(read)) throw new Fault('text in base64')
  return new Uint8Array(Buffer.from(read, 'base64'))
}

export function uuidCell(read: string): string {
  const uuid = read.toLowerCase()
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) throw new Fault('a UUID')
  return uuid
}

/** PostgreSQL's arrays have at most six dimensions. */
const deepest = 6

function arrayReader(element: CellReader): CellReader {
  const read = (from: JsonReader, depth: number): Cell => {
    if (depth > deepest) throw new Fault(`an array of at most ${deepest} dimensions`)
    const cells: Cell[] = []
    from.array(() => {
      const first = from.peek()
      cells.push(first === 'n' && from.takeNull() ? null : first === '[' ? read(from, depth + 1) : element(from))
    })
    return cells
  }
  return (from) => {
    const first = from.peek()
    if (first === '[') return read(from, 1)
    // the server's text of an array whose lower bounds are not 1
    const server = first === '"' ? from.string() : ''
    if (!/^\[-?\d+:-?\d+\].*=\{.*\}$/s.test(server)) throw new Fault('an array')
    return server
  }
}
