import { type AnyDefinition, isDefinition } from '@cdc/core'

type Load = () => Promise<object>
const avro: Load = () => import('@cdc/avro')
const postgresCdc: Load = () => import('@cdc/postgres-cdc')

/** The connectors and formats that come with `cdc`. A package is loaded when a pipeline names it. */
const builtIn: Readonly<Record<Kind, Readonly<Record<string, Load>>>> = {
  source: {
    'postgres-cdc': postgresCdc,
    'cdc-postgres': postgresCdc,
    datagen: () => import('@cdc/datagen'),
    filesystem: () => import('@cdc/filesystem'),
    kafka: () => import('@cdc/kafka'),
    'upsert-kafka': () => import('@cdc/upsert-kafka'),
  },
  sink: {
    filesystem: () => import('@cdc/filesystem'),
    jdbc: () => import('@cdc/jdbc'),
    print: () => import('@cdc/print'),
    blackhole: () => import('@cdc/blackhole'),
    kafka: () => import('@cdc/kafka'),
    'upsert-kafka': () => import('@cdc/upsert-kafka'),
  },
  format: {
    avro,
    'avro-confluent': avro,
    csv: () => import('@cdc/csv'),
    'debezium-avro-confluent': avro,
    'debezium-json': () => import('@cdc/debezium-json'),
    json: () => import('@cdc/json'),
    raw: () => import('@cdc/raw'),
  },
}

export type Role = 'source' | 'sink'
type Kind = AnyDefinition['kind']
type DefinitionOf<K extends Kind> = Extract<AnyDefinition, { readonly kind: K }>

/** Names to connectors, without regard to case: those built in, and those that plug-ins add. Nothing is global. */
export class Connectors {
  readonly #added = new Map<string, AnyDefinition>()

  /** Adds a plug-in's connector under its names. Gives the name that is taken already, if one is. */
  add(definition: AnyDefinition): string | undefined {
    const names = [definition.name, ...(definition.aliases ?? [])]
    const taken = names.find((name) => this.names(definition.kind).includes(name.toLowerCase()))
    if (taken === undefined) for (const name of names) this.#added.set(keyOf(definition.kind, name), definition)
    return taken
  }

  /** Every name that may stand after `connector:` in this role, or after `format:`. */
  names(kind: Kind): string[] {
    const added = [...this.#added.keys()].filter((key) => key.startsWith(`${kind} `))
    return [...Object.keys(builtIn[kind]), ...added.map((key) => key.slice(kind.length + 1))].sort()
  }

  /** The definition of that name and kind, or undefined when there is none. */
  async find<K extends Kind>(kind: K, written: string): Promise<DefinitionOf<K> | undefined> {
    const name = written.toLowerCase()
    const added = this.#added.get(keyOf(kind, name))
    if (added !== undefined) return added as DefinitionOf<K>
    if (!Object.hasOwn(builtIn[kind], name)) return undefined
    const all = definitionsOf(await builtIn[kind][name]!()).filter((definition) => definition.kind === kind)
    // a package may have several; one alone is what the table above means
    const named = all.find((definition) => definition.name.toLowerCase() === name)
    return (named ?? all[0]) as DefinitionOf<K> | undefined
  }
}

const keyOf = (kind: string, name: string) => `${kind} ${name.toLowerCase()}`

/** The definitions that a module exports. */
export function definitionsOf(module: object): AnyDefinition[] {
  return [...new Set(Object.values(module))].filter(isDefinition)
}
