import { type IntervalParts, readInterval } from '../text/postgres-interval.ts'
import { clockMicros, clockPart, infinitySign, offsetSeconds, readDate } from '../text/postgres-time.ts'
import type { Codec, Present } from './codec.ts'
import { type ConnectField, type ConnectType, field, optional } from './connect-schema.ts'
import { clockParts } from './interval-codecs.ts'
import { named } from './plain-codecs.ts'

/** `time.precision.mode: structured`: every part in a field of its own, infinity by name. */

const fieldsOf = (type: ConnectType, ...names: string[]): ConnectField[] =>
  names.map((name) => field(name, optional(type)))
const date = [...fieldsOf('int32', 'year'), ...fieldsOf('int8', 'month', 'day')]
const clock = [...fieldsOf('int8', 'hour', 'minute', 'second'), ...fieldsOf('int32', 'nanos')]
const offset = fieldsOf('int32', 'offsetSeconds')
const special = fieldsOf('string', 'specialValue')
const digits = fieldsOf('int32', 'precision')

const struct = (name: string, fields: readonly ConnectField[]) =>
  named('struct', `io.debezium.time.${name}`, { fields })

const specialText = (sign: 1 | -1) => `"specialValue":"${sign > 0 ? 'POSITIVE' : 'NEGATIVE'}_INFINITY"`
const noDate = '"year":null,"month":null,"day":null'
const noClock = '"hour":null,"minute":null,"second":null,"nanos":null'

function dateParts(text: string): string {
  const { year, month, day } = readDate(text)
  return `"year":${year},"month":${month},"day":${day}`
}

function clockFields(text: string, at: number): string {
  const micros = clockMicros(text, at)
  const seconds = Math.floor(micros / 1e6)
  const nanos = (micros - seconds * 1e6) * 1000
  return `"hour":${Math.floor(seconds / 3600)},"minute":${Math.floor(seconds / 60) % 60},"second":${seconds % 60},"nanos":${nanos}`
}

export const structuredDateCodec: Codec = {
  schema: struct('StructuredDate', [...date, ...special]),
  write: (cell) => {
    const sign = infinitySign(cell as string)
    return sign === 0 ? `{${dateParts(cell as string)},"specialValue":null}` : `{${noDate},${specialText(sign)}}`
  },
  filler: '{"year":1970,"month":1,"day":1,"specialValue":null}',
}

/** 24:00:00 has hour 24, as timetz has it; Debezium writes null. */
export function structuredTimeCodec(precision = 6): Codec {
  const write = (cell: Present) => `{${clockFields(cell as string, 0)},"precision":${precision}}`
  return { schema: struct('StructuredTime', [...clock, ...digits]), write, filler: write('00:00:00') }
}

export function structuredZonedTimeCodec(precision = 6): Codec {
  const write = (cell: Present) => {
    const seconds = offsetSeconds(cell as string, clockPart(cell as string, 0).length)
    return `{${clockFields(cell as string, 0)},"offsetSeconds":${seconds},"precision":${precision}}`
  }
  const fields = [...clock, ...offset, ...digits]
  return { schema: struct('StructuredZonedTime', fields), write, filler: write('00:00:00+00') }
}

export function structuredTimestampCodec(precision = 6): Codec {
  const write = (cell: Present) => {
    const text = cell as string
    const sign = infinitySign(text)
    if (sign !== 0) return `{${noDate},${noClock},${specialText(sign)},"precision":${precision}}`
    return `{${dateParts(text)},${clockFields(text, readDate(text).end + 1)},"specialValue":null,"precision":${precision}}`
  }
  const fields = [...date, ...clock, ...special, ...digits]
  return { schema: struct('StructuredTimestamp', fields), write, filler: write('1970-01-01 00:00:00') }
}

export function structuredZonedTimestampCodec(precision = 6): Codec {
  const of = (text: string, zone: string) =>
    `{${dateParts(text)},${clockFields(text, readDate(text).end + 1)},"offsetSeconds":0,"zoneId":${zone},"specialValue":null,"precision":${precision}}`
  const write = (cell: Present) => {
    const sign = infinitySign(cell as string)
    if (sign === 0) return of(cell as string, '"Z"')
    return `{${noDate},${noClock},"offsetSeconds":null,"zoneId":null,${specialText(sign)},"precision":${precision}}`
  }
  const fields = [...date, ...clock, ...offset, ...fieldsOf('string', 'zoneId'), ...special, ...digits]
  return { schema: struct('StructuredZonedTimestamp', fields), write, filler: of('1970-01-01 00:00:00+00', 'null') }
}

export function structuredDurationCodec(precision = 6): Codec {
  const text = (parts: IntervalParts) => {
    const { hours, minutes, seconds, micros } = clockParts(parts)
    const years = Math.trunc(parts.months / 12) + 0
    const months = (parts.months % 12) + 0
    return `{"years":${years},"months":${months},"days":${parts.days},"hours":${hours},"minutes":${minutes},"seconds":${seconds},"nanos":${micros * 1000n},"precision":${precision}}`
  }
  const write = (cell: Present) => {
    const parts = readInterval(cell as string)
    return parts === undefined ? undefined : text(parts)
  }
  const fields = [
    ...fieldsOf('int32', 'years', 'months', 'days', 'hours', 'minutes'),
    ...fieldsOf('int64', 'seconds'),
    ...fieldsOf('int32', 'nanos', 'precision'),
  ]
  return { schema: struct('StructuredDuration', fields), write, filler: text({ months: 0, days: 0, micros: 0n }) }
}
