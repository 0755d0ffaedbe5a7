import { resolve } from 'node:path'
import type { StateStore, StateStoreFactory } from '@cdc/core'
import { directoryState } from '@cdc/runtime'

/** Where state is kept: what `state:` says, `./state` beside the file where it says nothing. */
export interface StateConfig {
  readonly factory: StateStoreFactory
  /** For people, without a password. */
  readonly shown: string
  /** Present for a directory. */
  readonly directory?: string
}

/** undefined: the text is neither a directory nor a URL of a store that is known. */
export function stateOf(written: string, directory: string): StateConfig | undefined {
  if (/^postgres(ql)?:\/\//i.test(written)) return postgresState(written)
  if (/^[a-z][a-z0-9+.-]+:/i.test(written)) return undefined
  const path = resolve(directory, written)
  return { factory: directoryState(path), shown: `directory ${path}`, directory: path }
}

function postgresState(url: string): StateConfig | undefined {
  const parsed = URL.parse(url)
  if (parsed === null || parsed.pathname.length < 2) return undefined
  const shown = `PostgreSQL ${parsed.host}${parsed.pathname}`
  return { shown, factory: (pipeline) => new LazyStore(() => openPostgresState(url, pipeline), shown) }
}

async function openPostgresState(url: string, pipeline: string): Promise<StateStore> {
  const { postgresState } = await import('@cdc/state-postgres')
  return postgresState(url)(pipeline)
}

/** Loads the driver of the store only when it is opened. */
class LazyStore implements StateStore {
  readonly #load: () => Promise<StateStore>
  readonly #shown: string
  #store: StateStore | undefined

  constructor(load: () => Promise<StateStore>, shown: string) {
    this.#load = load
    this.#shown = shown
  }

  async open(): Promise<void> {
    this.#store = await this.#load()
    await this.#store.open()
  }

  async load(entry: string): Promise<string | undefined> {
    return this.#store!.load(entry)
  }

  async save(entry: string, text: string): Promise<void> {
    await this.#store!.save(entry, text)
  }

  async clear(): Promise<void> {
    await this.#store!.clear()
  }

  async close(): Promise<void> {
    await this.#store?.close()
  }

  describe(): string {
    return this.#store?.describe() ?? this.#shown
  }
}
