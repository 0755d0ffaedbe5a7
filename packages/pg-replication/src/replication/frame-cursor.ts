import { pgError } from '../errors.ts'
import type { Lsn } from '../lsn.ts'

/** Kinds of frames in a replication stream, by their byte. */
export const XLOG_DATA = 0x77
export const KEEPALIVE = 0x6b

/**
 * Walks the frames of a buffer from `ReplicationStream.read`, in place and without an object per frame:
 * `cursor.reset(buffer); while ((kind = cursor.next()) !== 0) ...`. https://www.postgresql.org/docs/current/protocol-replication.html
 */
export class FrameCursor {
  buffer: Buffer = Buffer.alloc(0)
  /** XLogData: bounds of the plug-in's message in `buffer`. */
  start = 0
  end = 0
  #next = 0
  #frame = 0

  reset(buffer: Buffer): void {
    this.buffer = buffer
    this.#next = 0
  }

  /** XLOG_DATA, KEEPALIVE, or 0 at the end of the buffer. Throws PROTOCOL_BROKEN for any other and for wrong lengths. */
  next(): number {
    const { buffer } = this
    const at = this.#next
    if (at >= buffer.length) return 0
    const end = at + 1 + buffer.readUInt32BE(at + 1)
    this.#next = end
    this.#frame = at + 5
    this.start = at + 30
    this.end = end
    const kind = buffer[at + 5]!
    // what is left out unread would be lost for good: there is no third kind, and both have a length of their own
    if (kind === XLOG_DATA ? end <= at + 30 : kind !== KEEPALIVE || end !== at + 23) throw broken(buffer, at, end)
    return kind
  }

  /** XLogData: where the message lies in the log. Keepalive: how far the server has decoded. */
  get lsn(): Lsn {
    return this.buffer.readBigUInt64BE(this.#frame + 1)
  }

  /** XLogData only: the server's current end of log. */
  get walEnd(): Lsn {
    return this.buffer.readBigUInt64BE(this.#frame + 9)
  }

  /** Keepalive only: does the server want an answer now? Then call `ReplicationStream.reply()`. */
  get replyRequested(): boolean {
    return this.buffer[this.#frame + 17] === 1
  }
}

function broken(buffer: Buffer, at: number, end: number) {
  const kind = end > at + 5 ? `of kind 0x${buffer[at + 5]!.toString(16).padStart(2, '0')}` : 'without a kind'
  return pgError('PROTOCOL_BROKEN', {
    message: `The stream has a frame ${kind} and ${end - at - 5} bytes, which is neither data nor a keepalive.`,
  })
}
