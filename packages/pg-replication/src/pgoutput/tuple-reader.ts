import { CdcError, type Cell, type ErrorPlace } from '@cdc/core'
import { bytesFromBytes } from '../values/bytea.ts'
import { ASCII, BIGINT, BOOLEAN, BYTES, FLOAT, INTEGER, TEXT } from '../values/cell-code.ts'
import { bigintFromBytes, integerFromBytes } from '../values/integer.ts'
import { asciiText, isAsciiRange, latin1, utf8Text } from '../values/text.ts'
import { booleanFromBytes, floatFromText } from '../values/value-parser.ts'
import { malformed } from './malformed.ts'
import type { TuplePlan } from './tuple-plan.ts'

const NULL = 0x6e
const UNCHANGED = 0x75
const TEXT_VALUE = 0x74

/**
 * Messages up to this length become one string, and their cells slices of it: one call into the engine a row instead
 * of one a cell. In longer ones each cell gets a string of its own, so that a short cell which somebody keeps (a
 * key) never holds a long row in memory.
 */
const ONE_STRING = 4096

/** Reads TupleData in place. One message at a time: `message` first, then `tuple` for each of its rows. */
export class TupleReader {
  #buffer: Buffer = Buffer.alloc(0)
  #view: DataView = new DataView(new ArrayBuffer(0))
  #start = 0
  #end = 0
  #whole: string | undefined
  /** Where the last tuple ended. */
  position = 0

  /** `buffer` may be filled anew between messages: nothing of its contents is kept. */
  message(buffer: Buffer, start: number, end: number): void {
    if (buffer !== this.#buffer) {
      this.#buffer = buffer
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    }
    this.#start = start
    this.#end = end
    this.#whole = end - start <= ONE_STRING ? latin1(buffer, start, end) : undefined
  }

  /**
   * The row at `at`. Cells of a `keyOnly` row outside the replica identity are undefined: the server sends NULL for
   * them whatever they hold.
   *
   * Longer than other functions here, since it is the loop that all streamed bytes go through.
   */
  tuple(plan: TuplePlan, at: number, keyOnly: boolean): Cell[] {
    const buffer = this.#buffer
    const view = this.#view
    const whole = this.#whole
    const start = this.#start
    const end = this.#end
    const { codes, template } = plan
    const count = codes.length
    if (at + 2 > end || ((buffer[at]! << 8) | buffer[at + 1]!) !== count) throw this.#wrongCount(plan, at)
    const row: Cell[] = template.slice()
    let next = at + 2
    let column = 0
    try {
      for (; column < count; column++) {
        const kind = next < end ? buffer[next++]! : -1
        if (kind === TEXT_VALUE) {
          if (next + 4 > end) throw this.#malformed('a length is cut off', next)
          const length = view.getInt32(next)
          const from = next + 4
          if (length < 0 || length > end - from) throw this.#wrongLength(length, column, next)
          next = from + length
          const code = codes[column]!
          if (whole !== undefined && (code === ASCII || (code === TEXT && isAsciiRange(view, from, next)))) {
            row[column] = whole.slice(from - start, next - start)
          } else if (code === BIGINT) row[column] = bigintFromBytes(buffer, from, next)
          else if (code === INTEGER) row[column] = integerFromBytes(buffer, from, next)
          else row[column] = this.#cell(plan, column, code, from, next)
        } else if (kind === UNCHANGED) row[column] = undefined
        else if (kind !== NULL) throw this.#wrongKind(kind, column, next)
      }
    } catch (error) {
      throw CdcError.from(error).at(placeOf(plan, column))
    }
    this.position = next
    if (keyOnly) clearOthers(plan, row)
    return row
  }

  /** The kinds of cells that are rarer or cost more. */
  #cell(plan: TuplePlan, column: number, code: number, from: number, to: number): Cell {
    const buffer = this.#buffer
    switch (code) {
      case TEXT:
        return utf8Text(buffer, from, to)
      case ASCII:
        return asciiText(buffer, from, to)
      case BOOLEAN:
        return booleanFromBytes(buffer, from, to)
      case FLOAT:
        return floatFromText(asciiText(buffer, from, to))
      case BYTES:
        return bytesFromBytes(buffer, from, to)
      default:
        return plan.parsers[column]!(utf8Text(buffer, from, to))
    }
  }

  #wrongLength(length: number, column: number, at: number): CdcError {
    return this.#malformed(`column ${column + 1} has length ${length}`, at)
  }

  #wrongCount(plan: TuplePlan, at: number): CdcError {
    if (at + 2 > this.#end) return this.#malformed('the row is cut off', at)
    const { schema, name, columns } = plan.relation
    const sent = this.#view.getUint16(at)
    const what = `a row has ${sent} columns, while ${schema}.${name} was described with ${columns.length}`
    return this.#malformed(what, at)
  }

  #wrongKind(kind: number, column: number, next: number): CdcError {
    if (kind === -1) return this.#malformed('the row is cut off', next)
    if (kind === 0x62) return this.#malformed(`column ${column + 1} is binary, which was not asked for`, next - 1)
    return this.#malformed(
      `column ${column + 1} has the unknown kind 0x${kind.toString(16).padStart(2, '0')}`,
      next - 1,
    )
  }

  #malformed(what: string, at: number): CdcError {
    return malformed(what, this.#buffer, this.#start, this.#end, at)
  }
}

function clearOthers(plan: TuplePlan, row: Cell[]): void {
  const { columns } = plan.relation
  for (let i = 0; i < columns.length; i++) if (!columns[i]!.identity) row[i] = undefined
}

function placeOf(plan: TuplePlan, column: number): ErrorPlace {
  const { schema, name, columns } = plan.relation
  return { table: `${schema}.${name}`, column: columns[column]!.name }
}
