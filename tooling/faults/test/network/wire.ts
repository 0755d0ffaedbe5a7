import type { Direction } from '@cdc/servers'

/** A message of PostgreSQL's protocol, with where it lies in the piece that it ends in (`start` may be negative). */
export interface WireMessage {
  readonly direction: Direction
  /** Its byte; `ssl`, `cancel` and `startup` for the three that have none; `record` for a record of TLS. */
  readonly type: string
  readonly body: Buffer
  readonly start: number
  readonly end: number
  /** The COPY that it belongs to. */
  readonly copying: Copying
}

type Copying = 'out' | 'in' | 'both' | undefined

const none = Buffer.alloc(0)
const SSL = 80877103
const CANCEL = 80877102

/**
 * Follows one connection's protocol from outside:
 * https://www.postgresql.org/docs/current/protocol-flow.html. Within TLS it sees records (RFC 8446, 5.1) and no messages.
 */
export class Wire {
  #copying: Copying
  #phase: 'starting' | 'answering' | 'typed' | 'encrypted' = 'starting'
  readonly #rest: Record<Direction, Buffer> = { up: none, down: none }

  /** The messages that end in this piece. */
  feed(direction: Direction, piece: Buffer): WireMessage[] {
    const before = this.#rest[direction].length
    const bytes = before === 0 ? piece : Buffer.concat([this.#rest[direction], piece])
    const messages: WireMessage[] = []
    let at = 0
    for (;;) {
      const length = this.#lengthAt(direction, bytes, at)
      if (length === undefined || at + length > bytes.length) break
      const message = this.#message(direction, bytes.subarray(at, at + length))
      messages.push({ ...message, direction, start: at - before, end: at + length - before, copying: this.#copying })
      at += length
      this.#note(direction, message.type)
    }
    this.#rest[direction] = Buffer.from(bytes.subarray(at))
    return messages
  }

  #lengthAt(direction: Direction, bytes: Buffer, at: number): number | undefined {
    const left = bytes.length - at
    if (this.#phase === 'encrypted') return left >= 5 ? 5 + bytes.readUInt16BE(at + 3) : undefined
    if (direction === 'down' && this.#phase === 'answering') return left > 0 ? 1 : undefined
    if (direction === 'up' && this.#phase === 'starting') return left >= 8 ? bytes.readUInt32BE(at) : undefined
    return left >= 5 ? 1 + bytes.readUInt32BE(at + 1) : undefined
  }

  #message(direction: Direction, bytes: Buffer): Pick<WireMessage, 'type' | 'body'> {
    if (this.#phase === 'encrypted') return { type: 'record', body: bytes.subarray(5) }
    if (direction === 'down' && this.#phase === 'answering') return { type: bytes.toString('latin1'), body: none }
    if (direction === 'down' || this.#phase === 'typed')
      return { type: String.fromCharCode(bytes[0]!), body: bytes.subarray(5) }
    const code = bytes.readUInt32BE(4)
    return { type: code === SSL ? 'ssl' : code === CANCEL ? 'cancel' : 'startup', body: bytes.subarray(8) }
  }

  #note(direction: Direction, type: string): void {
    if (type === 'record') return
    if (type === 'ssl') this.#phase = 'answering'
    else if (this.#phase === 'answering') this.#phase = type === 'S' ? 'encrypted' : 'starting'
    else if (type === 'startup') this.#phase = 'typed'
    else if (direction === 'up') return
    else if (type === 'H') this.#copying = 'out'
    else if (type === 'G') this.#copying = 'in'
    else if (type === 'W') this.#copying = 'both'
    else if (type === 'Z') this.#copying = undefined
  }
}

/** Is it a statement on its way to the server that holds this text? */
export function asks({ direction, type, body }: WireMessage, text: string): boolean {
  return direction === 'up' && (type === 'Q' || type === 'P') && body.includes(text)
}
