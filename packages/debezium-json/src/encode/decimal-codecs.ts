import { doubleText, quoted } from '../text/json-text.ts'
import { asIs, type Codec, type Present, type ValueModes } from './codec.ts'
import { type ConnectSchema, field, optional, required } from './connect-schema.ts'
import { named } from './plain-codecs.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const digits = Array.from(alphabet)

/** Base64 of 1 to 3 bytes. */
function group(value: number, bytes: number): string {
  if (bytes === 3)
    return digits[value >> 18]! + digits[(value >> 12) & 63] + digits[(value >> 6) & 63] + digits[value & 63]
  if (bytes === 2) return `${digits[value >> 10]!}${digits[(value >> 4) & 63]}${digits[(value << 2) & 63]}=`
  return `${digits[value >> 2]!}${digits[(value << 4) & 63]}==`
}

/** Base64 of the shortest two's complement of a whole number below 2^47: what nearly every decimal is. */
function smallBase64(value: number): string {
  let bytes = 1
  for (let bound = 128; value >= bound || value < -bound; bound *= 256) bytes++
  const unsigned = value < 0 ? value + 256 ** bytes : value
  if (bytes <= 3) return group(unsigned, bytes)
  const rest = 256 ** (bytes - 3)
  const head = Math.floor(unsigned / rest)
  return group(head, 3) + group(unsigned - head * rest, bytes - 3)
}

function largeBase64(value: bigint): string {
  let bytes = 1
  for (let bound = 128n; value >= bound || value < -bound; bound <<= 8n) bytes++
  const unsigned = BigInt.asUintN(bytes * 8, value)
  return Buffer.from(unsigned.toString(16).padStart(bytes * 2, '0'), 'hex').toString('base64')
}

/** Base64 of the big-endian two's complement of a whole number, given as digits with a sign. */
export function unscaledBase64(unscaled: string): string {
  return unscaled.length < 15 ? smallBase64(Number(unscaled)) : largeBase64(BigInt(unscaled))
}

/** The digits of a decimal at a scale, with its sign; undefined where it has more decimals, or is no number. */
export function unscaledAt(text: string, scale: number): string | undefined {
  const point = text.indexOf('.')
  const decimals = point < 0 ? 0 : text.length - point - 1
  const joined = point < 0 ? text : text.slice(0, point) + text.slice(point + 1)
  if (isSpecial(text)) return undefined
  if (decimals === scale) return joined
  if (decimals < scale) return joined + '0'.repeat(scale - decimals)
  const cut = joined.slice(0, joined.length - (decimals - scale))
  return /^0*$/.test(joined.slice(cut.length)) ? (cut === '' || cut === '-' ? '0' : cut) : undefined
}

/** `NaN`, `Infinity` and `-Infinity` end in a letter. */
const isSpecial = (text: string) => text.charCodeAt(text.length - 1) > 57

/** A decimal as Java's BigDecimal prints it: plain, unless the exponent is below -6. */
export function bigDecimalText(unscaled: string, scale: number): string {
  const negative = unscaled.startsWith('-')
  const all = unscaled.replace(/^-?0*(?=\d)/, '')
  const sign = negative && all !== '0' ? '-' : ''
  const exponent = all.length - 1 - scale
  if (scale === 0) return sign + all
  if (exponent < -6) return `${sign}${all[0]}${all.length > 1 ? `.${all.slice(1)}` : ''}E${exponent}`
  const padded = all.padStart(scale + 1, '0')
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}

const specials: Readonly<Record<string, string>> = {
  NaN: '"NAN"',
  Infinity: '"POSITIVE_INFINITY"',
  '-Infinity': '"NEGATIVE_INFINITY"',
}

function plainText(text: string, scale: number | undefined): string | undefined {
  if (isSpecial(text)) return specials[text]
  const unscaled = scale === undefined ? undefined : unscaledAt(text, scale)
  if (scale === undefined || unscaled === undefined) return quoted(text)
  if (scale === 0) return quoted(unscaled)
  const sign = unscaled.startsWith('-') ? '-' : ''
  const padded = unscaled.slice(sign.length).padStart(scale + 1, '0')
  return `"${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}"`
}

const variableScale: ConnectSchema = named('struct', 'io.debezium.data.VariableScaleDecimal', {
  doc: 'Variable scaled decimal',
  fields: [field('scale', required('int32')), field('value', required('bytes'))],
})

/** A decimal whose scale is its own; trailing zeros are lost. */
function writeVariable(cell: Present): string | undefined {
  const text = cell as string
  if (isSpecial(text)) return undefined
  const point = text.indexOf('.')
  const short = point < 0 ? text : text.replace(/\.?0+$/, '')
  const scale = point < 0 || short.length <= point ? 0 : short.length - point - 1
  const unscaled = scale === 0 ? short : short.slice(0, point) + short.slice(point + 1)
  return `{"scale":${scale},"value":"${unscaledBase64(unscaled)}"}`
}

function fixed(scale: number, precision: number | undefined, { decimalFormat }: ValueModes): Codec {
  const parameters: Record<string, string> = { scale: String(scale) }
  if (precision !== undefined) parameters['connect.decimal.precision'] = String(precision)
  const print = (unscaled: string) =>
    decimalFormat === 'NUMERIC' ? bigDecimalText(unscaled, scale) : `"${unscaledBase64(unscaled)}"`
  return {
    schema: named('bytes', 'org.apache.kafka.connect.data.Decimal', { parameters }),
    write: (cell) => {
      const unscaled = unscaledAt(cell as string, scale)
      return unscaled === undefined ? undefined : print(unscaled)
    },
    filler: print('0'),
    zero: print('0'),
    parse: asIs,
  }
}

/**
 * numeric. A negative scale (PostgreSQL 15: `numeric(5,-2)`) is written as scale 0 with as many more digits, since
 * neither Avro nor most consumers know one; Debezium reads its 11 bits unsigned and writes scale 2046.
 */
export function decimalCodec(precision: number | undefined, scale: number | undefined, modes: ValueModes): Codec {
  const whole = scale === undefined ? undefined : Math.max(scale, 0)
  if (modes.decimal === 'string')
    return {
      schema: optional('string'),
      write: (cell) => plainText(cell as string, whole),
      filler: plainText('0', whole)!,
      zero: plainText('0', whole)!,
      parse: asIs,
    }
  if (modes.decimal === 'double')
    return {
      schema: optional('double'),
      write: (cell) => doubleText(Number(cell)),
      filler: '0.0',
      zero: '0.0',
      parse: asIs,
    }
  if (precision === undefined || whole === undefined)
    return { schema: variableScale, write: writeVariable, filler: '{"scale":0,"value":"AA=="}' }
  return fixed(whole, precision - Math.min(scale!, 0), modes)
}

/** money: the server's text in the locale of its database, `-$1,234.11` or `($1,234.11)`. */
export function moneyCodec(modes: ValueModes): Codec {
  const digitsOf = modes.moneyDigits
  const inner =
    modes.decimal === 'precise' ? fixed(digitsOf, undefined, modes) : decimalCodec(undefined, digitsOf, modes)
  const { zero: _, parse: __, ...codec } = inner
  return { ...codec, write: (cell) => inner.write(moneyDecimal(cell as string, digitsOf)) }
}

function moneyDecimal(text: string, scale: number): string {
  const sign = /[-(]/.test(text) ? '-' : ''
  const [, whole = '0', fraction = ''] = /^(.*?)(?:[.,](\d{1,2}))?$/.exec(text.replace(/[^\d.,]/g, '')) as string[]
  const all = `${whole.replace(/\D/g, '')}${fraction.padEnd(scale, '0')}`
  const extra = Math.max(fraction.length - scale, 0)
  const rounded = (BigInt(all) + (extra > 0 ? 5n * 10n ** BigInt(extra - 1) : 0n)) / 10n ** BigInt(extra)
  return `${sign}${bigDecimalPlain(rounded, scale)}`
}

function bigDecimalPlain(unscaled: bigint, scale: number): string {
  const padded = String(unscaled).padStart(scale + 1, '0')
  return scale === 0 ? padded : `${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}
