import type { ConnectionOptions } from '../connection/options.ts'
import type { Lsn } from '../lsn.ts'

export interface StreamOptions {
  readonly slot: string
  /** 0n: where the slot stands. Prove continuity before giving another: the server skips silently. */
  readonly start: Lsn
  readonly publications: readonly string[]
  /** pgoutput's `messages` (14 and later; ignored before). Default false. */
  readonly messages?: boolean
  /** More options of pgoutput, as they are. */
  readonly pluginOptions?: Readonly<Record<string, string>>
  /** Bytes of the largest message taken. Default 1 GiB. MESSAGE_TOO_LARGE beyond. */
  readonly maxMessage?: number
  /** Milliseconds without a byte while somebody reads, past which the connection is given up. 0: never. Default 300 000. */
  readonly inboundTimeout?: number
  readonly signal?: AbortSignal
}

/**
 * START_REPLICATION with our own reader and writer on the socket. Pull-based: the socket is read only while `read()`
 * waits, so what is held is bounded by one read; status updates go out on their own timer however long nobody reads.
 */
export declare class ReplicationStream {
  private constructor()
  /** Connects, sets the session up and starts. SLOT_BUSY, SLOT_MISSING, SLOT_LOST, ... */
  static start(options: ConnectionOptions, stream: StreamOptions): Promise<ReplicationStream>
  /** The walsender's process id. */
  readonly pid: number
  readonly serverVersion: number
  /** Milliseconds between status updates. */
  readonly statusInterval: number
  /**
   * The next frames: a buffer of whole CopyData messages back to back, for `FrameCursor`. It belongs to the caller.
   * undefined: the server ended the stream (shutdown). Rejects with a CdcError when it broke. Calls never overlap.
   */
  read(): Promise<Buffer | undefined>
  /** Everything up to here is durable: reported as write, flush and apply from now on. Lower values are ignored. */
  setFlushed(lsn: Lsn): void
  /** Answers a keepalive that asks for a reply: at once when `setFlushed` has moved since the last status, else at most every 100 ms. */
  reply(): void
  /** Last status update, CopyDone, Terminate; then the slot is free. Cuts the connection after `deadline` ms (default 2000). Idempotent. */
  close(deadline?: number): Promise<void>
}
