import type { Cell, DataType } from '@cdc/core'
import { decodeError } from '../decode-errors.ts'
import { parseArray } from './array.ts'
import { bytesFromText } from './bytea.ts'
import { bigintFromText, integerFromText } from './integer.ts'

/** From the server's text of a value to its cell. Never given NULL. @throws VALUE_MALFORMED */
export type ValueParser = (text: string) => Cell

/**
 * The one parser of a type: COPY and the replication stream both use it (or a faster twin with the same results), so
 * the same stored value gives the same cell whichever way it came. The sessions must be pinned: DateStyle ISO,
 * IntervalStyle postgres, TimeZone UTC, bytea_output hex, extra_float_digits 3.
 *
 * `delimiter` separates the elements of an array (`ColumnType.delimiter`).
 */
export function valueParser(type: DataType, delimiter = ','): ValueParser {
  switch (type.kind) {
    case 'boolean':
      return booleanFromText
    case 'int16':
    case 'int32':
      return (text) => integerFromText(text, 0, text.length)
    case 'int64':
      return (text) => bigintFromText(text, 0, text.length)
    case 'float32':
      return float32FromText
    case 'float64':
      return floatFromText
    case 'bytes':
      return bytesFromText
    case 'array': {
      const element = valueParser(type.element, ',')
      return (text) => parseArray(text, delimiter, element)
    }
    default:
      return (text) => text
  }
}

export function booleanFromText(text: string): boolean {
  if (text === 't') return true
  if (text === 'f') return false
  throw noBoolean()
}

export function booleanFromBytes(buffer: Uint8Array, from: number, to: number): boolean {
  if (to - from === 1) {
    if (buffer[from] === 0x74) return true
    if (buffer[from] === 0x66) return false
  }
  throw noBoolean()
}

function noBoolean() {
  return decodeError('VALUE_MALFORMED', { message: 'A text is neither t nor f, though its column is boolean.' })
}

/** The server prints the shortest text that gives the same double again. */
export function floatFromText(text: string): number {
  const value = Number(text)
  if ((Number.isNaN(value) && text !== 'NaN') || text === '') {
    throw decodeError('VALUE_MALFORMED', { message: 'A text is no number, though its column is a float.' })
  }
  return value
}

/** The smallest float32 that has all its digits. */
const NORMAL = 2 ** -126

/**
 * From 12 on the server prints the fewest digits that give the same float32 again, as for doubles. Before, it prints
 * nine: 3.29999995 for 3.3. Those are brought to the fewest, so that a value does not change with the server.
 */
export function float32FromText(text: string): number {
  const value = floatFromText(text)
  if (text.length < 9) return value
  const single = Math.fround(value)
  for (let digits = Math.abs(single) < NORMAL ? 1 : 6; digits < 9; digits++) {
    const shorter = Number(single.toPrecision(digits))
    if (Math.fround(shorter) === single) return shorter
  }
  return value
}
