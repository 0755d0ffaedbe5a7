import { infinitySign } from './postgres-time.ts'

/** An interval's parts. PostgreSQL keeps months, days and microseconds apart; none is derived from another. */
export interface IntervalParts {
  readonly months: number
  readonly days: number
  /** Of the time part, as text of whole seconds and microseconds: hours may be beyond 2^31. */
  readonly micros: bigint
}

const unitPattern = /([+-]?\d+) (year|mon|day)s?/g
const clockPattern = /([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?$/

/**
 * Reads IntervalStyle postgres: `1 year 2 mons 3 days 04:05:06.78`, `-1 years +3 days -04:05:06`. undefined: one of the
 * infinities that PostgreSQL has from version 17 on.
 */
export function readInterval(text: string): IntervalParts | undefined {
  if (infinitySign(text) !== 0) return undefined
  let months = 0
  let days = 0
  for (const [, count, unit] of text.matchAll(unitPattern)) {
    if (unit === 'year') months += 12 * Number(count)
    else if (unit === 'mon') months += Number(count)
    else days += Number(count)
  }
  const clock = clockPattern.exec(text)
  if (clock === null) return { months, days, micros: 0n }
  const [, sign, hours, minutes, seconds, fraction = ''] = clock as unknown as string[]
  const whole = BigInt(hours!) * 3600n + BigInt(minutes!) * 60n + BigInt(seconds!)
  const micros = whole * 1_000_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6))
  return { months, days, micros: sign === '-' ? -micros : micros }
}

/** Prints an interval as IntervalStyle postgres does. */
export function intervalText({ months, days, micros }: IntervalParts): string {
  const parts: string[] = []
  // once a part was negative, a positive one that follows has a sign
  let negative = false
  const add = (count: number, unit: string) => {
    if (count === 0) return
    const sign = negative && count > 0 ? '+' : ''
    parts.push(`${sign}${count} ${unit}${count === 1 ? '' : 's'}`)
    negative = count < 0
  }
  add(Math.trunc(months / 12), 'year')
  add(months % 12, 'mon')
  add(days, 'day')
  if (micros === 0n && parts.length > 0) return parts.join(' ')
  const size = micros < 0n ? -micros : micros
  const seconds = size / 1_000_000n
  const two = (value: bigint) => String(value).padStart(2, '0')
  const fraction = String(size % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '')
  const sign = micros < 0n ? '-' : negative ? '+' : ''
  const clock = `${sign}${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`
  return [...parts, fraction === '' ? clock : `${clock}.${fraction}`].join(' ')
}
