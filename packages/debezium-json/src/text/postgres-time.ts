import { type CivilDate, daysOf } from './calendar.ts'

/** Readers of dates and times as PostgreSQL prints them under DateStyle ISO. Microseconds throughout. */

export const MICROS_PER_DAY = 86_400_000_000

const digit = (text: string, at: number) => text.charCodeAt(at) - 48
// ten and one times the code of zero
const pair = (text: string, at: number) => text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528

/** The year, month and day at the beginning of a text; `end` is the place after them. */
export interface ReadDate extends CivilDate {
  readonly end: number
}

/** Of a date, timestamp or timestamptz that is no infinity. */
export function readDate(text: string): ReadDate {
  const dash = text.indexOf('-', 1)
  const shown = dash === 4 ? pair(text, 0) * 100 + pair(text, 2) : Number(text.slice(0, dash))
  const year = text.endsWith(' BC') ? 1 - shown : shown
  return { year, month: pair(text, dash + 1), day: pair(text, dash + 4), end: dash + 6 }
}

/** Days since 1970. */
export function dateDays(text: string): number {
  const { year, month, day } = readDate(text)
  return daysOf(year, month, day)
}

/** Microseconds of the day of a clock time that begins at `at`: `10:34:56.789012`, up to `24:00:00`. */
export function clockMicros(text: string, at: number): number {
  const seconds = (pair(text, at) * 60 + pair(text, at + 3)) * 60 + pair(text, at + 6)
  let micros = seconds * 1_000_000
  if (text.charCodeAt(at + 8) !== 0x2e) return micros
  let unit = 100_000
  for (let i = at + 9; unit >= 1; i++) {
    const value = digit(text, i)
    if (!(value >= 0 && value <= 9)) break
    micros += value * unit
    unit /= 10
  }
  return micros
}

/** A clock time as printed, with its fraction and without what follows. */
export function clockPart(text: string, at: number): string {
  let end = at + 8
  if (text.charCodeAt(end) === 0x2e) {
    end++
    while (digit(text, end) >= 0 && digit(text, end) <= 9) end++
  }
  return text.slice(at, end)
}

/** Seconds of an offset `+02`, `-08:00:30` that begins at `at`. */
export function offsetSeconds(text: string, at: number): number {
  const [hours, minutes = '0', seconds = '0'] = text.slice(at + 1).split(':') as [string, string?, string?]
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return text[at] === '-' ? -size : size
}

/** Is it `infinity` (1) or `-infinity` (-1)? Else 0. */
export function infinitySign(text: string): -1 | 0 | 1 {
  return text === 'infinity' ? 1 : text === '-infinity' ? -1 : 0
}
