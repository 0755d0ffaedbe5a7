import type { AnyDefinition, ConfiguredSink, ConfiguredSource } from '@cdc/core'
import { Connectors } from '../../../../apps/cdc/src/connectors.ts'

type Options = Readonly<Record<string, unknown>>

/** As in `cdc run`, only what a job names is loaded: the rest would stand in its memory. */
const connectors = new Connectors()

async function made(kind: AnyDefinition['kind'], name: string, options: Options): Promise<unknown> {
  const definition = await connectors.find(kind, name)
  if (definition === undefined) throw new Error(`There is no ${kind} '${name}'.`)
  return (definition as (options: unknown) => unknown)(await withFormats(options))
}

/** A format comes as its name and its options. */
async function withFormats(options: Options): Promise<Options> {
  const entries = Object.entries(options).map(async ([name, value]): Promise<[string, unknown]> => {
    if (!/(^|\.)format$/.test(name)) return [name, value]
    const [format, own] = value as [string, Options]
    return [name, await made('format', format, own)]
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** The sink that a job names. */
export async function sinkOf({ connector, ...options }: Options): Promise<ConfiguredSink> {
  return (await made('sink', connector as string, options)) as ConfiguredSink
}

/** The source that a job names; PostgreSQL where it names none. */
export async function sourceOf({ connector = 'postgres-cdc', ...options }: Options): Promise<ConfiguredSource> {
  return (await made('source', connector as string, options)) as ConfiguredSource
}
