import type pg from 'pg'

/** How long a session stays for the next look. Milliseconds. */
const kept = 100

/** What depends on its session, tells of sessions, ends them or does something: it gets a session of its own. */
const bound =
  /pg_stat_activity|pg_locks|backend|advisory|setting|set_config|temp|snapshot|_changes|nextval|sleep|emit|\bINTO\b|;\s*\S|^\s*SELECT\s+pg_(?!current_wal|wal_lsn_diff)/i

/** Does nothing but look: it may be done in any session, and again. */
export function isLook(sql: string): boolean {
  return /^\s*SELECT\b/i.test(sql) && !bound.test(sql)
}

interface Idle {
  readonly client: pg.Client
  /** No timer any more, and nobody who listens to its end. */
  forget(): void
}

/**
 * Sessions that were used a moment ago, by database. A test that waits for something looks at it fifty times a
 * second, and making a session costs both sides twenty times what the look itself does.
 */
export class IdleSessions {
  readonly #idle = new Map<string, Set<Idle>>()

  /** One that is free; the caller has it for itself until it is given back or ended. */
  take(database: string): pg.Client | undefined {
    const all = this.#idle.get(database)
    const [one] = all ?? []
    if (one === undefined) return undefined
    all!.delete(one)
    one.forget()
    return one.client
  }

  give(database: string, client: pg.Client): void {
    const all = this.#idle.get(database) ?? new Set()
    this.#idle.set(database, all)
    const leave = () => {
      all.delete(one)
      one.forget()
      client.end().catch(() => {})
    }
    const timer = setTimeout(leave, kept)
    client.once('end', leave)
    const forget = () => {
      clearTimeout(timer)
      client.off('end', leave)
    }
    const one: Idle = { client, forget }
    all.add(one)
  }

  /** Ends all: a database with a session cannot be dropped or copied. */
  async clear(): Promise<void> {
    const all = [...this.#idle.values()].flatMap((idle) => [...idle])
    this.#idle.clear()
    await Promise.all(
      all.map(({ client, forget }) => {
        forget()
        return client.end().catch(() => {})
      }),
    )
  }
}
