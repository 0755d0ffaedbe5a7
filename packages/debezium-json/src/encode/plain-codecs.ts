import { doubleText, floatText, quoted } from '../text/json-text.ts'
import { asIs, type Codec, type Present, type ValueModes } from './codec.ts'
import { type ConnectSchema, type ConnectType, optional } from './connect-schema.ts'

const plain = (cell: Present) => String(cell)

export const booleanCodec: Codec = {
  schema: optional('boolean'),
  write: (cell) => (cell === true ? 'true' : 'false'),
  filler: 'false',
  zero: 'false',
  parse: (text) => text === 'true' || text === 't',
}

export function integerCodec(type: 'int16' | 'int32' | 'int64'): Codec {
  const parse = type === 'int64' ? BigInt : Number
  return { schema: optional(type), write: plain, filler: '0', zero: '0', parse }
}

export const floatCodec: Codec = {
  schema: optional('float'),
  write: (cell) => floatText(cell as number),
  filler: '0.0',
  zero: '0.0',
  parse: Number,
}

export const doubleCodec: Codec = {
  schema: optional('double'),
  write: (cell) => doubleText(cell as number),
  filler: '0.0',
  zero: '0.0',
  parse: Number,
}

const text = (cell: Present) => quoted(cell as string)

/** A schema with one of Debezium's names. */
export function named(type: ConnectType, name: string, more: Partial<ConnectSchema> = {}): ConnectSchema {
  return { type, optional: true, name, version: 1, ...more }
}

/** Text without a name. `defaults`: do its defaults go into the schema? */
export function textCodec({ placeholder }: ValueModes, defaults: boolean): Codec {
  const known = defaults ? { zero: '""', parse: asIs } : {}
  return { schema: optional('string'), write: text, filler: '""', placeholder: quoted(placeholder.text), ...known }
}

/** Text with one of Debezium's names. `zero`: what a computed default becomes; absent: defaults are left out. */
export function namedTextCodec(name: string, { placeholder }: ValueModes, zero?: string): Codec {
  const known = zero === undefined ? {} : { zero: quoted(zero), parse: asIs }
  return { schema: named('string', name), write: text, filler: '""', placeholder: quoted(placeholder.text), ...known }
}

export function enumCodec(labels: readonly string[]): Codec {
  return {
    schema: named('string', 'io.debezium.data.Enum', { parameters: { allowed: labels.join(',') } }),
    write: text,
    filler: '""',
    parse: asIs,
  }
}

/** Bytes as the binary mode has them. */
export function bytesText({ binary }: ValueModes): (bytes: Uint8Array) => string {
  const encoding = binary === 'hex' ? 'hex' : binary === 'base64-url-safe' ? 'base64url' : 'base64'
  // Java's URL alphabet keeps the padding
  const pad = binary === 'base64-url-safe'
  return (bytes) => {
    const encoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding)
    return pad ? `"${encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=')}"` : `"${encoded}"`
  }
}

export function bytesCodec(modes: ValueModes): Codec {
  const write = bytesText(modes)
  return {
    schema: optional(modes.binary === 'bytes' ? 'bytes' : 'string'),
    write: (cell) => write(cell as Uint8Array),
    filler: '""',
    placeholder: write(modes.placeholder.bytes),
  }
}

/** A type that Debezium does not know: the bytes of its text. */
export function unknownCodec(modes: ValueModes): Codec {
  const write = bytesText(modes)
  return {
    schema: optional(modes.binary === 'bytes' ? 'bytes' : 'string'),
    write: (cell) => write(Buffer.from(serverText(cell))),
    filler: '""',
    placeholder: write(modes.placeholder.bytes),
  }
}

/** The server's text of a cell that came typed: an element of an array of domains. */
function serverText(cell: Present): string {
  if (typeof cell === 'boolean') return cell ? 't' : 'f'
  return cell instanceof Uint8Array ? `\\x${Buffer.from(cell).toString('hex')}` : String(cell)
}
