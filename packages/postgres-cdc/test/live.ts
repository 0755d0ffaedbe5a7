import { type PostgresConnection, type PostgresVersion, postgresVersions, sharedPostgres, waitFor } from '@cdc/servers'
import { expect } from 'vitest'
import { Follower, type FollowOptions, serverRows, sorted } from './follower.ts'

/** The versions that the suite runs on. */
export const versions = postgresVersions

/** One database of a test, with the followers that read it. */
export class Live implements AsyncDisposable {
  readonly server: PostgresConnection
  readonly database: string
  readonly #followers: Follower[] = []

  private constructor(server: PostgresConnection, database: string) {
    this.server = server
    this.database = database
  }

  static async of(version: PostgresVersion, sql = ''): Promise<Live> {
    const server = await sharedPostgres(version)
    const live = new Live(server, await server.createDatabase('src'))
    if (sql !== '') await live.query(sql)
    return live
  }

  get slot(): string {
    return this.database.toLowerCase()
  }

  // biome-ignore lint/suspicious/noExplicitAny: rows of any statement
  query(sql: string): Promise<any[]> {
    return this.server.query(sql, this.database)
  }

  follow(setup: FollowOptions & { previous?: Follower | undefined } = {}): Follower {
    const follower = new Follower(this.server, this.database, setup)
    this.#followers.push(follower)
    return follower
  }

  /** Waits until everything written up to now has come, and compares the tables with the server's. */
  async same(follower: Follower, tables: readonly string[]): Promise<void> {
    await this.caughtUp(follower)
    for (const table of tables) {
      const name = `public.${table.replace(/^"(.*)"$/, '$1').replaceAll('""', '"')}`
      expect(sorted(follower.rows(name)), table).toEqual(sorted(await serverRows(this.server, this.database, table)))
    }
  }

  /** Waits for a row that is written now into the table `fence`, which is made when it is not there. */
  async caughtUp(follower: Follower): Promise<void> {
    const [row] = await this.query(
      'INSERT INTO fence SELECT coalesce(max(id), 0) + 1 FROM fence RETURNING id::text AS id',
    )
    await follower.until(() => follower.rows('public.fence').some((one) => one.id === row.id), `fence ${row.id}`)
  }

  /** Moves the slot to the end of the log behind the back of whoever reads it. */
  async advanceSlot(): Promise<void> {
    const consume = `pg_logical_slot_get_binary_changes('${this.slot}', NULL, NULL, 'proto_version', '1', 'publication_names', 'dbz_publication')`
    await this.query(
      this.server.version < 11
        ? `SELECT count(*) FROM ${consume}`
        : `SELECT pg_replication_slot_advance('${this.slot}', pg_current_wal_lsn())`,
    )
  }

  /** Ends every stream from this database, and waits until their slots are free. */
  async endStreams(): Promise<void> {
    const active = `FROM pg_replication_slots WHERE database = '${this.database}' AND active`
    await waitFor(async () => {
      await this.server.query(`SELECT pg_terminate_backend(active_pid) ${active}`)
      return (await this.server.query(`SELECT slot_name ${active}`)).length === 0
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#followers.map((follower) => follower.stop().catch(() => undefined)))
    await this.endStreams()
    await waitFor(async () => {
      await this.server.query(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${this.database}'`,
      )
      return true
    })
    await this.server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${this.database}'`)
    await waitFor(async () => {
      await this.server.query(`DROP DATABASE IF EXISTS "${this.database}"`)
      return true
    })
  }
}

/** A table whose rows tell how far the stream has come. */
export const fence = 'CREATE TABLE fence (id int PRIMARY KEY);'
