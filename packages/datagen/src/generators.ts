import type { Cell } from '@cdc/core'
import type { FieldSpec, RandomField, SequenceField } from './field-options.ts'
import { fractionText, millisecondsText, monthsText, timeText } from './interval-text.ts'
import type { RowRandom } from './random.ts'

/**
 * Makes the cell of a row. `row` counts from 0, `now` are milliseconds since 1970. The same seed, row and `now` give
 * the same cell.
 */
export type Generator = (random: RowRandom, row: number, now: number) => Cell

/** Compiles a column's options. */
export function generatorOf(field: FieldSpec): Generator {
  if (field.kind === 'sequence') return sequenceOf(field)
  const make = randomOf(field)
  const { nullRate } = field
  if (nullRate === 0) return make
  return (random, row, now) => (random.fraction() < nullRate ? null : make(random, row, now))
}

/** How many rows the fields allow: as many as the shortest sequence has. */
export function rowsOf(fields: readonly FieldSpec[]): number {
  let rows = Infinity
  for (const field of fields) if (field.kind === 'sequence') rows = Math.min(rows, Number(field.end - field.start) + 1)
  return rows
}

function sequenceOf({ type, start }: SequenceField): Generator {
  const first = Number(start)
  switch (type.root) {
    case 'BIGINT':
      return (_random, row) => start + BigInt(row)
    case 'DECIMAL': {
      const zeros = type.scale === 0 ? '' : `.${'0'.repeat(type.scale!)}`
      return (_random, row) => `${start + BigInt(row)}${zeros}`
    }
    case 'CHAR':
      return (_random, row) => String(start + BigInt(row)).padEnd(type.length!)
    case 'VARCHAR':
      return (_random, row) => String(start + BigInt(row))
    case 'BINARY':
    case 'VARBINARY':
      return (_random, row) => {
        const bytes = new Uint8Array(8)
        new DataView(bytes.buffer).setBigInt64(0, start + BigInt(row))
        return bytes
      }
    default:
      return (_random, row) => first + row
  }
}

function randomOf(field: RandomField): Generator {
  const { type, maxPast } = field
  switch (type.root) {
    case 'BOOLEAN':
      return (random) => random.word() % 2 === 1
    case 'CHAR':
      return hexOf(type.length!, false)
    case 'VARCHAR':
      return hexOf(field.length, field.varLen)
    case 'BINARY':
      return bytesOf(type.length!, false)
    case 'VARBINARY':
      return bytesOf(field.length, field.varLen)
    case 'BIGINT':
      return bigintOf(field.min as bigint, field.max as bigint)
    case 'FLOAT':
      return floatOf(field.min as number, field.max as number)
    case 'DOUBLE':
      return doubleOf(field.min as number, field.max as number)
    case 'DECIMAL':
      return decimalOf(field.min as bigint, field.max as bigint, type.scale!)
    case 'DATE':
      return (_random, _row, now) => clockText(now).slice(0, 10)
    case 'TIME':
      return (_random, _row, now) => timeText(now % 86_400_000, type.precision!)
    case 'TIMESTAMP':
      return timestampOf(maxPast, type.precision!, '')
    case 'TIMESTAMP_LTZ':
      return timestampOf(maxPast, type.precision!, '+00')
    case 'INTERVAL_MONTHS':
      return textOf(field, monthsText)
    case 'INTERVAL_MILLISECONDS':
      return textOf(field, millisecondsText)
    case 'ARRAY':
      return arrayOf(field)
    default:
      return integerOf(Number(field.min), Number(field.max))
  }
}

const integerOf =
  (min: number, max: number): Generator =>
  (random) =>
    random.integer(min, max)

function textOf({ min, max }: RandomField, text: (value: number) => string): Generator {
  const [low, high] = [Number(min), Number(max)]
  return (random) => text(random.integer(low, high))
}

function bigintOf(min: bigint, max: bigint): Generator {
  const [low, high] = [Number(min), Number(max)]
  if (Number.isSafeInteger(low) && Number.isSafeInteger(high) && Number.isSafeInteger(high - low))
    return (random) => BigInt(random.integer(low, high))
  if (max - min !== 2n ** 64n - 1n) return (random) => random.bigint(min, max)
  const words = new Uint32Array(2)
  const whole = new BigInt64Array(words.buffer)
  return (random) => {
    words[0] = random.word()
    words[1] = random.word()
    return whole[0]!
  }
}

function doubleOf(min: number, max: number): Generator {
  // the distance of the limits may be no finite number, so each has its share
  return (random) => {
    const fraction = random.fraction()
    return min * (1 - fraction) + max * fraction
  }
}

/** Six digits: as many as a 32-bit number surely keeps, so that the cell and its text are the same number. */
function floatOf(min: number, max: number): Generator {
  const double = doubleOf(min, max)
  return (random, row, now) => {
    const value = Number((double(random, row, now) as number).toPrecision(6))
    return value < min || value > max ? Math.fround(min) : value
  }
}

function decimalOf(min: bigint, max: bigint, scale: number): Generator {
  const safe = Number.isSafeInteger(Number(max - min)) && Number.isSafeInteger(Number(min) + Number(max - min))
  const [low, high] = [Number(min), Number(max)]
  const text = (units: number | bigint) => {
    if (scale === 0) return String(units)
    const digits = String(units < 0 ? -units : units).padStart(scale + 1, '0')
    return `${units < 0 ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  }
  return safe ? (random) => text(random.integer(low, high)) : (random) => text(random.bigint(min, max))
}

/** Flink's random strings are hex digits. */
function hexOf(length: number, varLen: boolean): Generator {
  const words = new Uint32Array(Math.ceil(length / 8))
  const bytes = Buffer.from(words.buffer)
  return (random) => {
    const wanted = varLen ? random.integer(1, length) : length
    const used = Math.ceil(wanted / 8)
    for (let i = 0; i < used; i++) words[i] = random.word()
    const text = bytes.toString('hex', 0, Math.ceil(wanted / 2))
    return wanted % 2 === 0 ? text : text.slice(0, wanted)
  }
}

function bytesOf(length: number, varLen: boolean): Generator {
  const words = new Uint32Array(Math.ceil(length / 4))
  const bytes = new Uint8Array(words.buffer)
  return (random) => {
    const wanted = varLen ? random.integer(1, length) : length
    const used = Math.ceil(wanted / 4)
    for (let i = 0; i < used; i++) words[i] = random.word()
    return bytes.slice(0, wanted)
  }
}

function timestampOf(maxPast: number, precision: number, zone: string): Generator {
  const text = (time: number) => {
    const clock = clockText(time)
    return `${clock.slice(0, 10)} ${clock.slice(11, 19)}${fractionText(clock.slice(20, 23), precision)}${zone}`
  }
  if (maxPast > 0) return (random, _row, now) => text(now - Math.floor(random.fraction() * maxPast))
  // rows of one batch share the moment
  let [last, made] = [Number.NaN, '']
  return (_random, _row, now) => {
    if (now !== last) [last, made] = [now, text(now)]
    return made
  }
}

const clockText = (time: number) => new Date(time).toISOString()

function arrayOf({ element, length }: RandomField): Generator {
  const one = generatorOf(element!)
  return (random, row, now) => {
    const cells: Cell[] = []
    for (let i = 0; i < length; i++) cells.push(one(random, row, now))
    return cells
  }
}
