import { z } from 'zod'
import { nearest } from './nearest.ts'
import type { Option } from './option.ts'

export type OptionFields = Readonly<Record<string, Option>>

/** What the connector gets: every key, defaults filled in, prefixes gathered under `'properties.*'`. */
export type OptionValues<F extends OptionFields> = {
  readonly [K in keyof F]: F[K] extends { readonly prefix: true }
    ? Readonly<Record<string, string>>
    : F[K] extends Option<infer T, infer _, infer P>
      ? 'optional' extends P
        ? T | undefined
        : T
      : never
}

type RequiredKeys<F extends OptionFields> = {
  [K in keyof F]: F[K] extends Option<infer _T, infer _I, 'required'> ? K : never
}[keyof F]
type PrefixKey<K> = K extends `${infer P}*` ? `${P}${string}` : never
type InputOf<O> = O extends Option<infer _T, infer I, infer _P> ? I : never

/** What a user writes: the keys of the YAML file or of the WITH clause. */
export type OptionInput<F extends OptionFields> = {
  readonly [K in RequiredKeys<F>]: InputOf<F[K]>
} & {
  readonly [K in Exclude<keyof F, RequiredKeys<F> | `${string}*`>]?: InputOf<F[K]> | undefined
} & {
  readonly [K in Extract<keyof F, `${string}*`> as PrefixKey<K>]?: string | number | boolean
}

/** One fault in what the user wrote. `option` is the key as they wrote it. */
export interface OptionProblem {
  readonly code: 'MISSING_OPTION' | 'UNKNOWN_OPTION' | 'INVALID_OPTION'
  readonly option: string
  readonly message: string
  readonly hint?: string
}

/**
 * A rule across options. Runs even when other options are wrong; those are then undefined in `values`. Reports with
 * `problem`; never throws.
 */
export type OptionRule<F extends OptionFields> = (
  values: Partial<OptionValues<F>>,
  problem: (option: keyof F & string, message: string, hint?: string) => void,
) => void

export interface OptionSet<F extends OptionFields = OptionFields> {
  readonly fields: F
  /** Options of the systems that users come from and that are not taken, with the reason. `a.*` is all that begin so. */
  readonly refused?: Readonly<Record<string, string>>
  /**
   * Checks everything and gives all faults at once. `values` is complete only when `problems` is empty. `under`: what
   * the user has written before each key (`debezium-json.`), so that faults name the keys as they stand in the file.
   */
  parse(raw: Readonly<Record<string, unknown>>, under?: string): { values: OptionValues<F>; problems: OptionProblem[] }
  /** JSON Schema (draft 2020-12) of what a user may write. */
  jsonSchema(): Record<string, unknown>
  /** The raw options with secrets as `******`. */
  redact(raw: Readonly<Record<string, unknown>>): Record<string, unknown>
}

/**
 * Declares a connector's options: types, validation, JSON Schema and the README's table come from here. `refused`:
 * names that users bring along, each with a clause that says why it is not taken and what to write.
 */
export function defineOptions<const F extends OptionFields>(
  fields: F,
  rules: readonly OptionRule<F>[] = [],
  refused: Readonly<Record<string, string>> = {},
): OptionSet<F> {
  const aliases = new Map<string, string>()
  const prefixes: [string, string][] = []
  for (const [key, field] of Object.entries(fields)) {
    if (field.prefix) prefixes.push([key.slice(0, -1), key])
    for (const alias of field.text.aliases ?? []) aliases.set(alias, key)
  }
  /** The declared key of a written one, or undefined when there is none. */
  const declared = (key: string): string | undefined =>
    Object.hasOwn(fields, key) && !fields[key]!.prefix
      ? key
      : (aliases.get(key) ?? prefixes.find(([start]) => key.startsWith(start) && key.length > start.length)?.[1])

  const parse = (raw: Readonly<Record<string, unknown>>, under = '') => {
    const problems: OptionProblem[] = []
    const values: Record<string, unknown> = Object.create(null)
    for (const [, key] of prefixes) values[key] = Object.create(null)
    for (const [written, value] of Object.entries(raw)) {
      const key = declared(written)
      const why = key === undefined ? reasonOf(written, refused) : undefined
      if (why !== undefined) problems.push(refusedOption(under + written, why))
      else if (key === undefined) problems.push(unknownOption(written, fields, aliases, under))
      else if (value !== undefined && value !== null)
        readOption(fields[key]!, key, written, value, values, problems, under)
      else if (value === null)
        problems.push({
          code: 'INVALID_OPTION',
          option: under + written,
          message: `Option '${under}${written}' has no value.`,
        })
    }
    fillIn(fields, values, problems, under)
    const problem = (name: string, message: string, hint?: string) =>
      problems.push({ code: 'INVALID_OPTION', option: under + name, message, ...(hint === undefined ? {} : { hint }) })
    for (const rule of rules) rule(values as never, problem)
    return { values: values as OptionValues<F>, problems }
  }
  return {
    fields,
    ...(Object.keys(refused).length === 0 ? {} : { refused }),
    parse,
    jsonSchema: () => jsonSchemaOf(fields),
    redact: (raw) => {
      const shown: Record<string, unknown> = {}
      for (const [key, value] of Object.entries(raw)) {
        const known = declared(key)
        shown[key] = known === undefined || fields[known]!.text.secret || looksSecret(key) ? '******' : value
      }
      return shown
    },
  }
}

/** Keys under a prefix cannot be marked one by one, so their names decide, as in Flink. */
const looksSecret = (key: string) =>
  /password|secret|token|credential|jaas|api-?key|passphrase|keystore\.key/i.test(key)

function readOption(
  field: Option,
  key: string,
  written: string,
  value: unknown,
  values: Record<string, unknown>,
  problems: OptionProblem[],
  under: string,
): void {
  const option = under + written
  const result = field.schema.safeParse(value)
  if (!result.success) {
    // only the first fault of a value: the rest follow from it
    const message = `Option '${option}' ${result.error.issues[0]!.message}.`
    const hint = field.text.example === undefined ? {} : { hint: `For example: ${option}: ${field.text.example}` }
    problems.push({ code: 'INVALID_OPTION', option, message, ...hint })
    values[`${key}!`] = true
    return
  }
  if (field.prefix) (values[key] as Record<string, unknown>)[written.slice(key.length - 1)] = result.data
  else if (values[key] !== undefined) {
    problems.push({
      code: 'INVALID_OPTION',
      option,
      message: `Option '${option}' is given twice: it is the same as '${under}${key}'.`,
    })
  } else values[key] = result.data
}

function fillIn(fields: OptionFields, values: Record<string, unknown>, problems: OptionProblem[], under: string): void {
  for (const [key, field] of Object.entries(fields)) {
    const wrong = values[`${key}!`] === true
    delete values[`${key}!`]
    if (field.prefix || values[key] !== undefined || wrong) continue
    if (field.text.default !== undefined) values[key] = field.schema.parse(field.text.default)
    else if (field.text.required) problems.push(missingOption(under + key, field))
    else values[key] = undefined
  }
}

function missingOption(key: string, field: Option): OptionProblem {
  const example = field.text.env !== undefined ? `\${env:${field.text.env}}` : (field.text.example ?? '...')
  return {
    code: 'MISSING_OPTION',
    option: key,
    message: `Option '${key}' is required: ${field.text.doc}`,
    hint: `Add: ${key}: ${example}`,
  }
}

function reasonOf(key: string, refused: Readonly<Record<string, string>>): string | undefined {
  if (Object.hasOwn(refused, key)) return refused[key]
  const beginning = Object.keys(refused).find((name) => name.endsWith('.*') && key.startsWith(name.slice(0, -1)))
  return beginning === undefined ? undefined : refused[beginning]
}

const refusedOption = (option: string, why: string): OptionProblem => ({
  code: 'INVALID_OPTION',
  option,
  message: `Option '${option}' is not taken: ${why}.`,
})

function unknownOption(
  key: string,
  fields: OptionFields,
  aliases: ReadonlyMap<string, string>,
  under: string,
): OptionProblem {
  const known = [...Object.keys(fields).filter((name) => !name.endsWith('*')), ...aliases.keys()]
  const near = nearest(key, known)
  const hint =
    near !== undefined
      ? `Did you mean '${under}${near}'?`
      : Object.keys(fields).length === 0
        ? 'There are none.'
        : `Known options: ${Object.keys(fields)
            .sort()
            .map((name) => under + name)
            .join(', ')}`
  return { code: 'UNKNOWN_OPTION', option: under + key, message: `Option '${under}${key}' is unknown.`, hint }
}

function jsonSchemaOf(fields: OptionFields): Record<string, unknown> {
  const properties: Record<string, unknown> = {}
  const patternProperties: Record<string, unknown> = {}
  const required: string[] = []
  for (const [key, field] of Object.entries(fields)) {
    const { $schema: _, ...schema } = z.toJSONSchema(field.schema, { io: 'input', unrepresentable: 'any' }) as Record<
      string,
      unknown
    >
    const values = (field as { values?: readonly string[] }).values
    const described = {
      ...schema,
      ...(values === undefined ? {} : { enum: values }),
      ...(field.format ? { type: 'string' } : {}),
      description: field.text.doc,
      ...(field.text.default === undefined ? {} : { default: field.text.default }),
      ...(field.text.example === undefined ? {} : { examples: [field.text.example] }),
    }
    if (field.prefix) patternProperties[`^${key.slice(0, -1).replaceAll('.', '\\.')}.+`] = described
    else {
      properties[key] = described
      for (const alias of field.text.aliases ?? []) properties[alias] = described
      if (field.text.required) required.push(key)
    }
  }
  return { type: 'object', properties, patternProperties, required, additionalProperties: false }
}
