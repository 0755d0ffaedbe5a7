import type { Lsn } from '../lsn.ts'

/** Milliseconds from 1970 to PostgreSQL's epoch, 2000-01-01 UTC. */
const epoch = 946_684_800_000

/** Never answer or report more often than this, in milliseconds. */
const spacing = 100

const longestInterval = 10_000

/** How often to report, from the server's wal_sender_timeout (0: it is off). Milliseconds. */
export function statusInterval(walSenderTimeout: number): number {
  return walSenderTimeout === 0 ? longestInterval : Math.max(10, Math.min(walSenderTimeout / 3, longestInterval))
}

/** A Standby status update, in its CopyData message. One position stands for write, flush and apply. */
export function statusUpdate(lsn: Lsn, now: number, replyNow: boolean): Buffer {
  const message = Buffer.allocUnsafe(39)
  message.write('d', 0, 'latin1')
  message.writeUInt32BE(38, 1)
  message.write('r', 5, 'latin1')
  message.writeBigUInt64BE(lsn, 6)
  message.writeBigUInt64BE(lsn, 14)
  message.writeBigUInt64BE(lsn, 22)
  message.writeBigInt64BE(BigInt(Math.round((now - epoch) * 1000)), 30)
  message[38] = replyNow ? 1 : 0
  return message
}

/**
 * When status updates go out: on a timer of their own, soon after the position moved, and as an answer. An answer
 * that has news goes at once; one without only every 100 ms, since a server that shuts down asks again at once.
 */
export class StatusReporter {
  readonly #send: (lsn: Lsn) => void
  readonly #interval: NodeJS.Timeout
  #flushed: Lsn
  #sent: Lsn | undefined
  #sentAt = 0
  #soon: NodeJS.Timeout | undefined

  constructor(interval: number, start: Lsn, send: (lsn: Lsn) => void) {
    this.#flushed = start
    this.#send = send
    this.#interval = setInterval(() => this.now(), interval)
  }

  /** What is reported. */
  get flushed(): Lsn {
    return this.#flushed
  }

  setFlushed(lsn: Lsn): void {
    if (lsn <= this.#flushed) return
    this.#flushed = lsn
    this.#later()
  }

  reply(): void {
    if (this.#flushed !== this.#sent) this.now()
    else this.#later()
  }

  now(): void {
    clearTimeout(this.#soon)
    this.#soon = undefined
    this.#sent = this.#flushed
    this.#sentAt = performance.now()
    this.#send(this.#flushed)
  }

  stop(): void {
    clearInterval(this.#interval)
    clearTimeout(this.#soon)
  }

  #later(): void {
    if (this.#soon !== undefined) return
    const wait = this.#sentAt + spacing - performance.now()
    if (wait <= 0) this.now()
    else this.#soon = setTimeout(() => this.now(), wait)
  }
}
