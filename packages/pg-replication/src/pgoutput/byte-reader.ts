import type { CdcError } from '@cdc/core'
import { utf8 } from '../values/text.ts'
import { malformed } from './malformed.ts'

const PG_EPOCH_MICROSECONDS = 946_684_800_000_000n

/** Reads the parts of one message in order and never past its end. For the messages that are not rows. */
export class ByteReader {
  readonly #buffer: Buffer
  readonly #view: DataView
  readonly #start: number
  readonly #end: number
  #at: number

  /**
   * The message lies in `buffer` from `start` to `end`; reading begins after its type. `view` is of the whole buffer:
   * its 64-bit numbers cost a fifth of the buffer's own.
   */
  constructor(buffer: Buffer, view: DataView, start: number, end: number) {
    this.#buffer = buffer
    this.#view = view
    this.#start = start
    this.#end = end
    this.#at = start + 1
  }

  byte(): number {
    return this.#buffer[this.#take(1)]!
  }

  uint16(): number {
    return this.#buffer.readUInt16BE(this.#take(2))
  }

  uint32(): number {
    return this.#buffer.readUInt32BE(this.#take(4))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }

  lsn(): bigint {
    return this.#view.getBigUint64(this.#take(8))
  }

  /** Microseconds since 1970; on the wire they count from 2000. */
  time(): bigint {
    return this.#view.getBigInt64(this.#take(8)) + PG_EPOCH_MICROSECONDS
  }

  /** Up to the next NUL. */
  string(): string {
    const from = this.#at
    for (let at = from; at < this.#end; at++) {
      if (this.#buffer[at] === 0) {
        this.#at = at + 1
        return utf8(this.#buffer, from, at)
      }
    }
    throw this.malformed('a name does not end')
  }

  /** A copy. */
  bytes(length: number): Uint8Array {
    const from = this.#take(length)
    return new Uint8Array(this.#buffer.subarray(from, from + length))
  }

  get left(): number {
    return this.#end - this.#at
  }

  /** Everything must have been read. */
  finish(): void {
    if (this.left !== 0) throw this.malformed(`${this.left} bytes are left over`)
  }

  malformed(what: string): CdcError {
    return malformed(what, this.#buffer, this.#start, this.#end, this.#at)
  }

  #take(length: number): number {
    const from = this.#at
    if (length < 0 || length > this.#end - from) throw this.malformed('it is cut off')
    this.#at = from + length
    return from
  }
}
