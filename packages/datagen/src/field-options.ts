import { nearest, parseDuration } from '@cdc/core'
import type { ColumnSpec, SqlRoot, SqlType } from '@cdc/flink-schema'

/** How to make the cells of a column. */
export type FieldSpec = SequenceField | RandomField

export interface SequenceField {
  readonly kind: 'sequence'
  readonly type: SqlType
  readonly start: bigint
  readonly end: bigint
}

export interface RandomField {
  readonly kind: 'random'
  readonly type: SqlType
  /** Numbers and intervals. Of a DECIMAL: in units of its last digit. */
  readonly min?: bigint | number
  readonly max?: bigint | number
  /** Milliseconds. */
  readonly maxPast: number
  readonly length: number
  readonly varLen: boolean
  /** From 0 to 1. */
  readonly nullRate: number
  readonly element?: RandomField
}

/** `key` is the option as the user would write it, `fields.id.start`. */
export type FieldProblem = (key: string, message: string, hint?: string) => void

/** Gives each option under `fields.` to its column, and reads it by the column's type. Reports every fault. */
export function readFields(
  columns: readonly ColumnSpec[],
  options: Readonly<Record<string, string>>,
  problem: FieldProblem,
): FieldSpec[] {
  const readers = columns.map(({ name, type }) => new FieldReader(`fields.${name}`, type, problem))
  for (const [rest, value] of Object.entries(options)) {
    // names may hold dots, so the longest that fits is meant
    let owner = -1
    columns.forEach(({ name }, i) => {
      if (rest.startsWith(`${name}.`) && (owner < 0 || name.length > columns[owner]!.name.length)) owner = i
    })
    if (owner >= 0) readers[owner]!.give(rest.slice(columns[owner]!.name.length + 1), value)
    else unknownColumn(rest, columns, problem)
  }
  return readers.map((reader) => reader.read())
}

function unknownColumn(rest: string, columns: readonly ColumnSpec[], problem: FieldProblem): void {
  const names = columns.map(({ name }) => name)
  const near = nearest(rest.slice(0, Math.max(rest.lastIndexOf('.'), 0)), names)
  const hint = near === undefined ? `The schema has: ${names.join(', ')}` : `Did you mean 'fields.${near}...'?`
  problem(`fields.${rest}`, `Option 'fields.${rest}' belongs to no column of the schema.`, hint)
}

const numbers: readonly SqlRoot[] = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'DECIMAL']
const sequences: readonly SqlRoot[] = [...numbers, 'CHAR', 'VARCHAR', 'BINARY', 'VARBINARY']
const ranges: Partial<Record<SqlRoot, readonly [bigint | number, bigint | number]>> = {
  TINYINT: [-128n, 127n],
  SMALLINT: [-32768n, 32767n],
  INT: [-2147483648n, 2147483647n],
  BIGINT: [-(2n ** 63n), 2n ** 63n - 1n],
  // Flink's defaults are Java's MIN_VALUE, the least number above zero
  FLOAT: [1.4e-45, 3.4028234663852886e38],
  DOUBLE: [Number.MIN_VALUE, Number.MAX_VALUE],
  INTERVAL_MONTHS: [0n, 120_000n],
  // Flink's is the whole range of a long, most of which no database holds
  INTERVAL_MILLISECONDS: [-315_360_000_000n, 315_360_000_000n],
}

const settings = ['kind', 'start', 'end', 'min', 'max', 'max-past', 'length', 'var-len', 'null-rate']

/** Reads the options of one column, or of an array's elements. */
class FieldReader {
  readonly #prefix: string
  readonly #type: SqlType
  readonly #problem: FieldProblem
  readonly #given = new Map<string, string>()
  readonly #element: FieldReader | undefined

  constructor(prefix: string, type: SqlType, problem: FieldProblem) {
    this.#prefix = prefix
    this.#type = type
    this.#problem = problem
    this.#element = type.element && new FieldReader(`${prefix}.element`, type.element, problem)
  }

  give(rest: string, value: string): void {
    if (this.#element !== undefined && rest.startsWith('element.')) this.#element.give(rest.slice(8), value)
    else this.#given.set(rest, value)
  }

  read(nested = false): FieldSpec {
    const kind = nested ? 'random' : (this.#given.get('kind') ?? 'random')
    if (kind !== 'random' && kind !== 'sequence')
      this.#fault('kind', `Unsupported generator kind: ${kind}.`, 'It is random or sequence.')
    const known = [...(nested ? [] : ['kind']), ...this.#knownOptions(kind, nested)]
    for (const name of this.#given.keys()) if (!known.includes(name)) this.#unknown(name, kind, known)
    return kind === 'sequence' ? this.#sequence() : this.#random()
  }

  #knownOptions(kind: string, nested: boolean): string[] {
    if (kind === 'sequence') return ['start', 'end']
    const { root } = this.#type
    const known = ['null-rate']
    // one level of an array is no value of its own, so it cannot be null
    if (nested && root === 'ARRAY') known.pop()
    if (root in ranges || root === 'DECIMAL') known.push('min', 'max')
    if (root === 'TIMESTAMP' || root === 'TIMESTAMP_LTZ') known.push('max-past')
    if (root === 'VARCHAR' || root === 'VARBINARY') known.push('length', 'var-len')
    if (root === 'ARRAY') known.push('length')
    return known
  }

  #unknown(name: string, kind: string, known: readonly string[]): void {
    const { root } = this.#type
    if (name === 'length' && (root === 'CHAR' || root === 'BINARY')) {
      this.#fault(name, `Custom length for fixed-length type (CHAR/BINARY) field '${this.#name}' is not supported.`)
      return
    }
    // a setting that other types have is no slip of the pen
    const near = settings.includes(name) ? undefined : nearest(name, known)
    const hint = near === undefined ? `It has: ${known.join(', ')}` : `Did you mean '${this.#prefix}.${near}'?`
    this.#fault(name, `Option '${this.#prefix}.${name}' does not fit a ${kind} field of type ${this.#type.text}.`, hint)
  }

  #sequence(): SequenceField {
    const type = this.#type
    if (!sequences.includes(type.root))
      this.#fault('kind', `Unsupported type: ${type.text} cannot be a sequence.`, 'Sequences are numbers or strings.')
    const start = this.#bound('start')
    const end = this.#bound('end')
    if (start > end) this.#fault('start', `The start value (${start}) cannot be greater than the end value (${end}).`)
    for (const [name, value] of [
      ['start', start],
      ['end', end],
    ] as const) {
      if (!fits(value, type)) this.#fault(name, `Option '${this.#prefix}.${name}': ${value} does not fit ${type.text}.`)
    }
    return { kind: 'sequence', type, start, end }
  }

  #bound(name: string): bigint {
    const key = `${this.#prefix}.${name}`
    const text = this.#given.get(name)?.trim()
    if (text === undefined)
      this.#fault(name, `Could not find required property '${key}' for sequence generator.`, `Add: ${key}: 1`)
    else if (/^[+-]?\d+$/.test(text)) {
      const value = BigInt(text.replace('+', ''))
      if (BigInt.asIntN(64, value) === value) return value
      this.#fault(name, `Option '${key}' must be in the range of a BIGINT.`)
    } else this.#fault(name, `Option '${key}' must be a whole number.`)
    return 0n
  }

  #random(): RandomField {
    const { root, element } = this.#type
    const [min, max] = this.#range()
    const nested = this.#element?.read(true)
    return {
      kind: 'random',
      type: this.#type,
      ...(min === undefined ? {} : { min, max: max! }),
      maxPast: root === 'TIMESTAMP' || root === 'TIMESTAMP_LTZ' ? this.#maxPast() : 0,
      length: element === undefined ? this.#textLength() : (this.#length() ?? 3),
      varLen: this.#flag('var-len'),
      nullRate: this.#nullRate(),
      ...(nested?.kind === 'random' ? { element: nested } : {}),
    }
  }

  #range(): readonly [bigint | number | undefined, bigint | number | undefined] {
    const { root, precision } = this.#type
    const widest = root === 'DECIMAL' ? ([0n, 10n ** BigInt(precision!) - 1n] as const) : ranges[root]
    if (widest === undefined) return [undefined, undefined]
    const [min, max] = [this.#limit('min') ?? widest[0], this.#limit('max') ?? widest[1]]
    if (min > max) this.#fault('min', `Option '${this.#prefix}.min' is greater than '${this.#prefix}.max'.`)
    return [min, max]
  }

  /** A `min` or `max`, cut to what the type holds. */
  #limit(name: string): bigint | number | undefined {
    const text = this.#given.get(name)?.trim()
    if (text === undefined) return undefined
    const { root, precision, scale } = this.#type
    const key = `${this.#prefix}.${name}`
    if (root === 'FLOAT' || root === 'DOUBLE' || root === 'DECIMAL') {
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
        this.#fault(name, `Option '${key}' must be a number.`)
        return undefined
      }
      if (root !== 'DECIMAL') return clamp(Number(text), root === 'FLOAT' ? 3.4028234663852886e38 : Number.MAX_VALUE)
      const largest = 10n ** BigInt(precision!) - 1n
      const units = decimalUnits(text, scale!)
      return units > largest ? largest : units < -largest ? -largest : units
    }
    if (!/^[+-]?\d+$/.test(text)) this.#fault(name, `Option '${key}' must be a whole number.`)
    else {
      const value = BigInt(text.replace('+', ''))
      if (root.startsWith('INTERVAL') || fits(value, this.#type)) return value
      this.#fault(name, `Option '${key}': ${value} does not fit ${this.#type.text}.`)
    }
    return undefined
  }

  #maxPast(): number {
    const text = this.#given.get('max-past')
    if (text === undefined) return 0
    const past = parseDuration(text)
    if (past === undefined)
      this.#fault('max-past', `Option '${this.#prefix}.max-past' must be a time span such as 5 min.`)
    return past ?? 0
  }

  #textLength(): number {
    const { root, length: declared } = this.#type
    if (root !== 'VARCHAR' && root !== 'VARBINARY') return declared ?? 0
    const length = this.#length()
    if (length !== undefined && declared !== undefined && length > declared)
      this.#fault(
        'length',
        `Custom length for variable-length type (VARCHAR/STRING/VARBINARY/BYTES) field '${this.#name}' should be shorter than the length defined in the schema.`,
      )
    return length ?? declared ?? 100
  }

  #length(): number | undefined {
    const text = this.#given.get('length')?.trim()
    if (text === undefined) return undefined
    const least = this.#type.root === 'ARRAY' ? 0 : 1
    if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= 100_000_000) return Number(text)
    this.#fault('length', `Option '${this.#prefix}.length' must be a whole number from ${least} to 100000000.`)
    return undefined
  }

  #flag(name: string): boolean {
    const text = this.#given.get(name)?.trim().toLowerCase() ?? 'false'
    if (text !== 'true' && text !== 'false')
      this.#fault(name, `Option '${this.#prefix}.${name}' must be true or false.`)
    return text === 'true'
  }

  #nullRate(): number {
    const text = this.#given.get('null-rate')?.trim() ?? '0'
    const rate = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN
    if (!(rate >= 0 && rate <= 1))
      this.#fault('null-rate', `Option '${this.#prefix}.null-rate' must be a number from 0 to 1.`)
    return rate
  }

  get #name(): string {
    return this.#prefix.slice('fields.'.length)
  }

  #fault(name: string, message: string, hint?: string): void {
    this.#problem(`${this.#prefix}.${name}`, message, hint)
  }
}

function fits(value: bigint, { root, length, precision, scale }: SqlType): boolean {
  const range = ranges[root]
  if (range !== undefined && typeof range[0] === 'bigint') return value >= range[0] && value <= range[1]
  if (root === 'DECIMAL') return String(value).replace('-', '').length <= precision! - scale! || value === 0n
  // a sequence of FLOAT or DOUBLE counts, so it must not come to where numbers have gaps
  if (root === 'FLOAT') return value >= -(2n ** 24n) && value <= 2n ** 24n
  if (root === 'DOUBLE') return value >= -(2n ** 53n) && value <= 2n ** 53n
  if (root === 'BINARY' || root === 'VARBINARY') return length === undefined || length >= 8
  return length === undefined || String(value).length <= length
}

const clamp = (value: number, largest: number) => Math.min(Math.max(value, -largest), largest)

/** `12.345` in units of the last of `scale` digits, cut towards zero. */
function decimalUnits(text: string, scale: number): bigint {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text)!
  const [, sign, whole, fraction, power] = match
  const shift = Number(power ?? 0) + scale - fraction!.length
  const digits = BigInt(`${whole}${fraction}`)
  // further digits than a DECIMAL has change nothing
  const units = shift >= 0 ? digits * 10n ** BigInt(Math.min(shift, 80)) : digits / 10n ** BigInt(Math.min(-shift, 400))
  return sign === '-' ? -units : units
}
