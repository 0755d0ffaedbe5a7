import { open } from 'node:fs/promises'
import { error } from './errors.ts'
import type { Values } from './options.ts'

/** Something that happened at the system. */
export interface Event {
  /** Counts from 1. */
  readonly number: number
  readonly text: string
}

/** FILL IN: the client of your system. Here it is a file, and each line is an event. */
export class Upstream {
  readonly #path: string

  constructor({ path }: Values) {
    this.#path = path
  }

  /** Connects, and checks what can be checked before anything is read. */
  async open(): Promise<void> {
    await this.next(0, 1)
  }

  /** At most `limit` events after the one with this number; none when there are no more yet. */
  async next(after: number, limit: number): Promise<readonly Event[]> {
    const file = await open(this.#path).catch((cause: unknown) => {
      const message = `Cannot read ${this.#path}.`
      throw error('NEW_CONNECTOR_UNREACHABLE', { message, cause })
    })
    const events: Event[] = []
    let number = 0
    for await (const text of file.readLines()) {
      if (++number > after) events.push({ number, text })
      if (events.length === limit) break
    }
    // what was read before is not there any more, so what came after it cannot be known
    if (number < after) {
      const message = `${this.#path} ends at event ${number}, and the pipeline stands at event ${after}.`
      throw error('NEW_CONNECTOR_HISTORY_LOST', { message })
    }
    return events
  }

  async close(): Promise<void> {}
}
