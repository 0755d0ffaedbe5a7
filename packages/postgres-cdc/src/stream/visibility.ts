import { setTimeout as pause } from 'node:timers/promises'
import type { Session } from '@cdc/pg-replication'
import { error } from '../errors.ts'

/** How long a commit that is in the log may take to become visible. Milliseconds. */
const PATIENCE = 10_000

/**
 * Waits until the catalog shows what a transaction of the stream has done. A commit is in the log, and so in the
 * stream, before other sessions see it: a moment, or as long as it waits for a synchronous standby. Asked without
 * that, the catalog may be the one before the ALTER TABLE that the stream tells of.
 */
export class Visibility {
  readonly #session: Session
  #last: string | undefined

  constructor(session: Session) {
    this.#session = session
  }

  /** `xid` as the stream has it, 32 bits. Throws CATALOG_BEHIND. */
  async until(xid: string): Promise<void> {
    if (xid === this.#last) return
    const deadline = performance.now() + PATIENCE
    for (let wait = 1; !(await this.#isVisible(xid)); wait = Math.min(2 * wait, 50)) {
      if (performance.now() >= deadline)
        throw error('CATALOG_BEHIND', {
          message: `Transaction ${xid} has come through the stream and is after ${PATIENCE / 1000} s still not visible at the server.`,
        })
      await pause(wait)
    }
    this.#last = xid
  }

  async #isVisible(xid: string): Promise<boolean> {
    const [row] = await this.#session.query(visible, [xid])
    return row!.visible === 't'
  }
}

/** The snapshot's ids have 64 bits, of which the stream's are the lower half; one that is not before its end is open. */
const visible = `
SELECT behind BETWEEN 1 AND 2147483648
  AND pg_catalog.txid_visible_in_snapshot(pg_catalog.txid_snapshot_xmax(now) - behind, now) AS visible
FROM (SELECT now, (pg_catalog.txid_snapshot_xmax(now) - $1::bigint) & 4294967295 AS behind
      FROM pg_catalog.txid_current_snapshot() AS now) AS taken`
