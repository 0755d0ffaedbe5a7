import type { StateStore, StateStoreFactory } from '@cdc/core'
import { stateError } from './errors.ts'

interface Shared {
  readonly entries: Map<string, { generation: number; text: string }>
  holder: MemoryState | undefined
}

/**
 * Keeps state in this process, for tests and for pipelines that may start over. Every store of one `memoryState()`
 * sees what the others saved, as if it were a place, with the same lease and the same conflicts as the durable ones.
 */
export function memoryState(): StateStoreFactory {
  const places = new Map<string, Shared>()
  return (pipeline) => {
    const place = places.get(pipeline) ?? { entries: new Map(), holder: undefined }
    places.set(pipeline, place)
    return new MemoryState(pipeline, place)
  }
}

class MemoryState implements StateStore {
  readonly #pipeline: string
  readonly #place: Shared

  constructor(pipeline: string, place: Shared) {
    this.#pipeline = pipeline
    this.#place = place
  }

  describe(): string {
    return 'memory of this process'
  }

  async open(): Promise<void> {
    if (this.#place.holder !== undefined)
      throw stateError('STATE_LOCKED', {
        message: `Pipeline '${this.#pipeline}' is running already in this process.`,
        where: { pipeline: this.#pipeline },
      })
    this.#place.holder = this
  }

  async load(entry: string): Promise<string | undefined> {
    this.#requireOpen()
    return this.#place.entries.get(entry)?.text
  }

  async save(entry: string, text: string): Promise<void> {
    this.#requireOpen()
    const generation = (this.#place.entries.get(entry)?.generation ?? 0) + 1
    this.#place.entries.set(entry, { generation, text })
  }

  async clear(): Promise<void> {
    this.#requireOpen()
    this.#place.entries.clear()
  }

  async close(): Promise<void> {
    if (this.#place.holder === this) this.#place.holder = undefined
  }

  #requireOpen(): void {
    if (this.#place.holder === this) return
    throw stateError('STATE_NOT_OPEN', { message: `The state of pipeline '${this.#pipeline}' is not open.` })
  }
}
