import type { Cell, DataType } from '@cdc/core'
import type { Random } from './random.ts'

const timestamps = ['2024-02-29 10:34:56.789012', '1970-01-01 00:00:00', '0001-01-01 00:00:00', '9999-12-31 23:59:59']
const wideTimestamps = ['294276-12-31 23:59:59.999999', 'infinity', '-infinity']
const texts = [
  '',
  ' ',
  'null',
  'NULL',
  '\\N',
  'a\tb\nc\rd\be\ff',
  'it\'s "quoted", \\back\\slashed\\',
  '{curly,"x"}',
  '00012',
  'ÄÖü ß 日本語 🐘👩‍👩‍👧',
  '\u0001\u007f\u0080\ufeff',
  'x'.repeat(9000),
]
const bytes = [[], [0], [0xff, 0, 0x5c, 0x78], Array.from({ length: 256 }, (_, i) => i)]
const jsons = [
  '{}',
  'null',
  '"x"',
  '[1,  2]',
  '{"n": 1.000000000000000000001}',
  '12345678901234567890',
  '{"a":{"b":null}}',
]

/**
 * The cells of a type that break careless code: bounds, empties, texts that look like something else. Never null or
 * undefined. All are what PostgreSQL 12 and later can store and print.
 */
export function edgeCells(type: DataType): readonly Exclude<Cell, null | undefined>[] {
  switch (type.kind) {
    case 'boolean':
      return [true, false]
    case 'int16':
      return [0, -1, 32767, -32768]
    case 'int32':
      return [0, -1, 2147483647, -2147483648]
    case 'int64':
      return [0n, -1n, 9007199254740993n, 9223372036854775807n, -9223372036854775808n]
    case 'float32':
      return [0, -0, 1.5, -0.25, 16777216, Number.NaN, Infinity, -Infinity]
    case 'float64':
      return [0, -0, 0.1, 1e21, 5e-324, 1.7976931348623157e308, Number.NaN, Infinity, -Infinity]
    case 'decimal':
      return type.precision === undefined
        ? ['0', '0.00', '-1.10', '123456789012345678901234567890.123456789', 'NaN']
        : scaled(type.precision, type.scale ?? 0)
    case 'string':
      return strings(type)
    case 'bytes':
      return bytes.map((list) => Uint8Array.from(list)).filter(({ length }) => length <= (type.length ?? Infinity))
    case 'uuid':
      return ['00000000-0000-0000-0000-000000000000', 'f47ac10b-58cc-4372-a567-0e02b2c3d479']
    case 'json':
      return jsons
    case 'xml':
      return ['<a/>', '<a b="1">&lt;ü&gt;</a>']
    case 'date':
      return ['2024-02-29', '1970-01-01', '0001-01-01', '9999-12-31', '0044-03-15 BC', 'infinity', '-infinity']
    case 'time':
      return ['00:00:00', '10:34:56.789012', '23:59:59.999999', '24:00:00'].map((text) => trimmed(text, type.precision))
    case 'timetz':
      return ['00:00:00+00', '10:34:56.789012+02:30', '23:59:59-11', '24:00:00+00']
    case 'timestamp':
      return [...timestamps, '0044-03-15 10:00:00 BC', ...wideTimestamps].map((text) => trimmed(text, type.precision))
    case 'timestamptz':
      return [...timestamps.map((text) => `${text}+00`), '0044-03-15 10:00:00+00 BC', 'infinity', '-infinity']
    case 'interval':
      return ['00:00:00', '1 year 2 mons 3 days 04:05:06', '-1 years -2 mons +3 days -04:05:06.789', '1 day']
    case 'enum':
      return type.labels ?? ['ok']
    case 'array':
      return arrays(edgeCells(type.element))
    case 'other':
      return ['10.0.0.1']
  }
}

/** Precision 6 is the default: more digits never come, fewer are cut off as the server would. */
function trimmed(text: string, precision: number | undefined): string {
  if (precision === undefined) return text
  return text.replace(/\.(\d+)/, (_, digits: string) => {
    const kept = digits.slice(0, precision).replace(/0+$/, '')
    return kept === '' ? '' : `.${kept}`
  })
}

function scaled(precision: number, scale: number): string[] {
  const fraction = (digit: string) => (scale === 0 ? '' : `.${digit.repeat(scale)}`)
  const whole = '9'.repeat(precision - scale) || '0'
  return [`0${fraction('0')}`, `${whole}${fraction('9')}`, `-${whole}${fraction('9')}`, 'NaN']
}

function strings({ length, fixed }: { readonly length?: number; readonly fixed?: boolean }): string[] {
  const fitting = texts.filter((text) => [...text].length <= (length ?? Infinity))
  if (!fixed || length === undefined) return fitting
  // trailing blanks of char(n) mean nothing; the server prints it padded
  return fitting.map((text) => text + ' '.repeat(length - [...text].length))
}

function arrays(cells: readonly Exclude<Cell, null | undefined>[]): Exclude<Cell, null | undefined>[] {
  const [first, second = first] = cells
  return [
    [],
    [null],
    [first, null, second],
    cells,
    [
      [first, second],
      [null, first],
    ] as Cell[],
  ]
}

/** A cell of the type: an edge now and then, else something plain. Never null or undefined. */
export function randomCell(random: Random, type: DataType): Exclude<Cell, null | undefined> {
  if (random.chance(0.25)) return random.pick(edgeCells(type))
  switch (type.kind) {
    case 'int16':
      return random.int(-32768, 32767)
    case 'int32':
      return random.int(-2147483648, 2147483647)
    case 'int64':
      return BigInt(random.int(-2147483648, 2147483647)) * 4294967296n + BigInt(random.int(0, 4294967295))
    case 'float32':
      return random.int(-1000, 1000) / 4
    case 'float64':
      return random.int(-1e9, 1e9) / 1000
    case 'string':
      return fitted(`text ${random.int(0, 1e6)}`, type)
    case 'bytes':
      return Uint8Array.from({ length: random.int(0, Math.min(20, type.length ?? 20)) }, () => random.int(0, 255))
    case 'uuid':
      return uuid(random)
    case 'date':
      return `20${two(random, 10, 99)}-${two(random, 1, 12)}-${two(random, 1, 28)}`
    default:
      return random.pick(edgeCells(type))
  }
}

const two = (random: Random, min: number, max: number) => String(random.int(min, max)).padStart(2, '0')

function fitted(text: string, { length, fixed }: { readonly length?: number; readonly fixed?: boolean }): string {
  if (length === undefined) return text
  const cut = text.slice(0, length)
  return fixed ? cut.padEnd(length) : cut
}

function uuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.int(0, 15).toString(16)).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
