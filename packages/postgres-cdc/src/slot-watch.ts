import type { Report } from '@cdc/core'
import { readSlot, type Session } from '@cdc/pg-replication'

/** Milliseconds between two looks. */
const interval = 10_000

/** Tells now and then how much log the server keeps for the slot. A look that fails is left out. */
export class SlotWatch {
  readonly #session: Session
  readonly #slot: string
  readonly #report: (report: Report) => void
  #timer: NodeJS.Timeout | undefined
  #looking = false

  constructor(session: Session, slot: string, report: (report: Report) => void) {
    this.#session = session
    this.#slot = slot
    this.#report = report
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), interval)
    this.#timer.unref()
    void this.#look()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      const slot = await readSlot(this.#session, this.#slot)
      if (this.#timer !== undefined && slot?.retained !== undefined)
        this.#report({ type: 'retained', bytes: Number(slot.retained) })
    } catch {
      // a lost session is told by whoever needs it
    } finally {
      this.#looking = false
    }
  }
}
