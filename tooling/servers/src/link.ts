import type { Socket } from 'node:net'
import type { Own } from './pipe.ts'

/** `up`: from the client to the server. `down`: from the server to the client. */
export type Direction = 'up' | 'down'

export const directions = ['up', 'down'] as const

/** Where in a piece something is to happen, and what. Bytes before `after` have been handed on by then. */
export interface Event {
  readonly after: number
  readonly act: () => void
}

/** Sees what passes through one connection, each piece once. */
export type Watcher = (direction: Direction, piece: Buffer) => Event | undefined

/** One connection through the proxy, for faults of its own. */
export class Link {
  /** From 1, in the order of arrival. */
  readonly number: number
  readonly client: Socket
  readonly server: Socket
  watcher: Watcher | undefined
  readonly #memory: () => number
  readonly #swallows: Record<Direction, boolean> = { up: false, down: false }

  /** `memory`: for how many milliseconds the server's end outlives a client that the network hides from it. */
  constructor(number: number, client: Socket, server: Socket, memory: () => number) {
    this.number = number
    this.client = client
    this.server = server
    this.#memory = memory
  }

  /** Both ends get RST. */
  reset(): void {
    for (const socket of [this.client, this.server]) socket.resetAndDestroy()
  }

  /** Both ends get FIN, or only the one that the direction leads to: what is sent there later vanishes. */
  finish(direction?: Direction): void {
    if (direction !== undefined) this.#swallows[direction] = true
    if (direction !== 'up') this.client.end()
    if (direction !== 'down') this.server.end()
  }

  /**
   * What is sent from now on vanishes, in the direction named or in both: also that an end has closed. The server hears
   * of that when its own keep-alive gives up, the client never.
   */
  swallow(direction?: Direction): void {
    for (const one of direction === undefined ? directions : [direction]) this.#swallows[one] = true
  }

  own(direction: Direction): Own {
    return {
      swallows: () => this.#swallows[direction],
      look: (piece) => this.watcher?.(direction, piece),
      ended: () => this.#ended(direction, (other) => other.end()),
    }
  }

  /** The sender of this direction is gone. */
  broken(direction: Direction): void {
    this.#ended(direction, (other) => other.resetAndDestroy())
  }

  #ended(direction: Direction, tell: (other: Socket) => void): void {
    const other = direction === 'up' ? this.server : this.client
    if (!this.#swallows[direction]) tell(other)
    else if (direction === 'up') setTimeout(() => other.resetAndDestroy(), this.#memory()).unref()
  }
}
