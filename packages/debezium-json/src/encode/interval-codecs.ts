import { type IntervalParts, readInterval } from '../text/postgres-interval.ts'
import { asIs, type Codec, type Present, type ValueModes } from './codec.ts'
import { named } from './plain-codecs.ts'

/** A month as Debezium counts it: 365.25 / 12 days. */
const MICROS_PER_MONTH = 2_629_800_000_000n
const MICROS_PER_DAY = 86_400_000_000n

/** The time part as whole hours, minutes, seconds and the rest in microseconds, all with its sign. */
export function clockParts({ micros }: IntervalParts) {
  const seconds = micros / 1_000_000n
  return {
    hours: seconds / 3600n,
    minutes: (seconds / 60n) % 60n,
    seconds: seconds % 60n,
    micros: micros % 1_000_000n,
  }
}

function durationMicros(cell: Present): string | undefined {
  const parts = readInterval(cell as string)
  if (parts === undefined) return undefined
  const { months, days, micros } = parts
  const total = BigInt(months) * MICROS_PER_MONTH + BigInt(days) * MICROS_PER_DAY + micros
  return BigInt.asIntN(64, total) === total ? String(total) : undefined
}

function isoDuration(cell: Present): string | undefined {
  const parts = readInterval(cell as string)
  if (parts === undefined) return undefined
  const { hours, minutes, seconds, micros } = clockParts(parts)
  const negative = seconds < 0n || micros < 0n
  const size = (value: bigint) => (value < 0n ? -value : value)
  const fraction = micros === 0n ? '' : `.${String(size(micros)).padStart(6, '0').replace(/0+$/, '')}`
  const years = Math.trunc(parts.months / 12)
  const rest = parts.months % 12
  // no minus zero
  return `"P${years + 0}Y${rest + 0}M${parts.days}DT${hours}H${minutes}M${negative ? '-' : ''}${size(seconds)}${fraction}S"`
}

export function intervalCodec({ interval }: ValueModes): Codec {
  if (interval === 'string')
    return {
      schema: named('string', 'io.debezium.time.Interval'),
      write: isoDuration,
      filler: '"P0Y0M0DT0H0M0S"',
      zero: '"P0Y0M0DT0H0M0S"',
      parse: asIs,
    }
  return {
    schema: named('int64', 'io.debezium.time.MicroDuration'),
    write: durationMicros,
    filler: '0',
    zero: '0',
    parse: asIs,
  }
}
