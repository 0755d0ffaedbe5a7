import { type Cell, canonicalFault, type DataType } from '@cdc/core'
import {
  bad,
  clockMicros,
  dateDays,
  dateText,
  decimalText,
  infinitySign,
  timestampMicros,
  timestampMillis,
  timestampText,
  timeText,
  unscaledAt,
} from '@cdc/debezium-json/envelope'
import type { AvroType } from '../schema/avro-type.ts'
import type { AvroWriter } from '../wire/avro-writer.ts'

type Present = Exclude<Cell, null | undefined>

/** How cells of a type are written to an Avro type and read from it. */
export interface CellCodec {
  /** false: it cannot be held. What was written of it then is dropped with its record. */
  write(writer: AvroWriter, cell: Present): boolean
  /** A value as avsc gives it, never null. Throws BadValue. */
  read(value: unknown): Cell
}

/** Compiled once a column. undefined: the Avro type cannot hold the column's. */
export function cellCodec(avro: AvroType, type: DataType): CellCodec | undefined {
  switch (avro.kind) {
    case 'boolean':
      return type.kind === 'boolean' ? booleans : undefined
    case 'int':
      return intCodec(avro, type)
    case 'long':
      return longCodec(avro, type)
    case 'float':
      return type.kind === 'float32' || type.kind === 'float64' ? floats : undefined
    case 'double':
      return type.kind === 'float32' || type.kind === 'float64' ? doubles : undefined
    case 'string':
      return textual.has(type.kind) ? textsOf(type) : undefined
    case 'enum':
      return type.kind === 'enum' || type.kind === 'string' ? symbols(avro.symbols!) : undefined
    case 'bytes':
    case 'fixed':
      return binaryCodec(avro, type)
    case 'array':
      return type.kind === 'array' ? arrayCodec(avro.items!, type.element) : undefined
    default:
      return undefined
  }
}

const booleans: CellCodec = {
  write(writer, cell) {
    writer.boolean(cell as boolean)
    return true
  },
  read: (value) => (typeof value === 'boolean' ? value : bad('true or false')),
}

const floats: CellCodec = {
  write(writer, cell) {
    writer.float(cell as number)
    return true
  },
  read: (value) => (typeof value === 'number' ? value : bad('a number')),
}

const doubles: CellCodec = {
  write(writer, cell) {
    writer.double(cell as number)
    return true
  },
  read: floats.read,
}

/** Types whose cells are texts of the server. */
const textual: ReadonlySet<DataType['kind']> = new Set([
  ...(['string', 'uuid', 'json', 'xml', 'enum', 'interval', 'timetz', 'other'] as const),
  ...(['decimal', 'date', 'time', 'timestamp', 'timestamptz'] as const),
])

const texts: CellCodec = {
  write(writer, cell) {
    if (typeof cell !== 'string') return false
    writer.string(cell)
    return true
  },
  read: (value) => (typeof value === 'string' ? value : bad('a text')),
}

/** A text that has a form must have it: anybody may have written the record. */
function textsOf(type: DataType): CellCodec {
  if (type.kind === 'string') return texts
  const read = (value: unknown): Cell => {
    const text = texts.read(value)
    return canonicalFault(text, type) === undefined ? text : bad(`of type ${type.kind}`)
  }
  return { ...texts, read }
}

function symbols(all: readonly string[]): CellCodec {
  const places = new Map(all.map((symbol, place) => [symbol, place]))
  return {
    write(writer, cell) {
      const place = places.get(cell as string)
      if (place === undefined) return false
      writer.long(place)
      return true
    },
    read: texts.read,
  }
}

const bigOf = (value: unknown): bigint =>
  typeof value === 'bigint'
    ? value
    : typeof value === 'number' && Number.isInteger(value)
      ? BigInt(value)
      : bad('a whole number')

function wholeOf(value: unknown, bits: number): bigint {
  const whole = bigOf(value)
  return BigInt.asIntN(bits, whole) === whole ? whole : bad(`a whole number of ${bits} bits`)
}

const integerOf = (value: unknown, bits: number) => Number(wholeOf(value, bits))

/** A whole number written as it is, and read into the column's own size. */
function integers({ kind }: DataType, bits: 32 | 64): CellCodec | undefined {
  const read = (value: unknown): Cell =>
    kind === 'int64' ? wholeOf(value, 64) : integerOf(value, kind === 'int16' ? 16 : 32)
  if (kind === 'int16' || kind === 'int32')
    return {
      write(writer, cell) {
        writer.long(cell as number)
        return true
      },
      read,
    }
  if (kind !== 'int64') return undefined
  return {
    write(writer, cell) {
      if (bits === 32 && BigInt.asIntN(32, cell as bigint) !== cell) return false
      writer.bigLong(cell as bigint)
      return true
    },
    read,
  }
}

function intCodec({ properties: { logicalType } }: AvroType, type: DataType): CellCodec | undefined {
  if (type.kind === 'date' && logicalType === 'date') return dates
  if (type.kind === 'time' && logicalType === 'time-millis') return times(1000n)
  return integers(type, 32)
}

/** 5881580-07-11 is the last day that 32 bits count. */
const dates: CellCodec = {
  write(writer, cell) {
    if (infinitySign(cell as string) !== 0) return false
    const days = dateDays(cell as string)
    if (days !== (days | 0)) return false
    writer.long(days)
    return true
  },
  read: (value) => dateText(integerOf(value, 32)),
}

/** `units`: a second's. What is finer than they are cannot be held. */
function times(units: bigint): CellCodec {
  const step = 1_000_000 / Number(units)
  return {
    write(writer, cell) {
      const micros = clockMicros(cell as string, 0)
      if (micros % step !== 0) return false
      writer.long(micros / step)
      return true
    },
    read: (value) => timeText(bigOf(value), units),
  }
}

const stamps: Readonly<Record<string, bigint>> = {
  'timestamp-millis': 1000n,
  'local-timestamp-millis': 1000n,
  'timestamp-micros': 1_000_000n,
  'local-timestamp-micros': 1_000_000n,
}

function longCodec({ properties: { logicalType } }: AvroType, type: DataType): CellCodec | undefined {
  if (type.kind === 'time' && logicalType === 'time-micros') return times(1_000_000n)
  if (type.kind === 'timestamp' || type.kind === 'timestamptz') {
    const units = stamps[String(logicalType)]
    return units === undefined ? undefined : timestamps(units, type.kind === 'timestamptz')
  }
  return integers(type, 64)
}

function timestamps(units: bigint, zoned: boolean): CellCodec {
  const count = units === 1000n ? timestampMillis : timestampMicros
  return {
    write(writer, cell) {
      if (infinitySign(cell as string) !== 0) return false
      const text = zoned ? (cell as string).replace('+00', '') : (cell as string)
      const digits = count(text)
      if (digits === undefined) return false
      if (digits.length < 16) writer.long(Number(digits))
      else writer.bigLong(BigInt(digits))
      return true
    },
    read: (value) => timestampText(bigOf(value), units, zoned ? '+00' : ''),
  }
}

function binaryCodec({ kind, size, properties }: AvroType, type: DataType): CellCodec | undefined {
  if (type.kind === 'decimal' && properties.logicalType === 'decimal')
    return decimals(Number(properties.scale ?? 0), Number(properties.precision), size, type)
  if (type.kind !== 'bytes') return undefined
  return {
    write(writer, cell) {
      const bytes = cell as Uint8Array
      if (kind === 'bytes') writer.bytes(bytes)
      else if (bytes.length === size) writer.raw(bytes)
      else return false
      return true
    },
    read: (value) => (value instanceof Uint8Array ? new Uint8Array(value) : bad('bytes')),
  }
}

function decimals(scale: number, precision: number, size: number | undefined, type: DataType): CellCodec {
  const wanted = type.kind === 'decimal' ? type.scale : undefined
  return {
    write(writer, cell) {
      const digits = unscaledAt(cell as string, scale)
      if (digits === undefined || digits.replace(/^-?0*/, '').length > precision) return false
      if (size === undefined) {
        writer.unscaled(digits)
        return true
      }
      const value = BigInt(digits)
      if (BigInt.asIntN(size * 8, value) !== value) return false
      writer.raw(
        Buffer.from(
          BigInt.asUintN(size * 8, value)
            .toString(16)
            .padStart(size * 2, '0'),
          'hex',
        ),
      )
      return true
    },
    read(value) {
      if (!(value instanceof Uint8Array) || value.length === 0) return bad('the bytes of a number')
      const unscaled = BigInt.asIntN(value.length * 8, BigInt(`0x${Buffer.from(value).toString('hex')}`))
      return rescaled(decimalText(unscaled, scale), scale, wanted)
    },
  }
}

/** A decimal with as many digits behind the point as its column has. */
function rescaled(text: string, scale: number, wanted: number | undefined): string {
  if (wanted === undefined || wanted === scale || wanted < 0) return text
  const digits = unscaledAt(text, wanted) ?? bad(`a number of ${wanted} decimals`)
  return decimalText(BigInt(digits), wanted)
}

function arrayCodec(items: AvroType, type: DataType): CellCodec | undefined {
  const nullable = withNull(items)
  const element = nullable === undefined ? undefined : cellCodec(nullable.type, type)
  if (nullable === undefined || element === undefined) return undefined
  const { present, none } = nullable
  const one = (writer: AvroWriter, cell: Cell): boolean => {
    if (cell === null || cell === undefined) {
      if (none === undefined) return false
      writer.long(none)
      return true
    }
    // a dimension more has no place in the schema
    if (Array.isArray(cell)) return false
    if (present !== undefined) writer.long(present)
    return element.write(writer, cell as Present)
  }
  return {
    write(writer, cell) {
      // an array whose bounds do not begin at 1 is a text
      if (!Array.isArray(cell)) return false
      if (cell.length > 0) writer.long(cell.length)
      for (const each of cell as readonly Cell[]) if (!one(writer, each)) return false
      writer.long(0)
      return true
    },
    read: (value) =>
      Array.isArray(value)
        ? value.map((each: unknown) => (each === null ? null : element.read(each)))
        : bad('an array'),
  }
}

/** A type and the branches of its union with null. undefined: a union of other things. */
export interface Nullable {
  readonly type: AvroType
  /** undefined: it is no union. */
  readonly present: number | undefined
  /** undefined: it cannot be null. */
  readonly none: number | undefined
}

export function withNull(avro: AvroType): Nullable | undefined {
  if (avro.kind !== 'union') return { type: avro, present: undefined, none: undefined }
  const branches = avro.branches!
  const none = branches.findIndex(({ kind }) => kind === 'null')
  const present = branches.findIndex(({ kind }) => kind !== 'null')
  if (present < 0 || branches.length > 2 || (branches.length === 2 && none < 0)) return undefined
  return { type: branches[present]!, present, none: none < 0 ? undefined : none }
}
