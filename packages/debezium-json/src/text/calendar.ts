/** Days and years of the proleptic Gregorian calendar, which PostgreSQL and java.time both use. */

/** Days since 1970-01-01. Year 0 is 1 BC. After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146097 + dayOfEra - 719468
}

export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** The inverse of `daysOf`. */
export function civilOf(days: number): CivilDate {
  const shifted = days + 719468
  const era = Math.floor(shifted / 146097)
  const dayOfEra = shifted - era * 146097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const mp = Math.floor((5 * dayOfYear + 2) / 153)
  const month = mp < 10 ? mp + 3 : mp - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * mp + 2) / 5) + 1,
  }
}

const two = (value: number) => (value < 10 ? `0${value}` : String(value))

/** A year as java.time prints it: four digits, a sign where it has more or is before year 0. */
export function yearText(year: number): string {
  if (year > 9999) return `+${year}`
  return year < 0 ? `-${String(-year).padStart(4, '0')}` : String(year).padStart(4, '0')
}

export function isoDate({ year, month, day }: CivilDate): string {
  return `${yearText(year)}-${two(month)}-${two(day)}`
}

/** As PostgreSQL prints it: at least four digits of the year, and the era behind. */
export function postgresDate({ year, month, day }: CivilDate, rest = ''): string {
  const shown = year > 0 ? year : 1 - year
  return `${String(shown).padStart(4, '0')}-${two(month)}-${two(day)}${rest}${year > 0 ? '' : ' BC'}`
}

/** Microseconds of a day as `10:34:56.789`, without trailing zeros. */
export function clockText(micros: number): string {
  const seconds = Math.floor(micros / 1e6)
  const fraction = micros - seconds * 1e6
  const hms = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return fraction === 0 ? hms : `${hms}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`
}
