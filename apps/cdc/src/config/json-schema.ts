import type { AnyDefinition, OptionSet } from '@cdc/core'
import { metadataKeys } from '@cdc/runtime'
import type { Connectors, Role } from '../connectors.ts'
import { namePattern, type sinkKeys, tolerances } from './document.ts'
import { limitOptions } from './limits.ts'
import { metricsOptions } from './metrics.ts'

type Schema = Record<string, unknown>

/** What any value may be instead: a `${env:...}` or `${file:...}` in it is filled in later. */
const reference: Schema = { type: 'string', pattern: '\\$\\{' }
const texts = (description: string): Schema => ({
  description,
  anyOf: [
    { type: 'string', minLength: 1 },
    { type: 'array', minItems: 1, items: { type: 'string' } },
  ],
})

/**
 * JSON Schema (draft 7, which editors know best) of the file of a pipeline, from what the connectors declare. Rules
 * across options are not in it: `cdc validate` has them.
 */
export async function pipelineSchema(connectors: Connectors): Promise<Schema> {
  const formats = await definitions(connectors, 'format')
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'cdc pipeline',
    type: 'object',
    additionalProperties: false,
    required: ['name', 'source'],
    anyOf: [{ required: ['sink'] }, { required: ['sinks'] }],
    properties: {
      name: {
        description: 'Names the state, the default slot and the logs.',
        anyOf: [{ type: 'string', pattern: namePattern.source }, reference],
      },
      source: { $ref: '#/definitions/source', description: 'Where changes come from.' },
      sink: { $ref: '#/definitions/sink', description: 'Where they go.' },
      sinks: {
        description: 'Where they go, when to several places.',
        type: 'array',
        minItems: 1,
        items: { $ref: '#/definitions/sink' },
      },
      metadata: {
        description: 'Columns added to every row: a list of keys, or a mapping from the new column to the key.',
        anyOf: [
          { enum: [...metadataKeys] },
          { type: 'array', items: { enum: [...metadataKeys] } },
          { type: 'object', additionalProperties: { enum: [...metadataKeys] } },
        ],
      },
      routes: {
        description: 'New names for tables; the first that matches wins.',
        type: 'array',
        items: {
          type: 'object',
          required: ['from', 'to'],
          additionalProperties: false,
          properties: {
            from: { type: 'string', description: 'A regular expression for the whole of `schema.table`.' },
            to: { type: 'string', description: 'The new `schema.table`, with `$1` for the groups of `from`.' },
          },
        },
      },
      state: {
        type: 'string',
        default: './state',
        description: 'A directory, or `postgresql://user@host:port/database` for a table there.',
      },
      'dead-letters': {
        type: 'string',
        default: './dead-letters',
        description: 'A directory for changes that sinks could not take.',
      },
      metrics: { description: 'Serves Prometheus metrics, /healthz and /readyz.', ...optionsSchema(metricsOptions) },
      plugins: texts('Packages or paths (beginning with `.` or `/`) whose connectors are added.'),
      pipeline: { description: 'How the loop between source and sinks behaves.', ...optionsSchema(limitOptions) },
    },
    definitions: {
      source: await sectionSchema(connectors, 'source', formats, {}),
      sink: await sectionSchema(connectors, 'sink', formats, ownKeysOfSinks),
    },
  }
}

const ownKeysOfSinks: Schema & Record<(typeof sinkKeys)[number], unknown> = {
  connector: undefined,
  name: {
    description: 'Names its progress and its logs. Keep it. Default: the name of the connector.',
    anyOf: [{ type: 'string', pattern: namePattern.source }, reference],
  },
  tables: texts('The tables it takes: regular expressions for the whole of the source’s `schema.table`.'),
  'errors.tolerance': {
    description: 'What happens to a change that it cannot take: the pipeline stops, or it becomes a dead letter.',
    default: 'none',
    anyOf: [{ enum: [...tolerances] }, ...tolerances.map(anyCase), reference],
  },
}

async function definitions(connectors: Connectors, kind: AnyDefinition['kind']): Promise<Map<string, AnyDefinition>> {
  const found = new Map<string, AnyDefinition>()
  for (const name of connectors.names(kind)) {
    const definition = await connectors.find(kind, name)
    if (definition !== undefined) found.set(name, definition)
  }
  return found
}

/** A connector's options depend on its name. */
async function sectionSchema(
  connectors: Connectors,
  role: Role,
  formats: ReadonlyMap<string, AnyDefinition>,
  ownKeys: Schema,
): Promise<Schema> {
  const found = await definitions(connectors, role)
  const { connector: _, ...own } = ownKeys
  const names = [...found.keys()]
  const connector = {
    description: 'Which connector. Its options stand beside it.',
    anyOf: [{ enum: names }, ...names.map(anyCase)],
  }
  return {
    type: 'object',
    required: ['connector'],
    properties: { connector, ...own },
    allOf: [...found].map(([name, definition]) => {
      const options = optionsSchema(definition.options, formats)
      return {
        if: { required: ['connector'], properties: { connector: anyCase(name) } },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: {
          ...options,
          description: definition.description,
          properties: { connector: true, ...own, ...(options.properties as Schema) },
        },
      }
    }),
  }
}

/** Options as they stand in the file: any value may be a reference, and formats bring theirs. */
function optionsSchema(declared: OptionSet, formats: ReadonlyMap<string, AnyDefinition> = new Map()): Schema {
  const { patternProperties, properties, ...rest } = declared.jsonSchema()
  const all = properties as Record<string, Schema>
  const ofFormats: Record<string, Schema> = {}
  for (const [key, { format, text }] of Object.entries(declared.fields)) {
    if (!format) continue
    for (const written of [key, ...(text.aliases ?? [])]) {
      const names = [...formats.keys()]
      // a list of words may not be empty
      if (names.length > 0) all[written] = { ...all[written], anyOf: [{ enum: names }, ...names.map(anyCase)] }
      const stem = written.slice(0, written.length - 'format'.length)
      for (const [name, definition] of formats)
        for (const [option, schema] of Object.entries(definition.options.jsonSchema().properties as Schema))
          ofFormats[`${stem}${name}.${option}`] = orReference(schema as Schema)
    }
  }
  const patterns = Object.entries(patternProperties as Record<string, Schema>)
  return {
    ...rest,
    properties: { ...mapped(Object.entries(all)), ...ofFormats },
    ...(patterns.length === 0 ? {} : { patternProperties: mapped(patterns) }),
  }
}

const mapped = (entries: [string, Schema][]) =>
  Object.fromEntries(entries.map(([key, schema]) => [key, orReference(schema)]))

function orReference({ description, default: preset, examples, ...value }: Schema): Schema {
  const { enum: words, ...rest } = value
  const own = Array.isArray(words) ? [{ ...rest, enum: words }, ...words.map(anyCase)] : [value]
  return {
    description,
    ...(preset === undefined ? {} : { default: preset }),
    ...(examples === undefined ? {} : { examples }),
    anyOf: [...own, reference],
  }
}

/** Names and choices are matched without regard to case, which a pattern of JSON Schema has no flag for. */
function anyCase(word: string): Schema {
  const letters = [...word].map((one) => {
    const [small, large] = [one.toLowerCase(), one.toUpperCase()]
    return small === large ? one.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&') : `[${small}${large}]`
  })
  return { type: 'string', pattern: `^${letters.join('')}$` }
}
