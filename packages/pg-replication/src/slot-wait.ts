import type { ConnectionOptions } from './connection/options.ts'
import { Session } from './connection/session.ts'

/** Why a slot's creation waits: a transaction that began before it and still runs. */
export interface BlockingTransaction {
  /** 0: a prepared transaction (PREPARE TRANSACTION), which no process holds. */
  readonly pid: number
  readonly user: string | undefined
  readonly applicationName: string | undefined
  readonly clientAddress: string | undefined
  readonly state: string | undefined
  /** Seconds since its transaction began. */
  readonly age: number | undefined
}

/** How long a creation takes that waits for nobody, in milliseconds. */
const patience = 300
const every = 1000

/** Watches from a second connection for whom a creation waits, since the first can say nothing meanwhile. */
export class SlotWait {
  readonly #options: ConnectionOptions
  readonly #pid: number
  readonly #onWait: ((blocking: readonly BlockingTransaction[]) => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #session: Promise<Session> | undefined
  #asking: Promise<void> = Promise.resolve()
  #last: readonly BlockingTransaction[] = []
  readonly #silence: number
  readonly #lost = new AbortController()
  #deadline: NodeJS.Timeout | undefined

  constructor(
    options: ConnectionOptions,
    pid: number,
    onWait: ((blocking: readonly BlockingTransaction[]) => void) | undefined,
  ) {
    this.#silence = options.queryTimeout ?? 60_000
    this.#postpone()
    this.#options = options
    this.#pid = pid
    this.#onWait = onWait
    this.#timer = setTimeout(() => this.#tick(), patience)
  }

  /**
   * Aborts when the creation has waited for nobody for as long as a statement may take: then its command or its answer
   * is lost.
   */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** The last that were seen. */
  async blocking(): Promise<readonly BlockingTransaction[]> {
    await this.#asking
    return this.#last
  }

  /** A waiting walsender does not notice that its client has gone, and would hold log back. */
  async cancel(): Promise<void> {
    try {
      const session = await this.#open()
      await session.query('SELECT pg_catalog.pg_terminate_backend($1::int)', [String(this.#pid)], { timeout: 5000 })
    } catch {
      // lock_timeout ends it in the end
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#deadline)
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#asking
    const session = await this.#session?.catch(() => undefined)
    await session?.close()
  }

  #open(): Promise<Session> {
    this.#session ??= Session.open({ ...this.#options, connectTimeout: 5000 })
    return this.#session
  }

  #postpone(): void {
    clearTimeout(this.#deadline)
    if (this.#silence > 0) this.#deadline = setTimeout(() => this.#lost.abort(), this.#silence)
  }

  #tick(): void {
    const next = () => {
      if (this.#timer !== undefined) this.#timer = setTimeout(() => this.#tick(), every)
    }
    // a failure costs a detail of a message
    this.#asking = this.#ask().then(next, next)
  }

  async #ask(): Promise<void> {
    const session = await this.#open()
    const rows = await session.query(
      `SELECT b.pid, a.usename AS user, a.application_name AS app, a.client_addr AS address, a.state,
  pg_catalog.date_part('epoch', pg_catalog.now() - a.xact_start) AS age
FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::int)) AS b (pid) LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)`,
      [String(this.#pid)],
      { timeout: 5000 },
    )
    if (rows.length === 0) return
    this.#postpone()
    this.#last = rows.map(({ pid, user, app, address, state, age }) => ({
      pid: Number(pid),
      user: user ?? undefined,
      applicationName: app ?? undefined,
      clientAddress: address ?? undefined,
      state: state ?? undefined,
      age: age === null ? undefined : Math.round(Number(age)),
    }))
    this.#onWait?.(this.#last)
  }
}

/** `PID 12 ("psql", user bob, idle in transaction for 340 s)`, for messages. */
export function describeBlocking(blocking: readonly BlockingTransaction[]): string {
  if (blocking.length === 0) return 'a running transaction'
  return blocking
    .map(({ pid, user, applicationName, state, age }) => {
      if (pid === 0) return 'a prepared transaction'
      const details = [
        applicationName && `"${applicationName}"`,
        user && `user ${user}`,
        state,
        age !== undefined && `transaction open for ${age} s`,
      ]
      return `PID ${pid} (${details.filter(Boolean).join(', ')})`
    })
    .join(', ')
}
