import type { Column, DataType } from '@cdc/core'
import { arrayCodec } from './array-codec.ts'
import { bitsCodec } from './bits-codec.ts'
import type { Codec, ValueModes } from './codec.ts'
import { decimalCodec, moneyCodec } from './decimal-codecs.ts'
import { extensionCodecs } from './extension-codecs.ts'
import { circleCodec, geometryCodecs, lineCodec, pointCodec } from './geometry-codecs.ts'
import { hstoreCodec } from './hstore-codec.ts'
import { intervalCodec } from './interval-codecs.ts'
import {
  booleanCodec,
  bytesCodec,
  doubleCodec,
  enumCodec,
  floatCodec,
  integerCodec,
  namedTextCodec,
  textCodec,
  unknownCodec,
} from './plain-codecs.ts'
import * as structured from './structured-codecs.ts'
import { dateCodec, timeCodec, timestampCodec, zonedTimeCodec, zonedTimestampCodec } from './temporal-codecs.ts'
import { bareName, modifier } from './type-name.ts'

/** How a column is written; undefined: Debezium leaves columns of this type out. */
export function columnCodec({ type, native, base }: Column, modes: ValueModes): Codec | undefined {
  const codec = typeCodec(type, base ?? native, modes)
  return codec === undefined && modes.unknown && type.kind !== 'array' ? unknownCodec(modes) : codec
}

/** The same for a type by itself; undefined: not known. */
function typeCodec(type: DataType, native: string, modes: ValueModes): Codec | undefined {
  if (type.kind === 'array') return arrayOf(type.element, native.replace(/\[\]$/, ''), modes)
  return modes.time === 'structured'
    ? (structuredCodec(type, native) ?? scalarCodec(type, native, modes))
    : scalarCodec(type, native, modes)
}

function structuredCodec(type: DataType, native: string): Codec | undefined {
  switch (type.kind) {
    case 'date':
      return structured.structuredDateCodec
    case 'time':
      return structured.structuredTimeCodec(type.precision)
    case 'timetz':
      return structured.structuredZonedTimeCodec(type.precision)
    case 'timestamp':
      return structured.structuredTimestampCodec(type.precision)
    case 'timestamptz':
      return structured.structuredZonedTimestampCodec(type.precision)
    case 'interval':
      return structured.structuredDurationCodec(modifier(native))
    default:
      return undefined
  }
}

const NO_UUID = '00000000-0000-0000-0000-000000000000'

function scalarCodec(type: DataType, native: string, modes: ValueModes): Codec | undefined {
  switch (type.kind) {
    case 'boolean':
      return booleanCodec
    case 'int16':
    case 'int32':
    case 'int64':
      return integerCodec(type.kind)
    case 'float32':
      return floatCodec
    case 'float64':
      return doubleCodec
    case 'decimal':
      return decimalCodec(type.precision, type.scale, modes)
    case 'string':
      return textCodec(modes, !undefaulted.has(bareName(native)))
    case 'bytes':
      return bytesCodec(modes)
    case 'uuid':
      return namedTextCodec('io.debezium.data.Uuid', modes, NO_UUID)
    case 'json':
      return namedTextCodec('io.debezium.data.Json', modes, '{}')
    case 'xml':
      return namedTextCodec('io.debezium.data.Xml', modes, '')
    case 'date':
      return dateCodec(modes)
    case 'time':
      return timeCodec(type.precision, modes)
    case 'timetz':
      return zonedTimeCodec()
    case 'timestamp':
      return timestampCodec(type.precision, modes)
    case 'timestamptz':
      return zonedTimestampCodec(type.precision)
    case 'interval':
      return intervalCodec(modes)
    case 'enum':
      return enumCodec(type.labels ?? [])
    default:
      return otherCodec(native, modes)
  }
}

/** Strings whose defaults Debezium does not read. */
const undefaulted: ReadonlySet<string> = new Set(['char', 'name', 'citext'])

const texts: ReadonlySet<string> = new Set([
  ...['inet', 'cidr', 'macaddr', 'macaddr8', 'isbn'],
  ...['int4range', 'int8range', 'numrange', 'tsrange', 'tstzrange', 'daterange'],
])

function otherCodec(native: string, modes: ValueModes): Codec | undefined {
  const name = bareName(native)
  if (texts.has(name)) return textCodec(modes, false)
  switch (name) {
    case 'money':
      return moneyCodec(modes)
    case 'bit':
      return bitsCodec(modifier(native) ?? 1)
    case 'bit varying':
      return bitsCodec(modifier(native))
    case 'hstore':
      return hstoreCodec(modes)
    case 'ltree':
      return namedTextCodec('io.debezium.data.Ltree', modes)
    case 'tsvector':
      return namedTextCodec('io.debezium.data.Tsvector', modes)
    case 'point':
      return pointCodec
    case 'line':
      return lineCodec
    case 'circle':
      return circleCodec
    default:
      return Object.hasOwn(geometryCodecs, name)
        ? geometryCodecs[name]
        : Object.hasOwn(extensionCodecs, name)
          ? extensionCodecs[name]
          : undefined
  }
}

/** Types whose arrays Debezium leaves out, even where it is to include what it does not know. */
const unarrayed: ReadonlySet<string> = new Set(['name', 'xml', 'interval', 'money', 'bit varying', 'point'])

function arrayOf(element: DataType, native: string, modes: ValueModes): Codec | undefined {
  const name = bareName(native)
  // a domain's name stands before the kind of what it is made on
  const domain = native.includes('.') && element.kind !== 'enum' && element.kind !== 'other' && name !== 'citext'
  const known = domain || unarrayed.has(name) ? undefined : typeCodec(element, native, modes)
  if (known !== undefined) return arrayCodec(known, element, modes)
  return modes.unknown && (domain || !unarrayed.has(name)) ? arrayCodec(unknownCodec(modes), element, modes) : undefined
}
