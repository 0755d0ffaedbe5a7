import { clockText, postgresDate } from '../text/calendar.ts'
import type { JsonObject, JsonValue } from './json-value.ts'
import { bad, integer, object } from './scalar-readers.ts'

/** Readers of the structs of `time.precision.mode: structured`. */

const part = (json: JsonObject, name: string) => integer(json.get(name) ?? bad(`the field ${name}`), 32)

function special(json: JsonObject): string | undefined {
  const value = json.get('specialValue')
  if (value === 'POSITIVE_INFINITY') return 'infinity'
  return value === 'NEGATIVE_INFINITY' ? '-infinity' : undefined
}

const datePart = (json: JsonObject) => ({
  year: part(json, 'year'),
  month: part(json, 'month'),
  day: part(json, 'day'),
})

function clockPart(json: JsonObject): string {
  const seconds = (part(json, 'hour') * 60 + part(json, 'minute')) * 60 + part(json, 'second')
  return clockText(seconds * 1_000_000 + Math.floor(part(json, 'nanos') / 1000))
}

export function structuredDate(json: JsonValue): string {
  const parts = object(json)
  return special(parts) ?? postgresDate(datePart(parts))
}

export function structuredTime(json: JsonValue): string {
  return clockPart(object(json))
}

export function structuredZonedTime(json: JsonValue): string {
  const parts = object(json)
  return clockPart(parts) + offsetText(part(parts, 'offsetSeconds'))
}

export function structuredTimestamp(json: JsonValue, zone: string): string {
  const parts = object(json)
  return special(parts) ?? postgresDate(datePart(parts), ` ${clockPart(parts)}${zone}`)
}

/** `+02`, `+05:45`, `-08:00:30`. */
export function offsetText(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const size = Math.abs(seconds)
  const [minutes, rest] = [Math.floor(size / 60) % 60, size % 60]
  const tail = rest === 0 ? (minutes === 0 ? '' : `:${two(minutes)}`) : `:${two(minutes)}:${two(rest)}`
  return `${seconds < 0 ? '-' : '+'}${two(Math.floor(size / 3600))}${tail}`
}
