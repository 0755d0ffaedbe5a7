import { CdcError, type Logger } from '@cdc/core'
import type { Session } from '@cdc/pg-replication'

/** Messages with it are ours and reach nobody. */
export const HEARTBEAT_PREFIX = 'cdc_heartbeat'

/**
 * Gives an idle database something to log, so that the slot can move past what other databases write. Needs no table:
 * a logical message that nobody decodes, and the user's own statement where there is one.
 */
export class Heartbeat {
  readonly #session: Session
  readonly #statements: readonly string[]
  readonly #logger: Logger
  #timer: NodeJS.Timeout | undefined
  #beating = false

  constructor(session: Session, action: string | undefined, logger: Logger) {
    this.#session = session
    this.#logger = logger
    const message = `SELECT pg_catalog.pg_logical_emit_message(false, '${HEARTBEAT_PREFIX}', '')`
    this.#statements = action === undefined ? [message] : [message, action]
  }

  /** `interval` in milliseconds; 0: never. */
  start(interval: number): void {
    if (interval === 0) return
    this.#timer = setInterval(() => void this.#beat(), interval)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #beat(): Promise<void> {
    if (this.#beating) return
    this.#beating = true
    try {
      for (const statement of this.#statements) await this.#session.query(statement)
    } catch (failure) {
      const { code, message } = CdcError.from(failure)
      // the stream itself notices a lost connection; a right that is missing is said once
      if (this.#timer !== undefined)
        this.#logger.warn({ code }, `The heartbeat failed and is not tried again: ${message}`)
      this.stop()
    } finally {
      this.#beating = false
    }
  }
}
