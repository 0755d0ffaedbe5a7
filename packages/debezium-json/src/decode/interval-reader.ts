import { intervalText } from '../text/postgres-interval.ts'
import { JsonNumber, type JsonObject, type JsonValue } from './json-value.ts'
import { bad, long, text } from './scalar-readers.ts'

const duration =
  /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?)(\d+)(?:\.(\d{1,6}))?S)?)?$/

/** `P1Y2M3DT4H5M6.78S`, each part with its own sign. */
export function isoInterval(json: JsonValue): string {
  const match = duration.exec(text(json)) ?? bad('an ISO duration')
  const [, years = '0', months = '0', days = '0', hours = '0', minutes = '0', sign, seconds = '0', fraction = ''] =
    match
  const rest = BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
  const micros = (BigInt(hours) * 3600n + BigInt(minutes) * 60n) * 1_000_000n + (sign === '-' ? -rest : rest)
  return intervalText({ months: 12 * Number(years) + Number(months), days: Number(days), micros })
}

const DAY = 86_400_000_000n
/** A year of 365.25 days and its twelfth: what a number of microseconds was made of. */
const MONTH = 2_629_800_000_000n

/**
 * A number of microseconds. What its months, days and hours were is lost; it is read as whole months, days and the
 * rest, which gives the same number again.
 */
export function microInterval(json: JsonValue): string {
  const value = long(json)
  const months = value / MONTH
  const rest = value % MONTH
  return intervalText({ months: Number(months), days: Number(rest / DAY), micros: rest % DAY })
}

/** The parts of a StructuredDuration. */
export function structuredInterval(json: JsonObject): string {
  const part = (name: string) => {
    const value = json.get(name)
    return value instanceof JsonNumber ? long(value) : 0n
  }
  const seconds = part('hours') * 3600n + part('minutes') * 60n + part('seconds')
  return intervalText({
    months: Number(part('years') * 12n + part('months')),
    days: Number(part('days')),
    micros: seconds * 1_000_000n + part('nanos') / 1000n,
  })
}
