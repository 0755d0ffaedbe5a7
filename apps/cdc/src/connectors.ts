import { type AnyDefinition, isDefinition } from '@cdc/core'

type Load = () => Promise<object>
const postgresCdc: Load = () => import('@cdc/postgres-cdc')

/** The connectors that come with `cdc`. A package is loaded when a pipeline names it. */
const builtIn: Readonly<Record<Role, Readonly<Record<string, Load>>>> = {
  source: {
    'postgres-cdc': postgresCdc,
    'cdc-postgres': postgresCdc,
    datagen: () => import('@cdc/datagen'),
  },
  sink: {
    jdbc: () => import('@cdc/jdbc'),
    print: () => import('@cdc/print'),
    blackhole: () => import('@cdc/blackhole'),
  },
}

export type Role = 'source' | 'sink'
type DefinitionOf<R extends Role> = Extract<AnyDefinition, { readonly kind: R }>

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

  /** Every name that may stand after `connector:` in this role. */
  names(role: AnyDefinition['kind']): string[] {
    const added = [...this.#added.keys()].filter((key) => key.startsWith(`${role} `))
    const own = role === 'format' ? [] : Object.keys(builtIn[role])
    return [...own, ...added.map((key) => key.slice(role.length + 1))].sort()
  }

  /** The definition of that name in that role, or undefined when there is none. */
  async find<R extends Role>(role: R, written: string): Promise<DefinitionOf<R> | undefined> {
    const name = written.toLowerCase()
    const added = this.#added.get(keyOf(role, name))
    if (added !== undefined) return added as DefinitionOf<R>
    if (!Object.hasOwn(builtIn[role], name)) return undefined
    const found = definitionsOf(await builtIn[role][name]!()).find(({ kind }) => kind === role)
    return found as DefinitionOf<R> | undefined
  }
}

const keyOf = (kind: string, name: string) => `${kind} ${name.toLowerCase()}`

/** The definitions that a module exports. */
export function definitionsOf(module: object): AnyDefinition[] {
  return [...new Set(Object.values(module))].filter(isDefinition)
}
