import type { DataType } from '@cdc/core'
import { Fault } from './fault.ts'

const number = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,7}))?$/
const stored = /^(?:0|-?[1-9]\d*|-?0\.\d*[1-9]\d*)$|^-?[1-9]\d*\.\d+$/
/** Whole numbers as nearly all are written: the short way. */
const short = /^-?\d{1,15}$/
/** What PostgreSQL's numeric can hold. */
const mostDigits = 131072
const mostFraction = 16383

/** A number's text without exponent, as the server would print it; undefined where it is none, or too long. */
export function plainDecimal(text: string): string | undefined {
  if (stored.test(text) && text.length < mostFraction) return text
  const match = number.exec(text)
  if (match === null) return undefined
  const [, sign, whole, fraction = '', exponent = '0'] = match as unknown as string[]
  const digits = whole! + fraction
  const point = whole!.length + Number(exponent)
  if (point > mostDigits || digits.length - point > mostFraction) return undefined
  const left = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0').replace(/^0+/, '')
  const right = point <= 0 ? '0'.repeat(-point) + digits : digits.slice(point)
  const size = `${left || '0'}${right === '' ? '' : `.${right}`}`
  return sign === '-' && /[1-9]/.test(size) ? `-${size}` : size
}

/** A whole number; `1.0` and `1e3` are ones too. */
export function wholeNumber(text: string): bigint {
  const plain = plainDecimal(text)
  if (plain === undefined || !/^-?\d{1,40}(\.0*)?$/.test(plain)) throw new Fault('a whole number')
  return BigInt(plain.replace(/\..*/, ''))
}

export function int64Cell(text: string): bigint {
  if (short.test(text)) return BigInt(text)
  const value = wholeNumber(text)
  if (BigInt.asIntN(64, value) !== value) throw new Fault('a whole number of 64 bits')
  return value
}

export function smallIntCell(text: string, bits: 16 | 32): number {
  const value = Number(short.test(text) ? text : wholeNumber(text)) + 0
  if (value < -(2 ** (bits - 1)) || value >= 2 ** (bits - 1)) throw new Fault(`a whole number of ${bits} bits`)
  return value
}

export function floatCell(text: string, bits: 32 | 64): number {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Number(text)
  const value = number.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(bits === 32 ? Math.fround(value) : value)) throw new Fault(`a number of ${bits} bits`)
  return value
}

/**
 * Every digit as written; a declared scale gives back trailing zeros that a writer has left out. Digits that the column
 * cannot hold are a fault, and not rounded off as Flink does it.
 */
export function decimalCell(text: string, { precision, scale = 0 }: DecimalType): string {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return text
  const plain = plainDecimal(text)
  if (plain === undefined) throw new Fault('a decimal number')
  return precision === undefined || scale < 0 ? plain : fitted(plain, precision, scale)
}
type DecimalType = Extract<DataType, { kind: 'decimal' }>

function fitted(plain: string, precision: number, scale: number): string {
  const [whole, fraction = ''] = plain.split('.') as [string, string?]
  if (whole.length <= precision - scale && fraction.length === scale) return plain
  const digits = whole.replace(/^-?0*/, '').length
  if (digits > Math.max(0, precision - scale) || /[1-9]/.test(fraction.slice(scale)))
    throw new Fault(`a decimal number of ${precision} digits, ${scale} of them after the point`)
  return scale === 0 ? whole : `${whole}.${fraction.slice(0, scale).padEnd(scale, '0')}`
}
