import { error } from '../errors.ts'
import { type Started, startSession } from './connect.ts'
import { Flight, type Statement } from './flight.ts'
import { ReplyReader } from './replies.ts'
import { ConnectionEnded, type ServerError, translate } from './server-error.ts'
import type { ConnectionSettings } from './settings.ts'
import { openSocket } from './socket.ts'

/**
 * One session with the target, with our own writer and reader on the socket: what belongs together (BEGIN, rows,
 * position, COMMIT) goes out in one flight, without waiting for answers in between.
 */
export class Connection {
  readonly #started: Started
  readonly #settings: ConnectionSettings
  readonly #flights: Flight[] = []
  #ended: Error | undefined
  #drained: (() => void) | undefined
  /** Begun anew by everything that is taken or given. */
  readonly #silence: NodeJS.Timeout | undefined
  /** `server_version_num`: 150018 is 15.18. */
  serverVersion = 0
  /** The schema of names without one; undefined when the search path leads nowhere. */
  currentSchema: string | undefined

  private constructor(started: Started, settings: ConnectionSettings) {
    this.#started = started
    this.#settings = settings
    const { socket } = started
    const reader = new ReplyReader({
      parsed: () => this.#flights[0]?.parsed(),
      row: (cells) => this.#flights[0]?.row(cells),
      completed: (tag, count) => this.#flights[0]?.completed(tag, count),
      failed: (cause) => this.#failed(cause),
      ready: () => this.#flights.shift()?.ready(),
    })
    socket.on('data', (chunk: Buffer) => {
      this.#silence?.refresh()
      try {
        reader.push(chunk)
      } catch (cause) {
        // what follows cannot be understood either
        socket.destroy()
        this.#end(cause)
      }
    })
    const { socketTimeout } = settings
    if (socketTimeout > 0) this.#silence = setTimeout(() => this.#silent(), socketTimeout).unref()
    socket.on('drain', () => this.#drain())
    socket.on('error', (cause) => this.#end(cause))
    socket.on('close', () => {
      clearTimeout(this.#silence)
      this.#end()
    })
  }

  /** Connects to the first host that answers (and takes writes, where that is asked). All settings are pinned. */
  static async open(settings: ConnectionSettings): Promise<Connection> {
    const signal = AbortSignal.timeout(settings.connectTimeout)
    let failure: unknown
    for (const host of settings.hosts) {
      try {
        const connection = new Connection(await startSession(settings, host, signal), settings)
        if (await connection.#prepare(signal)) return connection
        failure = error('TARGET_READ_ONLY', { message: `The target ${host.host}:${host.port} is a standby.` })
      } catch (cause) {
        const where = `${host.host}:${host.port}`
        failure = signal.aborted
          ? late(where, settings.connectTimeout, cause)
          : translate(cause, `starting a session with ${where}`)
      }
    }
    throw failure
  }

  get pid(): number {
    return this.#started.pid
  }

  get encrypted(): boolean {
    return this.#started.encrypted
  }

  /** Is anything sent that was not answered? */
  get busy(): boolean {
    return this.#flights.length > 0
  }

  /** Runs one statement outside of any flight and gives its rows. Rejects with a ServerError or ConnectionEnded. */
  async query(statement: Statement | string, params: readonly (string | null)[] = []): Promise<(string | null)[][]> {
    const flight = this.flight()
    flight.run(statement, params)
    return (await flight.send())[0]!.rows
  }

  /** Begins a flight. It must be sent before the next one is begun. */
  flight(): Flight {
    return new Flight({
      enter: (flight) => this.#flights.push(flight),
      write: (bytes) => this.#write(bytes),
      ended: () => this.#ended,
    })
  }

  /** Ends the session in the ordinary way; what was not committed is rolled back. */
  async close(): Promise<void> {
    if (this.busy) return this.destroy()
    const { socket } = this.#started
    if (socket.destroyed) return
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => socket.destroy(), 1000)
      socket.once('close', () => {
        clearTimeout(late)
        resolve()
      })
      socket.end(Buffer.from([0x58, 0, 0, 0, 4]))
    })
  }

  /** Cuts the connection at once, and asks the server to stop what it is doing so that it lets go of its locks. */
  destroy(): void {
    const busy = this.busy
    this.#started.socket.destroy()
    this.#end()
    if (busy) void this.#cancel()
  }

  /** CancelRequest, over a connection of its own; its failure changes nothing. */
  async #cancel(): Promise<void> {
    const { host, mode, pid, secretKey } = this.#started
    try {
      const { socket } = await openSocket(host, mode, this.#settings.tls, AbortSignal.timeout(2000))
      socket.on('error', () => {})
      const request = Buffer.alloc(16)
      request.writeInt32BE(16, 0)
      request.writeInt32BE(80877102, 4)
      request.writeInt32BE(pid, 8)
      request.writeInt32BE(secretKey, 12)
      socket.end(request)
    } catch {
      // the server will notice by itself
    }
  }

  #write(bytes: Buffer): void | Promise<void> {
    if (this.#ended !== undefined) throw this.#ended
    this.#silence?.refresh()
    if (this.#started.socket.write(bytes)) return
    return new Promise((resolve) => {
      this.#drained = resolve
    })
  }

  #silent(): void {
    if (!this.busy) return
    this.#end(
      error('TARGET_SILENT', {
        message: `The target has not answered for ${this.#settings.socketTimeout / 1000} s (socketTimeout).`,
        where: { option: 'url' },
      }),
    )
    this.#started.socket.destroy()
  }

  #failed(cause: ServerError): void {
    // without a flight it is why the server is about to close
    if (this.#flights.length === 0) this.#ended = cause
    else this.#flights[0]!.failed(cause)
  }

  #drain(): void {
    this.#silence?.refresh()
    this.#drained?.()
    this.#drained = undefined
  }

  #end(cause?: unknown): void {
    this.#ended ??= new ConnectionEnded(cause)
    // whoever waits goes on, and meets the end at the next write
    this.#drain()
    for (const flight of this.#flights.splice(0)) flight.broken(this.#ended)
  }

  /** `#start` within the time for connecting. A session that is not to be used is cut. */
  async #prepare(signal: AbortSignal): Promise<boolean> {
    const late = () => this.#end(new Error('timed out'))
    signal.addEventListener('abort', late, { once: true })
    let usable = false
    try {
      if (signal.aborted) late()
      usable = await this.#start(this.#settings)
      return usable
    } finally {
      signal.removeEventListener('abort', late)
      if (!usable) this.destroy()
    }
  }

  /** Pins the settings. false: the host takes no writes and another should be tried. */
  async #start(settings: ConnectionSettings): Promise<boolean> {
    if (settings.currentSchema !== undefined)
      await this.query(`SELECT pg_catalog.set_config('search_path', $1, false)`, [searchPath(settings.currentSchema)])
    const [[version, schema, standby] = []] = await this.query(
      `SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.current_schema(), pg_catalog.pg_is_in_recovery()`,
    )
    this.serverVersion = Number(version)
    this.currentSchema = schema ?? undefined
    if (this.serverVersion < 100000)
      throw error('TARGET_TOO_OLD', {
        message: `The target is PostgreSQL ${Math.floor(this.serverVersion / 10000)}; 10 is the least.`,
      })
    if (standby === 't' && settings.target === 'primary') return false
    // jit came with 11
    const names = Object.keys(pinned).filter((name) => name !== 'jit' || this.serverVersion >= 110000)
    const calls = names.map((name, i) => `pg_catalog.set_config('${name}', $${i + 1}, false)`)
    await this.query(
      `SELECT ${calls.join(', ')}`,
      names.map((name) => pinned[name]!),
    )
    return true
  }
}

function late(where: string, timeout: number, cause: unknown) {
  return error('TARGET_UNREACHABLE', {
    message: `The target ${where} did not finish the start of a session within ${timeout} ms.`,
    where: { option: 'url' },
    cause,
  })
}

/** `a, b` as the Java driver takes it: each name is quoted. */
const searchPath = (schemas: string) =>
  schemas
    .split(',')
    .map(
      (name) =>
        `"${name
          .trim()
          .replace(/^"(.*)"$/, '$1')
          .replaceAll('"', '""')}"`,
    )
    .join(', ')

/**
 * What changes how values are read, how names are found, how long things may take, or the plan: rows are looked up
 * by index one by one, whatever the planner thinks of a staging table that it has no statistics of.
 */
const pinned: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '3',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  search_path: '',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  // a session that the network has swallowed must not keep its locks, that of the position among them, for hours
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '4',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_seqscan: 'off',
  // what is switched off counts as very dear, and dear plans are compiled
  jit: 'off',
  client_min_messages: 'error',
}
