import type { Random } from '@cdc/testkit'
import { digits } from './random-text.ts'

const view = new DataView(new ArrayBuffer(8))

/** A whole number of at most so many bits and a sign, small ones as likely as large ones. */
export function randomInteger(random: Random, bits: number): bigint {
  const size = random.int(1, bits)
  let value = 0n
  for (let i = 0; i < size; i++) value = value * 2n + BigInt(random.int(0, 1))
  return random.chance(0.5) ? value : -value - 1n
}

/** Of all bit patterns, so exponents are as random as digits. */
export function randomDouble(random: Random): string {
  view.setUint32(0, random.int(0, 2 ** 32 - 1))
  view.setUint32(4, random.int(0, 2 ** 32 - 1))
  return `'${random.chance(0.5) ? view.getFloat64(0) : random.int(-1e9, 1e9) / 1000}'`
}

export function randomFloat(random: Random): string {
  view.setUint32(0, random.int(0, 2 ** 32 - 1))
  return `'${random.chance(0.5) ? view.getFloat32(0) : Math.fround(random.int(-1e6, 1e6) / 100)}'`
}

/** Up to so many digits before the point and after it, zeros at both ends included. */
export function randomNumeric(random: Random, before: number, after: number): string {
  const whole = digits(random, random.int(1, before))
  const places = random.int(0, after)
  const point = places === 0 ? '' : `.${random.chance(0.3) ? '0'.repeat(places) : digits(random, places)}`
  return `'${random.pick(['', '-'])}${whole}${point}'`
}
