import type { Cell, DataType } from '@cdc/core'
import type { ConnectSchema } from '../encode/connect-schema.ts'
import { hstoreText } from '../text/hstore.ts'
import * as geometry from './geometry-reader.ts'
import { isoInterval, microInterval, structuredInterval } from './interval-reader.ts'
import { JsonNumber, type JsonValue } from './json-value.ts'
import * as read from './scalar-readers.ts'
import * as structured from './structured-reader.ts'

/** How the values of a schema are read, and the type that they have then. */
export interface ValueReader {
  readonly type: DataType
  /** As PostgreSQL would print the type. */
  readonly native: string
  /** Never given null. Throws BadValue. */
  readonly read: (json: JsonValue) => Cell
}

const of = (type: DataType, native: string, reader: ValueReader['read']): ValueReader => ({
  type,
  native,
  read: reader,
})
const other = (native: string, reader: ValueReader['read']) => of({ kind: 'other' }, native, reader)

/** The reader of a schema, by its name where it has one of Debezium's. */
export function readerOf(schema: ConnectSchema): ValueReader {
  const name = (schema.name ?? '').replace(/^io\.debezium\.|^org\.apache\.kafka\.connect\./, '')
  return namedReader(name, schema) ?? plainReader(schema)
}

const MILLIS = 1000n
const MICROS = 1_000_000n
const NANOS = 1_000_000_000n

/** What stands for infinity, in every mode. */
const infinite: Readonly<Record<string, string>> = {
  '2146033979': 'infinity',
  '-2147472691': '-infinity',
  '9223372036825200000': 'infinity',
  '-9223372036832400000': '-infinity',
  '9223372036854775807': 'infinity',
  '-9223372036854775808': '-infinity',
  '+5877611-06-21Z': 'infinity',
  '-5877611-06-22Z': '-infinity',
  '+292278994-08-16T23:00:00Z': 'infinity',
  '-292275055-05-16T23:00:00Z': '-infinity',
  infinity: 'infinity',
  '-infinity': '-infinity',
}

const special = (json: JsonValue) => {
  const text = json instanceof JsonNumber ? json.text : typeof json === 'string' ? json : ''
  return Object.hasOwn(infinite, text) ? infinite[text] : undefined
}

const date = (reader: ValueReader['read']) => of({ kind: 'date' }, 'date', (json) => special(json) ?? reader(json))
const time = (precision: number, reader: ValueReader['read']) =>
  of(precision === 6 ? { kind: 'time' } : { kind: 'time', precision }, precisely('time', precision, 'without'), reader)
const timestamp = (precision: number, reader: ValueReader['read']) =>
  of(
    precision === 6 ? { kind: 'timestamp' } : { kind: 'timestamp', precision },
    precisely('timestamp', precision, 'without'),
    (json) => special(json) ?? reader(json),
  )
const precisely = (name: string, precision: number, zone: string) =>
  `${name}${precision === 6 ? '' : `(${precision})`} ${zone} time zone`
const timestamptz = (reader: ValueReader['read']) =>
  of({ kind: 'timestamptz' }, 'timestamp with time zone', (json) => special(json) ?? reader(json))
const timetz = (reader: ValueReader['read']) => of({ kind: 'timetz' }, 'time with time zone', reader)
const interval = (reader: ValueReader['read']) => of({ kind: 'interval' }, 'interval', reader)

const units = (value: bigint, reader: (value: bigint, units: bigint) => string) => (json: JsonValue) =>
  reader(read.long(json), value)
const withoutZone = (json: JsonValue) => read.text(json).replace(/Z$/, '')

function namedReader(name: string, schema: ConnectSchema): ValueReader | undefined {
  switch (name) {
    case 'time.Date':
    case 'data.Date':
      return date((json) => read.dateText(read.integer(json, 32)))
    case 'time.IsoDate':
      return date((json) => read.isoText(read.text(json), false))
    case 'time.StructuredDate':
      return date(structured.structuredDate)
    case 'time.Time':
    case 'data.Time':
      return time(3, units(MILLIS, read.timeText))
    case 'time.MicroTime':
      return time(6, units(MICROS, read.timeText))
    case 'time.NanoTime':
      return time(6, units(NANOS, read.timeText))
    case 'time.IsoTime':
      return time(6, withoutZone)
    case 'time.StructuredTime':
      return time(6, structured.structuredTime)
    case 'time.Timestamp':
    case 'data.Timestamp':
      return timestamp(3, units(MILLIS, read.timestampText))
    case 'time.MicroTimestamp':
      return timestamp(6, units(MICROS, read.timestampText))
    case 'time.NanoTimestamp':
      return timestamp(6, units(NANOS, read.timestampText))
    case 'time.IsoTimestamp':
      return timestamp(6, (json) => read.isoText(read.text(json), false))
    case 'time.StructuredTimestamp':
      return timestamp(6, (json) => structured.structuredTimestamp(json, ''))
    case 'time.ZonedTimestamp':
      return timestamptz((json) => read.isoText(read.text(json), true))
    case 'time.StructuredZonedTimestamp':
      return timestamptz((json) => structured.structuredTimestamp(json, '+00'))
    case 'time.ZonedTime':
      return timetz((json) => read.text(json).replace(/Z$/, '+00'))
    case 'time.StructuredZonedTime':
      return timetz(structured.structuredZonedTime)
    case 'time.MicroDuration':
      return interval(microInterval)
    case 'time.Interval':
      return interval(isoInterval)
    case 'time.StructuredDuration':
      return interval((json) => structuredInterval(read.object(json)))
    default:
      return dataReader(name, schema)
  }
}

function dataReader(name: string, schema: ConnectSchema): ValueReader | undefined {
  switch (name) {
    case 'data.Decimal':
      return decimalReader(schema)
    case 'data.VariableScaleDecimal':
      return of({ kind: 'decimal' }, 'numeric', variableDecimal)
    case 'data.Bits':
      return bitsReader(Number(schema.parameters?.length))
    case 'data.Json':
      return of({ kind: 'json' }, 'jsonb', read.text)
    case 'data.Xml':
      return of({ kind: 'xml' }, 'xml', read.text)
    case 'data.Uuid':
      return of({ kind: 'uuid' }, 'uuid', read.text)
    case 'data.Enum':
      return of({ kind: 'enum', labels: schema.parameters?.allowed?.split(',') ?? [] }, 'text', read.text)
    case 'data.Ltree':
      return other('ltree', read.text)
    case 'data.Tsvector':
      return other('tsvector', read.text)
    case 'data.geometry.Point':
      return other('point', geometry.point)
    case 'data.geometry.Line':
      return other('line', geometry.line)
    case 'data.geometry.Circle':
      return other('circle', geometry.circle)
    case 'data.geometry.Geometry':
    case 'data.geometry.Geography':
      return other('geometry', geometry.geometry)
    case 'data.DoubleVector':
    case 'data.FloatVector':
      return other('vector', geometry.vector)
    case 'data.SparseDoubleVector':
      return other('sparsevec', geometry.sparseVector)
    default:
      return undefined
  }
}

function plainReader(schema: ConnectSchema): ValueReader {
  switch (schema.type) {
    case 'boolean':
      return of({ kind: 'boolean' }, 'boolean', read.boolean)
    case 'int8':
    case 'int16':
      return of({ kind: 'int16' }, 'smallint', (json) => read.integer(json, 16))
    case 'int32':
      return of({ kind: 'int32' }, 'integer', (json) => read.integer(json, 32))
    case 'int64':
      return of({ kind: 'int64' }, 'bigint', read.long)
    case 'float':
      return of({ kind: 'float32' }, 'real', read.double)
    case 'double':
      return of({ kind: 'float64' }, 'double precision', read.double)
    case 'bytes':
      return of({ kind: 'bytes' }, 'bytea', read.bytes)
    case 'array':
      return arrayReader(readerOf(schema.items!))
    case 'map':
      return other('hstore', hstore)
    case 'struct':
      return other('text', () => read.bad('a struct that is known'))
    default:
      return of({ kind: 'string' }, 'text', read.text)
  }
}

function arrayReader(element: ValueReader): ValueReader {
  const cells = (json: JsonValue): Cell[] =>
    Array.isArray(json)
      ? (json as readonly JsonValue[]).map((one) =>
          // what is nested is a dimension: no element is an array
          one === null ? null : Array.isArray(one) ? cells(one) : element.read(one),
        )
      : read.bad('an array')
  return of({ kind: 'array', element: element.type }, `${element.native}[]`, cells)
}

/** More than PostgreSQL's numeric has. */
const MOST_DECIMALS = 20_000

function decimalReader({ parameters }: ConnectSchema): ValueReader {
  const scale = Number(parameters?.scale ?? 0)
  if (!Number.isInteger(scale) || Math.abs(scale) > MOST_DECIMALS)
    return of({ kind: 'decimal' }, 'numeric', () => read.bad('a number whose schema has a sensible scale'))
  const precision = parameters?.['connect.decimal.precision']
  const type: DataType = {
    kind: 'decimal',
    ...(precision === undefined ? {} : { precision: Number(precision), scale }),
  }
  const native = precision === undefined ? 'numeric' : `numeric(${precision},${scale})`
  return of(type, native, (json) =>
    json instanceof JsonNumber ? read.numberText(json.text, scale) : read.decimalText(read.unscaled(json), scale),
  )
}

function variableDecimal(json: JsonValue): string {
  const parts = read.object(json)
  const scale = read.integer(parts.get('scale') ?? read.bad('the field scale'), 32)
  if (Math.abs(scale) > MOST_DECIMALS) return read.bad('a scale of a sensible size')
  return read.decimalText(read.unscaled(parts.get('value') ?? read.bad('the field value')), scale)
}

const UNLIMITED = 2147483647

/** The bits from the last byte to the first; without a length the zeros in front are lost. */
function bitsReader(length: number): ValueReader {
  const varying = length === UNLIMITED || !(length > 0)
  return other(varying ? 'bit varying' : `bit varying(${length})`, (json) => {
    const bits = [...read.bytes(json)].reverse().map((byte) => byte.toString(2).padStart(8, '0'))
    const text = bits.join('')
    return varying ? text.replace(/^0+(?=.)/, '') : text.padStart(length, '0').slice(-length)
  })
}

function hstore(json: JsonValue): string {
  const pairs = [...read.object(json)].map(([key, value]): [string, string | null] => [
    key,
    value === null ? null : read.text(value),
  ])
  return hstoreText(pairs)
}
