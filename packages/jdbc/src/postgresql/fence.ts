import { randomUUID } from 'node:crypto'
import type { Flight } from './flight.ts'
import type { ServerError } from './server-error.ts'

/**
 * Tells this process from others that write the same position: every write leaves a token of its own in the row, and
 * the statement that writes next compares it.
 */
export class Fence {
  readonly #process = randomUUID()
  #writes = 0
  #flight: Flight | undefined
  #places: number[] = []

  /** A token that nobody has written yet. */
  next(): string {
    return `${this.#process}:${this.#writes++}`
  }

  /** Was it this process that wrote the token? */
  owns(token: string): boolean {
    return token.startsWith(this.#process)
  }

  /** Remembers the place of a statement that compares; those of an earlier flight are over. */
  mark(flight: Flight, place: number): void {
    if (this.#flight !== flight) this.#places = []
    this.#flight = flight
    this.#places.push(place)
  }

  /** The comparison divides by the number of rows that it found; a first row that is there already violates the key. */
  isConflict({ code, statement }: ServerError): boolean {
    return (code === '22012' || code === '23505') && statement !== undefined && this.#places.includes(statement)
  }
}
