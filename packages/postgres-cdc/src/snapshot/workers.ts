import { failpoint } from '@cdc/core'
import { type ConnectionOptions, quoteLiteral, Session } from '@cdc/pg-replication'
import { error } from '../errors.ts'

/** Sessions that all see one exported snapshot, for as long as they live. */
export class SnapshotSessions {
  readonly #sessions: Session[] = []

  private constructor() {}

  /** Opens `count` sessions and imports the snapshot into each. They keep it alive themselves from then on. */
  static async open(
    connection: ConnectionOptions,
    snapshot: string,
    count: number,
    signal: AbortSignal,
  ): Promise<SnapshotSessions> {
    const sessions = new SnapshotSessions()
    try {
      const opened = await Promise.allSettled(
        Array.from({ length: count }, async () => sessions.#sessions.push(await Session.open(connection, signal))),
      )
      for (const one of opened) if (one.status === 'rejected') throw one.reason
      const seen = await Promise.all(sessions.#sessions.map((session) => importSnapshot(session, snapshot)))
      const other = seen.find((one) => one !== seen[0])
      if (other !== undefined)
        throw error('SNAPSHOT_NOT_SHARED', { message: 'Two sessions that imported one snapshot see different ones.' })
      return sessions
    } catch (failure) {
      sessions.destroy()
      throw failure
    }
  }

  get all(): readonly Session[] {
    return this.#sessions
  }

  async close(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.close()))
  }

  /** For when something is still running in them. */
  destroy(): void {
    for (const session of this.#sessions) session.destroy()
  }
}

/** The first statement of the transaction, or it would have a snapshot already. Gives what the session then sees. */
async function importSnapshot(session: Session, snapshot: string): Promise<string> {
  await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  await failpoint('snapshot.import')
  await session.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshot)}`)
  const [row] = await session.query('SELECT pg_catalog.txid_current_snapshot()::text AS seen')
  return row!.seen!
}
