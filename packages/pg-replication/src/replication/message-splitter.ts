import { pgError } from '../errors.ts'

/** The server cannot build a larger one: MaxAllocSize is 1 GiB - 1. */
const largest = 2 ** 30 + 4

/** CopyData, the message that carries both COPY and the replication stream. */
export const COPY_DATA = 0x64

/**
 * Cuts what comes from a socket, however it was split, into buffers of whole messages (a byte, an Int32 length that
 * counts itself, the body). Bytes are copied at most once, and one large message is not joined before it is complete.
 */
export class MessageSplitter {
  /** After `take`: are all messages in what it gave CopyData? */
  onlyData = true
  readonly #limit: number
  #chunks: Buffer[] = []
  #length = 0
  /** No message is complete before there are this many bytes. */
  #needed = 5

  /** `limit`: bytes of the largest message that is taken. */
  constructor(limit: number) {
    this.#limit = limit
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** Everything that is complete, or undefined. Throws MESSAGE_TOO_LARGE and PROTOCOL_BROKEN. */
  take(): Buffer | undefined {
    if (this.#length < this.#needed) return undefined
    const joined = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#length)
    const end = this.#scan(joined)
    this.#chunks = end === joined.length ? [] : [joined.subarray(end)]
    this.#length = joined.length - end
    return end === 0 ? undefined : joined.subarray(0, end)
  }

  /** What is left of an incomplete message, which will never be completed here. */
  rest(): Buffer {
    return Buffer.concat(this.#chunks, this.#length)
  }

  #scan(buffer: Buffer): number {
    const { length } = buffer
    let at = 0
    let onlyData = true
    this.#needed = 5
    while (at + 5 <= length) {
      const size = buffer.readUInt32BE(at + 1)
      if (size < 4 || size >= this.#limit) this.#refuse(size, buffer[at]!)
      if (at + 1 + size > length) {
        this.#needed = 1 + size
        break
      }
      if (buffer[at] !== COPY_DATA) onlyData = false
      at += 1 + size
    }
    this.onlyData = onlyData
    return at
  }

  #refuse(size: number, type: number): never {
    const what = `a message of type 0x${type.toString(16)} and ${size} bytes`
    if (size < 4 || size > largest || !isMessageType(type))
      throw pgError('PROTOCOL_BROKEN', { message: `The server sent ${what}, which is none of PostgreSQL's.` })
    throw pgError('MESSAGE_TOO_LARGE', { message: `The server sent ${what}; the limit is ${this.#limit}.` })
  }
}

/** Types of messages are ASCII letters and digits. */
export function isMessageType(type: number): boolean {
  return (type >= 0x41 && type <= 0x5a) || (type >= 0x61 && type <= 0x7a) || (type >= 0x31 && type <= 0x33)
}
