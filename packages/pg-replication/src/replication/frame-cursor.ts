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

  /** XLOG_DATA, KEEPALIVE, or 0 at the end of the buffer. */
  next(): number {
    const { buffer } = this
    const at = this.#next
    if (at >= buffer.length) return 0
    const end = at + 1 + buffer.readUInt32BE(at + 1)
    this.#next = end
    this.#frame = at + 5
    this.start = at + 30
    this.end = end
    return buffer[at + 5]!
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
