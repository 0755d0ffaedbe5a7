import { daysOf, isoDate } from '../text/calendar.ts'
import { quoted } from '../text/json-text.ts'
import {
  clockMicros,
  clockPart,
  dateDays,
  infinitySign,
  MICROS_PER_DAY,
  offsetSeconds,
  readDate,
} from '../text/postgres-time.ts'
import { asIs, type Codec, type Present, type ValueModes } from './codec.ts'
import { named } from './plain-codecs.ts'

/**
 * Dates and times in every mode but `structured`. What stands for infinity is what the real connector writes while it
 * streams; in its snapshot it writes other dates.
 */
const INFINITE_DAYS = { after: 2146033979, before: -2147472691 } as const
const INFINITE_DATE = { after: '"+5877611-06-21Z"', before: '"-5877611-06-22Z"' } as const
const INFINITE_MILLIS = { after: '9223372036825200000', before: '-9223372036832400000' } as const
const INFINITE_LONG = { after: '9223372036854775807', before: '-9223372036854775808' } as const
const INFINITE_ISO = { after: '"+292278994-08-16T23:00:00Z"', before: '"-292275055-05-16T23:00:00Z"' } as const

const DASH = 0x2d
const PLUS = 0x2b

const infinite = (sign: 1 | -1, values: { readonly after: string | number; readonly before: string | number }) =>
  String(sign > 0 ? values.after : values.before)

export function dateCodec({ time }: ValueModes): Codec {
  if (time === 'isostring')
    return {
      schema: named('string', 'io.debezium.time.IsoDate'),
      write: (cell) => {
        const sign = infinitySign(cell as string)
        return sign === 0 ? `"${isoDate(readDate(cell as string))}Z"` : infinite(sign, INFINITE_DATE)
      },
      filler: '"1970-01-01Z"',
      zero: '"1970-01-01Z"',
      parse: asIs,
    }
  const name = time === 'connect' ? 'org.apache.kafka.connect.data.Date' : 'io.debezium.time.Date'
  return {
    schema: named('int32', name),
    write: (cell) => {
      const sign = infinitySign(cell as string)
      return sign === 0 ? String(dateDays(cell as string)) : infinite(sign, INFINITE_DAYS)
    },
    filler: '0',
    zero: '0',
    parse: asIs,
  }
}

/** The unit that a mode counts in, for a column of so many digits. */
function unitOf(mode: ValueModes['time'], precision: number): 'milli' | 'micro' | 'nano' {
  if (mode === 'nanoseconds') return 'nano'
  if (mode === 'connect' || (mode !== 'microseconds' && precision <= 3)) return 'milli'
  return 'micro'
}

const numeric = { filler: '0', zero: '0', parse: asIs } as const

export function timeCodec(precision: number | undefined, { time }: ValueModes): Codec {
  if (time === 'isostring')
    return {
      schema: named('string', 'io.debezium.time.IsoTime'),
      // 24:00:00 stays what it is; Debezium writes 00:00:00Z
      write: (cell) => `"${cell as string}Z"`,
      filler: '"00:00:00Z"',
      zero: '"00:00:00Z"',
      parse: asIs,
    }
  const unit = time === 'adaptive_time_microseconds' ? 'micro' : unitOf(time, precision ?? 6)
  if (unit === 'milli') {
    const name = time === 'connect' ? 'org.apache.kafka.connect.data.Time' : 'io.debezium.time.Time'
    const write = (cell: Present) => String(Math.floor(clockMicros(cell as string, 0) / 1000))
    return { schema: named('int32', name), write, ...numeric }
  }
  if (unit === 'micro') {
    const write = (cell: Present) => String(clockMicros(cell as string, 0))
    return { schema: named('int64', 'io.debezium.time.MicroTime'), write, ...numeric }
  }
  const write = (cell: Present) => String(clockMicros(cell as string, 0) * 1000)
  return { schema: named('int64', 'io.debezium.time.NanoTime'), write, ...numeric }
}

/** Microseconds since 1970, as text: they need not fit a double. undefined: not even 64 bits (from 294247 on). */
export function timestampMicros(text: string): string | undefined {
  const { year, month, day, end } = readDate(text)
  const days = daysOf(year, month, day)
  const micros = clockMicros(text, end + 1)
  // 1970 to 2038, in two numbers: one of 16 digits is slow to print
  if (days > 0 && days < 24_855) {
    const seconds = Math.floor(micros / 1_000_000)
    const rest = micros - seconds * 1_000_000
    return `${days * 86_400 + seconds}${rest === 0 ? '000000' : String(1_000_000 + rest).slice(1)}`
  }
  // within 285 years of 1970
  if (days > -104_000 && days < 104_000) return String(days * MICROS_PER_DAY + micros)
  const all = BigInt(days) * BigInt(MICROS_PER_DAY) + BigInt(micros)
  return BigInt.asIntN(64, all) === all ? String(all) : undefined
}

/** Milliseconds since 1970, as text; what is finer is cut off. */
export function timestampMillis(text: string): string {
  const { year, month, day, end } = readDate(text)
  const days = daysOf(year, month, day)
  const millis = Math.floor(clockMicros(text, end + 1) / 1000)
  // within 285,000 years of 1970 it fits a double
  if (days > -104_000_000 && days < 104_000_000) return String(days * 86_400_000 + millis)
  return String(BigInt(days) * 86_400_000n + BigInt(millis))
}

function timestampNanos(text: string): string | undefined {
  const micros = timestampMicros(text)
  if (micros === undefined) return undefined
  const nanos = micros === '0' ? '0' : `${micros}000`
  return nanos.length < 19 || BigInt.asIntN(64, BigInt(nanos)) === BigInt(nanos) ? nanos : undefined
}

const timestampUnits = {
  milli: { name: 'io.debezium.time.Timestamp', write: timestampMillis, infinity: INFINITE_MILLIS },
  micro: { name: 'io.debezium.time.MicroTimestamp', write: timestampMicros, infinity: INFINITE_LONG },
  nano: { name: 'io.debezium.time.NanoTimestamp', write: timestampNanos, infinity: INFINITE_LONG },
} as const

export function timestampCodec(precision: number | undefined, { time }: ValueModes): Codec {
  if (time === 'isostring')
    return {
      schema: named('string', 'io.debezium.time.IsoTimestamp'),
      write: (cell) => isoTimestamp(cell as string),
      filler: '"1970-01-01T00:00:00Z"',
      zero: '"1970-01-01T00:00:00Z"',
      parse: asIs,
    }
  const { name, write, infinity } = timestampUnits[unitOf(time, precision ?? 6)]
  return {
    schema: named('int64', time === 'connect' ? 'org.apache.kafka.connect.data.Timestamp' : name),
    write: (cell) => {
      const sign = infinitySign(cell as string)
      return sign === 0 ? write(cell as string) : infinite(sign, infinity)
    },
    ...numeric,
  }
}

function isoTimestamp(text: string): string {
  const sign = infinitySign(text)
  if (sign !== 0) return infinite(sign, INFINITE_ISO)
  const date = readDate(text)
  return `"${isoDate(date)}T${clockPart(text, date.end + 1)}Z"`
}

/** timestamptz: always UTC, with as many digits of a second as the column has. */
export function zonedTimestampCodec(precision = 6): Codec {
  const write = (cell: Present) => zonedTimestamp(cell as string, precision)
  return {
    schema: named('string', 'io.debezium.time.ZonedTimestamp'),
    write,
    filler: '"1970-01-01T00:00:00Z"',
    zero: write('1970-01-01 00:00:00+00'),
    parse: asIs,
  }
}

const zeros = ['', '0', '00', '000', '0000', '00000', '000000']

function zonedTimestamp(text: string, precision: number): string {
  const { length } = text
  // `2024-02-29 10:34:56.789012+00`: no infinity, four digits of the year, no era
  if (text.charCodeAt(4) === DASH && length >= 22 && text.charCodeAt(length - 3) === PLUS) {
    const digits = length === 22 ? 0 : length - 23
    const point = digits === 0 && precision > 0 ? '.' : ''
    return `"${text.slice(0, 10)}T${text.slice(11, -3)}${point}${zeros[precision - digits] ?? ''}Z"`
  }
  if (infinitySign(text) !== 0) return quoted(text)
  const date = readDate(text)
  const clock = clockPart(text, date.end + 1)
  const digits = Math.max(clock.length - 9, 0)
  return `"${isoDate(date)}T${clock}${digits === 0 && precision > 0 ? '.' : ''}${zeros[precision - digits] ?? ''}Z"`
}

/** timetz: turned to UTC. Also where the offset has seconds, which Debezium writes as null. */
export function zonedTimeCodec(): Codec {
  return {
    schema: named('string', 'io.debezium.time.ZonedTime'),
    write: (cell) => zonedTime(cell as string),
    filler: '"00:00:00Z"',
  }
}

function zonedTime(text: string): string {
  const clock = clockPart(text, 0)
  const offset = offsetSeconds(text, clock.length)
  if (offset === 0) return `"${clock}Z"`
  const seconds = Math.floor(clockMicros(text, 0) / 1e6) - offset
  const day = ((seconds % 86400) + 86400) % 86400
  const two = (value: number) => String(value).padStart(2, '0')
  return `"${two(Math.floor(day / 3600))}:${two(Math.floor(day / 60) % 60)}:${two(day % 60)}${clock.slice(8)}Z"`
}
