import { z } from 'zod'
import type { ConfiguredFormat } from '../define.ts'

/** What the docs, the editors and the redactor know of an option. */
export interface OptionText<I = unknown> {
  /** One line for the table in the README. */
  readonly doc: string
  /** As the user would write it. Parsed like a value of theirs. */
  readonly default?: I
  readonly example?: string
  /** Never logged, never in an error. */
  readonly secret?: boolean
  /** Must be given. */
  readonly required?: boolean
  /** The environment variable that people usually keep it in, for the hint of a missing option. */
  readonly env?: string
  /** Other keys by which systems of this kind know the option. */
  readonly aliases?: readonly string[]
}

type Presence = 'required' | 'defaulted' | 'optional'
type PresenceOf<M> = M extends { readonly required: true }
  ? 'required'
  : M extends { readonly default: infer D }
    ? undefined extends D
      ? 'optional'
      : 'defaulted'
    : 'optional'

/** One declared option. `T`: the value that the connector gets; `I`: what a user may write. */
export interface Option<T = unknown, I = unknown, P extends Presence = Presence> {
  readonly schema: z.ZodType<T, I>
  /** The type's name in the docs: `String`, `Integer`, `Duration`, ... */
  readonly type: string
  readonly text: OptionText
  readonly presence: P
  /** Set on the options of a prefix (`properties.*`). */
  readonly prefix?: true
  /** Set on options that name a format. */
  readonly format?: true
}

/** Declares an option from any zod schema. The builders below cover the usual types. */
export function option<S extends z.ZodType, const M extends OptionText<z.input<S>>>(
  schema: S,
  text: M,
  type = 'String',
): Option<z.output<S>, z.input<S>, PresenceOf<M>> {
  const presence = (text.required ? 'required' : text.default !== undefined ? 'defaulted' : 'optional') as PresenceOf<M>
  return { schema: schema as never, type, text, presence }
}

const fromText = (pattern: RegExp) => z.string().trim().regex(pattern)

/** A string that is not empty. Numbers and booleans that YAML made of unquoted text are taken as text. */
export function text<const M extends OptionText<string>>(meta: M, check?: z.ZodType<string, string>) {
  const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'must be text' }).transform(String)
  const schema = scalar.pipe(check ?? z.string().min(1, 'must not be empty')) as unknown as z.ZodType<string, string>
  return option(schema, meta)
}

/** `true` or `false`, as a boolean or as text. */
export function flag<const M extends OptionText<boolean | 'true' | 'false'>>(meta: M) {
  const word = fromText(/^(true|false)$/i).transform((value) => value.toLowerCase() === 'true')
  const schema = z.union([z.boolean(), word], { error: 'must be true or false' })
  return option(schema as unknown as z.ZodType<boolean, boolean | 'true' | 'false'>, meta, 'Boolean')
}

/** A whole number that a double holds exactly. */
export function integer<const M extends OptionText<number | string>>(
  meta: M,
  range: { min?: number; max?: number } = {},
) {
  const min = range.min ?? Number.MIN_SAFE_INTEGER
  const max = range.max ?? Number.MAX_SAFE_INTEGER
  const error = `must be a whole number${rangeText(range)}`
  const word = fromText(/^[+-]?\d+$/).transform(Number)
  const schema = z.union([z.number(), word], { error }).pipe(z.int({ error }).min(min, { error }).max(max, { error }))
  return option(schema as unknown as z.ZodType<number, number | string>, meta, 'Integer')
}

/** Any number. */
export function decimal<const M extends OptionText<number | string>>(
  meta: M,
  range: { min?: number; max?: number } = {},
) {
  const error = `must be a number${rangeText(range)}`
  const word = fromText(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i).transform(Number)
  const schema = z.union([z.number(), word], { error }).pipe(
    z
      .number({ error })
      .min(range.min ?? -Number.MAX_VALUE, { error })
      .max(range.max ?? Number.MAX_VALUE, { error }),
  )
  return option(schema as unknown as z.ZodType<number, number | string>, meta, 'Double')
}

function rangeText({ min, max }: { min?: number; max?: number }): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`
  if (min !== undefined) return ` of at least ${min}`
  return max === undefined ? '' : ` of at most ${max}`
}

/** One of a few words, matched without regard to case. */
export function choice<const V extends readonly [string, ...string[]], const M extends OptionText<V[number]>>(
  values: V,
  meta: M,
) {
  const schema = z.string({ error: `must be one of ${values.join(', ')}` }).transform((value, context) => {
    const found = values.find((one) => one.toLowerCase() === value.trim().toLowerCase())
    if (found !== undefined) return found
    context.addIssue({ code: 'custom', message: `must be one of ${values.join(', ')}, but is '${value}'` })
    return z.NEVER
  })
  const listed = option(schema as unknown as z.ZodType<V[number], V[number]>, meta, 'Enum')
  return { ...listed, values }
}

const units: Record<string, number> = {}
const names: [number, string][] = [
  [1e-6, 'ns nano nanosecond nanoseconds nanos'],
  [1e-3, 'µs us micro microsecond microseconds micros'],
  [1, 'ms milli millisecond milliseconds millis'],
  [1000, 's sec second seconds secs'],
  [60_000, 'm min minute minutes mins'],
  [3_600_000, 'h hour hours'],
  [86_400_000, 'd day days'],
]
for (const [factor, spellings] of names) for (const name of spellings.split(' ')) units[name] = factor

/** Milliseconds from `30s`, `500 ms`, `1 min`, or a bare number of milliseconds: the spellings that Flink takes. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined
  const match = /^\s*(\d+)\s*([a-zµ]*)\s*$/i.exec(value)
  const factor = match === null ? undefined : match[2] === '' ? 1 : units[match[2]!.toLowerCase()]
  return factor === undefined ? undefined : Number(match![1]) * factor
}

/** A span of time; the connector gets milliseconds. */
export function duration<const M extends OptionText<string | number>>(
  meta: M,
  range: { min?: number; max?: number } = {},
) {
  const schema = z.union([z.string(), z.number()], { error: durationError }).transform((value, context) => {
    const milliseconds = parseDuration(value)
    if (milliseconds !== undefined && milliseconds >= (range.min ?? 0) && milliseconds <= (range.max ?? Infinity))
      return milliseconds
    context.addIssue({
      code: 'custom',
      message: milliseconds === undefined ? durationError : `must be a time span${rangeText(range)} ms`,
    })
    return z.NEVER
  })
  return option(schema, meta, 'Duration')
}
const durationError = 'must be a time span such as 500ms, 30s or 5 min'

const sizes: Record<string, number> = {
  '': 1,
  b: 1,
  bytes: 1,
  k: 1024,
  kb: 1024,
  m: 1048576,
  mb: 1048576,
  g: 1073741824,
  gb: 1073741824,
}
const sizeError = 'must be a size such as 512kb, 64mb or 1gb'

/** A size in bytes from `64mb`, or a bare number of bytes. */
export function size<const M extends OptionText<string | number>>(meta: M) {
  const schema = z.union([z.string(), z.number()], { error: sizeError }).transform((value, context) => {
    const match = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(String(value))
    const factor = match === null ? undefined : sizes[match[2]!.toLowerCase()]
    if (factor !== undefined) return Number(match![1]) * factor
    context.addIssue({ code: 'custom', message: sizeError })
    return z.NEVER
  })
  return option(schema, meta, 'MemorySize')
}

/**
 * Every key that begins with a prefix: declare it under `'properties.*'`. The connector gets a null-prototype record
 * by the rest of the key. Values are texts.
 */
export function prefix(meta: { readonly doc: string; readonly example?: string; readonly secret?: boolean }) {
  const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'must be text' }).transform(String)
  const declared = option(scalar as unknown as z.ZodType<string, string>, meta)
  return { ...declared, prefix: true as const }
}

/**
 * A format, by its option `format` (or `key.format`, `value.format`). A program gives a configured one:
 * `format: debeziumJson({ ... })`. In a file it is the format's name, whose own options stand beside it under its name
 * (`debezium-json.schemas-enable`, after the same prefix as the option: `value.json.ignore-parse-errors`); whoever reads
 * the file configures the format and puts it in the name's place.
 */
export function format<const M extends Omit<OptionText<ConfiguredFormat>, 'default'>>(meta: M) {
  const isFormat = (value: unknown) =>
    typeof value === 'object' && value !== null && (value as ConfiguredFormat).kind === 'format'
  const schema = z.custom<ConfiguredFormat>(isFormat, { error: 'must name a format' })
  return { ...option<typeof schema, M>(schema, meta, 'Format'), format: true as const }
}
