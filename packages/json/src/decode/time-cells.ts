import { Fault } from './fault.ts'

const datePattern = /^\d{4,7}-(\d\d)-(\d\d)( BC)?$/
const timePattern = /^(\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?$/
const timetzPattern = /^([^+-]+)([+-]\d\d(?::\d\d){0,2})$/
const stampPattern = /^(\d{4,7}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)?( BC)?$/
const infinity = /^-?infinity$/

/** `2024-02-29`. */
export function dateCell(text: string): string {
  if (!infinity.test(text) && !isDate(text)) throw new Fault('a date')
  return text
}

/** `12:34:56.789`, up to `24:00:00`. */
export function timeCell(text: string, precision = 6): string {
  const match = timePattern.exec(text)
  if (match === null) throw new Fault('a time')
  return clock(match[1]!, match[2], match[3], precision, 'a time')
}

/** `12:34:56.789+02`. */
export function timetzCell(text: string, precision = 6): string {
  const match = timetzPattern.exec(text.replace(/Z$/, '+00'))
  if (match === null) throw new Fault('a time with a time zone')
  return timeCell(match[1]!, precision) + match[2]!
}

/** In SQL's form and in ISO 8601's. */
export function timestampCell(text: string, precision = 6): string {
  if (infinity.test(text)) return text
  const [, date, minutes, seconds, fraction, zone, era = ''] = stampPattern.exec(text) ?? []
  if (date === undefined || zone !== undefined || !isDate(date)) throw new Fault('a timestamp')
  return `${date} ${clock(minutes!, seconds, fraction, precision, 'a timestamp')}${era}`
}

/** The same with `Z` or an offset behind the time; the cell is in UTC. */
export function timestamptzCell(text: string, precision = 6): string {
  if (infinity.test(text)) return text
  const wanted = 'a timestamp with a time zone'
  const [, date, minutes, seconds, fraction, zone, era = ''] = stampPattern.exec(text) ?? []
  if (date === undefined || zone === undefined || !isDate(date)) throw new Fault(wanted)
  const time = clock(minutes!, seconds, fraction, precision, wanted)
  if (zone === 'Z' || /^[+-]00(:?00)?$/.test(zone)) return `${date} ${time}+00${era}`
  return `${inUtc(date, time, zone, era)}+00`
}

/** PostgreSQL's digits: as many as the column has, without trailing zeros. */
function clock(minutes: string, seconds = ':00', fraction = '', precision: number, wanted: string): string {
  const digits = fraction.replace(/0+$/, '')
  if (digits.length > precision) throw new Fault(`${wanted} with at most ${precision} digits of a second`)
  const time = minutes + seconds
  const last = time === '24:00:00' && digits === ''
  if (!last && (time > '23:59:59' || minutes.slice(3) > '59' || seconds > ':59')) throw new Fault(wanted)
  return digits === '' ? time : `${time}.${digits}`
}

const days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function isDate(text: string): boolean {
  const match = datePattern.exec(text)
  if (match === null) return false
  const [month, day] = [Number(match[1]), Number(match[2])]
  if (day < 1 || day > (days[month - 1] ?? 0)) return false
  const year = match[3] === undefined ? Number.parseInt(text, 10) : 1 - Number.parseInt(text, 10)
  return month !== 2 || day < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0))
}

function inUtc(date: string, time: string, zone: string, era: string): string {
  const year = Number.parseInt(date, 10)
  // those that a Date can count
  if (era !== '' || year < 1 || year > 200_000) throw new Fault('a timestamp in UTC')
  const [month, day] = date.split('-').slice(1).map(Number) as [number, number]
  const instant = new Date(0)
  instant.setUTCFullYear(year, month - 1, day)
  const [hours, minutes, seconds] = time.split(':').map((part) => Number.parseInt(part, 10)) as [number, number, number]
  const offset = (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', ''))) * (zone[0] === '-' ? -1 : 1)
  instant.setUTCHours(hours, minutes - offset, seconds)
  const shown = instant.getUTCFullYear()
  if (shown < 1) throw new Fault('a timestamp in UTC')
  const two = (value: number) => String(value).padStart(2, '0')
  const fraction = time.includes('.') ? time.slice(time.indexOf('.')) : ''
  const clockTime = [instant.getUTCHours(), instant.getUTCMinutes(), instant.getUTCSeconds()].map(two).join(':')
  return `${String(shown).padStart(4, '0')}-${two(instant.getUTCMonth() + 1)}-${two(instant.getUTCDate())} ${clockTime}${fraction}`
}
