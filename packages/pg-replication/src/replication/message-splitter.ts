import { pgError } from '../errors.ts'

/** The server cannot build a larger one: MaxAllocSize is 1 GiB - 1. */
const largest = 2 ** 30 + 4

/** CopyData, the message that carries both COPY and the replication stream. */
export const COPY_DATA = 0x64

/** The buffer that is used again and again; it fits the second-level cache of most processors. */
const size = 256 * 1024
/** What one read may bring. */
const room = 64 * 1024
/** After so much a burst is over; one more read still fits. */
const burst = size - 2 * room
/** A buffer that one large message has needed is kept for so many more takes: such messages seldom come alone. */
const patience = 8

/**
 * Cuts what comes from a socket, however it was split, into buffers of whole messages (a byte, an Int32 length that
 * counts itself, the body).
 *
 * All bytes go through one buffer: sockets can be read straight into it (`space`, `filled`), what `take` gives is a
 * view of it, and nothing is allocated while messages are smaller than it. A larger message gets a buffer for as long
 * as it lasts, which grows with what has come of it: a length that is only announced, and may be damaged, takes nothing.
 */
export class MessageSplitter {
  /** After `take`: are all messages in what it gave CopyData? */
  onlyData = true
  readonly #limit: number
  #buffer = Buffer.alloc(0)
  /** What has come and was not given yet. */
  #from = 0
  #to = 0
  /** Since the buffer is a large one: takes that did not need it. */
  #takes = 0
  /** No message is complete before there are this many bytes. */
  #needed = 5

  /** `limit`: bytes of the largest message that is taken. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes that came into a buffer of somebody else's. */
  push(chunk: Uint8Array): void {
    if (this.#buffer.length - this.#to < chunk.length) this.#makeRoom(chunk.length)
    this.#buffer.set(chunk, this.#to)
    this.#to += chunk.length
  }

  /** Where the next bytes can be read into. What `take` gave is gone from the moment that something is. */
  space(): Buffer {
    if (this.#buffer.length - this.#to < room) this.#makeRoom(room)
    const missing = this.#needed - (this.#to - this.#from)
    return this.#buffer.subarray(this.#to, this.#to + Math.max(room, missing))
  }

  /** So many bytes have been read into `space`: the last one that it gave, or one before. */
  filled(space: Uint8Array, length: number): void {
    const at = this.#buffer.byteOffset + this.#to
    if (space.buffer === this.#buffer.buffer && space.byteOffset === at) this.#to += length
    else this.push(space.subarray(0, length))
  }

  /** Is there so much that it should be taken before more is read? */
  get full(): boolean {
    return this.#to - this.#from >= Math.max(burst, this.#needed)
  }

  /** Everything that is complete, or undefined. Until more bytes come. Throws MESSAGE_TOO_LARGE and PROTOCOL_BROKEN. */
  take(): Buffer | undefined {
    if (this.#to - this.#from < this.#needed) return undefined
    const from = this.#from
    const end = this.#scan(this.#buffer, from, this.#to)
    this.#from = end
    const taken = end === from ? undefined : this.#buffer.subarray(from, end)
    if (this.#buffer.length > size && end === this.#to) this.#startOver(end - from)
    return taken
  }

  /** A copy of what is left of an incomplete message, which will never be completed here. */
  rest(): Buffer {
    return Buffer.from(this.#buffer.subarray(this.#from, this.#to))
  }

  /** In a large buffer: from its beginning again, or in an ordinary one when large messages come no more. */
  #startOver(taken: number): void {
    this.#from = 0
    this.#to = 0
    this.#takes = taken > size ? 0 : this.#takes + 1
    if (this.#takes > patience) this.#buffer = Buffer.alloc(0)
  }

  /** What was given is done with, so its place is free. */
  #makeRoom(least: number): void {
    const held = this.#to - this.#from
    // where one message needs it, twice what has come, up to its end with a read more behind
    const grown = Math.min(this.#needed, 2 * held) + room
    const wanted = Math.max(size, held + least, this.#needed > size ? grown : 0)
    if (wanted <= this.#buffer.length) this.#buffer.copyWithin(0, this.#from, this.#to)
    else {
      const larger = Buffer.allocUnsafeSlow(wanted)
      this.#buffer.copy(larger, 0, this.#from, this.#to)
      this.#buffer = larger
      this.#takes = 0
    }
    this.#from = 0
    this.#to = held
  }

  #scan(buffer: Buffer, from: number, to: number): number {
    let at = from
    let onlyData = true
    this.#needed = 5
    while (at + 5 <= to) {
      const size = buffer.readUInt32BE(at + 1)
      if (size < 4 || size >= this.#limit) this.#refuse(size, buffer[at]!)
      if (at + 1 + size > to) {
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
