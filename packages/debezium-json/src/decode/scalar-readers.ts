import { civilOf, clockText, postgresDate } from '../text/calendar.ts'
import { MICROS_PER_DAY } from '../text/postgres-time.ts'
import { JsonNumber, type JsonObject, type JsonValue } from './json-value.ts'

/** What every reader throws; whoever knows the column makes an error of it. Never holds the value. */
export class BadValue extends Error {}

export function bad(wanted: string): never {
  throw new BadValue(wanted)
}

const whole = /^-?\d+$/

export function text(json: JsonValue): string {
  return typeof json === 'string' ? json : bad('a text')
}

export function boolean(json: JsonValue): boolean {
  return typeof json === 'boolean' ? json : bad('true or false')
}

/** A whole number of at most 64 bits. */
export function long(json: JsonValue): bigint {
  if (!(json instanceof JsonNumber) || !whole.test(json.text)) return bad('a whole number')
  const value = BigInt(json.text)
  return BigInt.asIntN(64, value) === value ? value : bad('a whole number of 64 bits')
}

/** A whole number of so many bits, at most 32. */
export function integer(json: JsonValue, bits: number): number {
  const value = long(json)
  return BigInt.asIntN(bits, value) === value ? Number(value) : bad(`a whole number of ${bits} bits`)
}

const notFinite: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

export function double(json: JsonValue): number {
  if (json instanceof JsonNumber) return Number(json.text)
  return typeof json === 'string' && Object.hasOwn(notFinite, json) ? notFinite[json]! : bad('a number')
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export function bytes(json: JsonValue): Uint8Array {
  const encoded = text(json)
  return base64.test(encoded) ? new Uint8Array(Buffer.from(encoded, 'base64')) : bad('bytes in base64')
}

/** A whole number and a scale as a decimal with that many digits. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale))
  const sign = unscaled < 0n ? '-' : ''
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export function unscaled(json: JsonValue): bigint {
  const all = bytes(json)
  if (all.length === 0) return bad('the bytes of a number')
  return BigInt.asIntN(all.length * 8, BigInt(`0x${Buffer.from(all).toString('hex')}`))
}

const plainNumber = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** A JSON number as plain digits; `scale` gives it so many decimals. */
export function numberText(number: string, scale: number | undefined): string {
  const [, sign, head, fraction = '', exponent = '0'] = plainNumber.exec(number) ?? bad('a number')
  const decimals = fraction.length - Number(exponent)
  if (Math.abs(decimals) > 20_000) return bad('a number of a sensible size')
  const value = BigInt(`${sign}${head}${fraction}`)
  const wanted = scale ?? Math.max(decimals, 0)
  if (decimals <= wanted) return decimalText(value * 10n ** BigInt(wanted - decimals), wanted)
  const extra = 10n ** BigInt(decimals - wanted)
  return value % extra === 0n ? decimalText(value / extra, wanted) : bad(`a number of ${wanted} decimals`)
}

/** Whole days and what is left of a number of units since 1970. */
function split(value: bigint, perDay: bigint): { readonly days: number; readonly rest: bigint } {
  const rest = ((value % perDay) + perDay) % perDay
  return { days: Number((value - rest) / perDay), rest }
}

const LARGEST_DAYS = 2_147_483_647

export function dateText(days: number): string {
  return postgresDate(civilOf(days))
}

/** A timestamp from a number of units since 1970; `units`: a second's. `zone` stands behind the clock. */
export function timestampText(value: bigint, units: bigint, zone = ''): string {
  const { days, rest } = split(value, units * 86_400n)
  if (Math.abs(days) > LARGEST_DAYS) return bad('a timestamp of the calendar')
  const micros = units > 1_000_000n ? rest / (units / 1_000_000n) : rest * (1_000_000n / units)
  return postgresDate(civilOf(days), ` ${clockText(Number(micros))}${zone}`)
}

/** A time of day from a number of units since midnight, which may be that of the next. */
export function timeText(value: bigint, units: bigint): string {
  const micros = Number(units > 1_000_000n ? value / (units / 1_000_000n) : value * (1_000_000n / units))
  return micros >= 0 && micros <= MICROS_PER_DAY ? clockText(micros) : bad('a time of the day')
}

const isoPattern = /^([+-]?\d{4,})-(\d\d)-(\d\d)(?:T(\d\d:\d\d:\d\d(?:\.\d+)?))?(Z|[+-]\d\d(?::?\d\d){0,2})?$/

/** ISO text with the years of java.time, as PostgreSQL prints it. `zone`: is the offset kept? Only UTC is taken. */
export function isoText(iso: string, zone: boolean): string {
  const match = isoPattern.exec(iso) ?? bad('a date or timestamp in ISO form')
  const [, year, month, day, clock, offset] = match
  if (zone && clock === undefined) return bad('a timestamp')
  if (zone && offset !== 'Z' && !/^[+-]00/.test(offset ?? '')) return bad('a timestamp in UTC')
  const short = clock?.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')
  if (short !== undefined && /\.\d{7}/.test(short)) return bad('a time of whole microseconds')
  const rest = short === undefined ? '' : ` ${short}${zone ? '+00' : ''}`
  return postgresDate({ year: Number(year), month: Number(month), day: Number(day) }, rest)
}

export function object(json: JsonValue): JsonObject {
  return json instanceof Map ? json : bad('an object')
}
