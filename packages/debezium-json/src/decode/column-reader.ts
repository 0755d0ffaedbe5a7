import { type Cell, type Column, canonicalFault, type DataType } from '@cdc/core'
import { elementCell } from '../encode/array-codec.ts'
import type { ValueModes } from '../encode/codec.ts'
import type { ConnectSchema } from '../encode/connect-schema.ts'
import { bareName, modifier } from '../encode/type-name.ts'
import { hstoreText, inServerOrder } from '../text/hstore.ts'
import { JsonNumber, type JsonValue, parseJson } from './json-value.ts'
import * as read from './scalar-readers.ts'
import { readerOf } from './value-reader.ts'

/** Reads a value of a schema as a cell of a column's type, which the schema may not tell wholly. */
export function columnReader(
  { type, native, base }: Column,
  schema: ConnectSchema,
  modes: ValueModes,
): (json: JsonValue) => Cell {
  const reader = typeReader(type, base ?? native, schema, modes)
  if (isSure(type, readerOf(schema).type)) return reader
  return (json) => {
    // what Debezium fills in where it was not sent a uuid that must not be null
    if (json === '' && type.kind === 'uuid') return undefined
    const cell = reader(json)
    return canonicalFault(cell, type) === undefined ? cell : read.bad(`of type ${type.kind}`)
  }
}

/** Texts that are passed on as they are; anybody may have written them. */
const unchecked: ReadonlySet<DataType['kind']> = new Set(['uuid', 'time', 'timetz'])

/** Does the schema's reader give cells of the column's type and nothing else? */
function isSure(type: DataType, read: DataType): boolean {
  if (type.kind === 'array') return read.kind === 'array' && isSure(type.element, read.element)
  return type.kind === read.kind && !unchecked.has(type.kind)
}

function typeReader(
  type: DataType,
  native: string,
  schema: ConnectSchema,
  modes: ValueModes,
): (json: JsonValue) => Cell {
  const plain = readerOf(schema).read
  // a type that Debezium does not know: its text in bytes
  if (schema.name === undefined && schema.type === 'bytes' && type.kind !== 'bytes')
    return (json) => elementCell(Buffer.from(plain(json) as Uint8Array).toString(), type)
  switch (type.kind) {
    case 'decimal':
      return decimalReader(type.scale, schema, plain)
    case 'bytes':
      return schema.type === 'string' ? encodedBytes(modes) : plain
    case 'array': {
      if (schema.items === undefined) return plain
      const element = typeReader(type.element, native.replace(/\[\]$/, ''), schema.items, modes)
      const cells = (json: JsonValue): Cell =>
        Array.isArray(json)
          ? (json as readonly JsonValue[]).map((one) =>
              one === null ? null : Array.isArray(one) ? cells(one) : element(one),
            )
          : read.bad('an array')
      return cells
    }
    case 'other':
      return otherReader(bareName(native), native, schema, modes, plain)
    case 'int64':
      return (json) => BigInt(plain(json) as bigint | number)
    case 'int16':
    case 'int32':
      return (json) => read.integer(json, type.kind === 'int16' ? 16 : 32)
    default:
      return plain
  }
}

const specialDecimals: Readonly<Record<string, string>> = {
  NAN: 'NaN',
  POSITIVE_INFINITY: 'Infinity',
  NEGATIVE_INFINITY: '-Infinity',
  NaN: 'NaN',
  Infinity: 'Infinity',
  '-Infinity': '-Infinity',
}

function decimalReader(scale: number | undefined, schema: ConnectSchema, plain: (json: JsonValue) => Cell) {
  const whole = scale === undefined ? undefined : Math.max(scale, 0)
  return (json: JsonValue): Cell => {
    if (schema.type !== 'string' && schema.type !== 'double') return plain(json)
    if (json instanceof JsonNumber) return read.numberText(json.text, whole)
    const text = read.text(json)
    return Object.hasOwn(specialDecimals, text) ? specialDecimals[text]! : read.numberText(text, whole)
  }
}

function encodedBytes({ binary }: ValueModes) {
  return (json: JsonValue): Cell => {
    const text = read.text(json)
    if (binary !== 'hex')
      return read.bytes(binary === 'base64-url-safe' ? text.replaceAll('-', '+').replaceAll('_', '/') : text)
    return /^(?:[0-9a-f]{2})*$/i.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : read.bad('hexadecimal bytes')
  }
}

function otherReader(
  name: string,
  native: string,
  schema: ConnectSchema,
  modes: ValueModes,
  plain: (json: JsonValue) => Cell,
): (json: JsonValue) => Cell {
  if (name === 'hstore')
    return (json) => {
      const parsed = typeof json === 'string' ? parseJson(json, 'value') : json
      const pairs = [...read.object(parsed)].map(([key, value]): [string, string | null] => [
        key,
        value === null ? null : read.text(value),
      ])
      return hstoreText(inServerOrder(pairs))
    }
  if (name === 'bit' || name === 'bit varying') {
    if (schema.type === 'boolean') return (json) => (read.boolean(json) ? '1' : '0')
    const length = modifier(native)
    return name === 'bit' || length === undefined ? plain : (json) => (plain(json) as string).replace(/^0+(?=.)/, '')
  }
  if (name === 'money')
    return (json) => (json instanceof JsonNumber ? read.numberText(json.text, modes.moneyDigits) : plain(json))
  return plain
}
