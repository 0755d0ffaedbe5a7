import type { Socket } from 'node:net'
import { CdcError, failpoint } from '@cdc/core'
import { aborted, within } from '../connection/deadline.ts'
import type { ConnectionOptions } from '../connection/options.ts'
import { Session } from '../connection/session.ts'
import { pgError } from '../errors.ts'
import type { Lsn } from '../lsn.ts'
import { localError, postgresError, type ServerFields, serverError } from '../postgres-error.ts'
import { slotFailure } from '../slot-failure.ts'
import { BurstReader } from './burst-reader.ts'
import { readControl } from './control.ts'
import { COPY_DATA, MessageSplitter } from './message-splitter.ts'
import { simpleQuery, startReplication } from './start-replication.ts'
import { StatusReporter, statusInterval, statusUpdate } from './status-update.ts'

export interface StreamOptions {
  readonly slot: string
  /** 0n: where the slot stands. Prove continuity before giving another: the server skips silently. */
  readonly start: Lsn
  readonly publications: readonly string[]
  /** pgoutput's `messages` (14 and later; ignored before). Default false. */
  readonly messages?: boolean | undefined
  /** More options of pgoutput, as they are. */
  readonly pluginOptions?: Readonly<Record<string, string>> | undefined
  /** Bytes of the largest message taken. Default 1 GiB. MESSAGE_TOO_LARGE beyond. */
  readonly maxMessage?: number | undefined
  /** Milliseconds without a byte while somebody reads, past which the connection is given up. 0: never. Default 300 000. */
  readonly inboundTimeout?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const COPY_DONE = 0x63

const copyDone = Buffer.from([COPY_DONE, 0, 0, 0, 4])
const terminate = Buffer.from([0x58, 0, 0, 0, 4])

/**
 * START_REPLICATION with our own reader and writer on the socket. Pull-based: the socket is read only while `read()`
 * waits, so what is held is bounded by one read; status updates go out on their own timer however long nobody reads.
 */
export class ReplicationStream {
  /** The walsender's process id. */
  readonly pid: number
  readonly serverVersion: number
  /** Milliseconds between status updates. */
  readonly statusInterval: number
  readonly #session: Session
  readonly #socket: Socket
  readonly #options: StreamOptions
  readonly #reader: BurstReader
  readonly #splitter: MessageSplitter
  readonly #status: StatusReporter
  /** Runs of messages that were read with others, still to be given. */
  #runs: Buffer[] = []
  #started = false
  #ended = false
  #failure: CdcError | undefined
  #closing: Promise<void> | undefined
  #inbound = performance.now()
  #probed = false
  #listening = false
  #watch: NodeJS.Timeout | undefined

  private constructor(session: Session, options: StreamOptions, interval: number) {
    this.#session = session
    this.#socket = session.socket()
    this.#options = options
    this.#splitter = new MessageSplitter(options.maxMessage ?? 2 ** 30)
    this.#reader = new BurstReader(this.#socket, this.#splitter)
    this.pid = session.pid
    this.serverVersion = session.serverVersion
    this.statusInterval = interval
    this.#status = new StatusReporter(interval, 0n, (lsn) => this.#send(lsn))
  }

  /** Connects, sets the session up and starts. SLOT_BUSY, SLOT_MISSING, SLOT_LOST, ... */
  static async start(connection: ConnectionOptions, options: StreamOptions): Promise<ReplicationStream> {
    const session = await Session.open({ ...connection, replication: true }, options.signal)
    try {
      const [row] = await session.query("SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'")
      const stream = new ReplicationStream(session, options, statusInterval(Number(row?.setting ?? 60_000)))
      await failpoint('stream.start')
      await stream.#start(connection.connectTimeout ?? 30_000)
      await failpoint('stream.started')
      return stream
    } catch (error) {
      session.destroy()
      throw await slotFailure(connection, options.slot, error)
    }
  }

  /**
   * The next frames: a buffer of whole CopyData messages back to back, for `FrameCursor`, valid until the next call.
   * undefined: the server ended the stream (shutdown). Rejects with a CdcError when it broke, and with ABORTED after
   * `close` or an abort. Calls never overlap.
   */
  async read(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const run = this.#runs.shift()
      if (run !== undefined) return run
      if (this.#ended) return undefined
      await this.#fill()
    }
  }

  /**
   * Everything up to here is durable: reported as write, flush and apply from now on. Lower values are ignored. Before
   * the first call nothing is acknowledged, not even the start: 0/0 is reported, of which the server takes no notice.
   */
  setFlushed(lsn: Lsn): void {
    if (this.#closing === undefined) this.#status.setFlushed(lsn)
  }

  /** Answers a keepalive that asks for a reply: at once when `setFlushed` has moved since the last status, else at most every 100 ms. */
  reply(): void {
    if (this.#closing === undefined) this.#status.reply()
  }

  /** Last status update, CopyDone, Terminate; then the slot is free. Cuts the connection after `deadline` ms (default 2000). Idempotent. */
  close(deadline = 2000): Promise<void> {
    this.#closing ??= this.#close(deadline)
    return this.#closing
  }

  async #start(timeout: number): Promise<void> {
    this.#reader.attach()
    this.#socket.write(simpleQuery(startReplication(this.#options, this.serverVersion)))
    const work = (async () => {
      while (!this.#started && this.#failure === undefined && !this.#ended) await this.#fill()
    })()
    const late = () =>
      pgError('CONNECT_TIMEOUT', { message: `START_REPLICATION was not answered within ${timeout} ms.` })
    const { signal } = this.#options
    try {
      await within({ timeout, signal, late }, work, () => this.#socket.destroy())
    } catch (error) {
      this.#fail(error)
    }
    if (this.#failure !== undefined) throw this.#failure
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#status.now()
  }

  readonly #onAbort = (): void => {
    this.#fail(aborted())
  }

  /** Reads once and sorts what came. Never throws: a failure is kept for `read`. */
  async #fill(): Promise<void> {
    try {
      if (!(await this.#burst()))
        throw localError('CONNECTION_LOST', new Error('the server closed it'), 'the replication connection')
      this.#inbound = performance.now()
      this.#probed = false
      const messages = this.#splitter.take()
      if (messages === undefined) return
      if (this.#splitter.onlyData) this.#runs.push(messages)
      else this.#sort(messages)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Waits for the next burst, watched: silence is asked about at half of the limit, and ends the connection at the whole. */
  async #burst(): Promise<boolean> {
    const limit = this.#options.inboundTimeout ?? 300_000
    if (limit === 0) return this.#reader.read()
    // silence counts only while somebody listens
    this.#inbound = performance.now()
    this.#listening = true
    this.#watch ??= setInterval(() => this.#listen(limit), Math.min(limit / 4, 10_000))
    try {
      return await this.#reader.read()
    } finally {
      this.#listening = false
    }
  }

  #listen(limit: number): void {
    if (!this.#listening) return
    const silence = performance.now() - this.#inbound
    if (silence >= limit) {
      this.#fail(
        pgError('STREAM_SILENT', { message: `Not a byte came from the server for ${Math.round(silence / 1000)} s.` }),
      )
    } else if (silence >= limit / 2 && !this.#probed) {
      this.#probed = true
      this.#write(statusUpdate(this.#status.flushed, Date.now(), true))
    }
  }

  #sort(messages: Buffer): void {
    let at = 0
    while (at < messages.length) {
      const from = at
      while (at < messages.length && messages[at] === COPY_DATA) at += 1 + messages.readUInt32BE(at + 1)
      if (at > from) this.#runs.push(messages.subarray(from, at))
      if (at < messages.length) {
        const end = at + 1 + messages.readUInt32BE(at + 1)
        this.#handle(messages[at]!, messages.subarray(at + 5, end))
        at = end
      }
    }
  }

  #handle(type: number, body: Buffer): void {
    const control = readControl(type, body)
    if (control.kind === 'started') this.#started = true
    else if (control.kind === 'ended') this.#ended = true
    else if (control.kind === 'error') this.#refuse(control.fields)
    else if (control.kind === 'notice') this.#notice(control.fields)
  }

  #refuse(fields: ServerFields): void {
    const { slot, publications } = this.#options
    const doing = this.#started ? `streaming from slot "${slot}"` : `to stream from slot "${slot}"`
    // the only object that decoding looks up by name is a publication
    if (fields.code === '42704' && this.#started) {
      this.#fail(serverError('PUBLICATION_MISSING', fields, doing, {}, publicationGoneHint(publications)))
    } else if (fields.code?.startsWith('XX') && this.#started) {
      this.#fail(serverError('DECODING_FAILED', fields, doing))
    } else this.#fail(postgresError(fields, doing))
  }

  /** 18 says only in a WARNING that it found no publication and left changes out. */
  #notice(fields: ServerFields): void {
    if (fields.code !== '42704' && fields.code !== '55000') return
    const { slot, publications } = this.#options
    const doing = `streaming from slot "${slot}" completely`
    this.#fail(serverError('PUBLICATION_SKIPPED', fields, doing, {}, publicationGoneHint(publications)))
  }

  #send(lsn: Lsn): void {
    this.#write(statusUpdate(lsn, Date.now(), false))
  }

  #write(bytes: Buffer): void {
    // what a stalled connection has not taken yet says the same already
    if (this.#socket.writable && this.#socket.writableLength < 65_536) this.#socket.write(bytes)
  }

  #fail(error: unknown): void {
    this.#failure ??= CdcError.is(error) ? error : postgresError(error, `streaming from slot "${this.#options.slot}"`)
    this.#release()
    this.#socket.destroy()
  }

  #release(): void {
    this.#status.stop()
    clearInterval(this.#watch)
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
  }

  async #close(deadline: number): Promise<void> {
    const gone = this.#session.closed
    const timer = setTimeout(() => this.#socket.destroy(), deadline)
    const sound = this.#failure === undefined && this.#socket.writable
    this.#failure ??= aborted()
    if (sound) {
      this.#status.now()
      this.#socket.write(copyDone)
      this.#socket.write(terminate)
      // the server closes only when it has got rid of what it was sending
      this.#reader.discard()
    } else this.#socket.destroy()
    this.#release()
    await gone
    clearTimeout(timer)
  }
}

function publicationGoneHint(publications: readonly string[]): string {
  return `Was the publication ${publications.map((name) => `"${name}"`).join(', ')} dropped, or made after the slot? It must be there wherever the slot still has to decode. Create it, then start over (reset).`
}
