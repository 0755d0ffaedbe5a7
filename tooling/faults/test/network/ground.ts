import type { jdbc } from '@cdc/jdbc'
import type { postgresCdc } from '@cdc/postgres-cdc'
import { type PostgresConnection, waitFor } from '@cdc/servers'
import type pg from 'pg'

type SourceOptions = Parameters<typeof postgresCdc>[0]
type SinkOptions = Parameters<typeof jdbc>[0]

let cases = 0

/** A source and a target database that one case after the other uses, each with a schema and a slot of its own. */
export class Ground {
  readonly server: PostgresConnection
  readonly source: string
  readonly target: string
  readonly #sslmode: 'require' | 'prefer'
  #case = ''

  private constructor(server: PostgresConnection, encrypted: boolean, source: string, target: string) {
    this.server = server
    this.#sslmode = encrypted ? 'require' : 'prefer'
    this.source = source
    this.target = target
  }

  static async of(server: PostgresConnection, encrypted: boolean): Promise<Ground> {
    return new Ground(server, encrypted, await server.createDatabase('net'), await server.createDatabase('netto'))
  }

  /** Of the pipeline, its schema, its slot and its publication. */
  get name(): string {
    return this.#case
  }

  /** Makes room for the next case: `ledger` has no key, so that each loss and each repeat shows; `items` has one. */
  async clear(): Promise<void> {
    this.#case = `net${process.pid}_${cases++}`
    await this.server.query(
      `CREATE SCHEMA ${this.#case}; SET search_path = ${this.#case};
       CREATE TABLE ledger (entry int NOT NULL, pad text); CREATE TABLE items (id int PRIMARY KEY, note text NOT NULL, big text);
       INSERT INTO ledger SELECT -i, repeat('p', 40) FROM generate_series(1, 300) i;
       INSERT INTO items SELECT i, 'before', repeat(md5(i::text), 3) FROM generate_series(1, 300) i`,
      this.source,
    )
    await this.server.query(`CREATE SCHEMA ${this.#case}`, this.target)
  }

  /** Takes away what would cost later cases: the slot, and with it the log. */
  async leave(): Promise<void> {
    const ours = `FROM pg_replication_slots WHERE slot_name LIKE '%${this.#case}'`
    await waitFor(
      async () => {
        await this.server.query(`SELECT pg_terminate_backend(active_pid) ${ours} AND active`)
        await this.server.query(`SELECT pg_drop_replication_slot(slot_name) ${ours} AND NOT active`)
        return (await this.server.query(`SELECT 1 ${ours}`)).length === 0
      },
      { timeout: 60_000, describe: 'the slot to be dropped' },
    )
    await this.server.query(`DROP PUBLICATION IF EXISTS ${this.#case}`, this.source)
  }

  client(): Promise<pg.Client> {
    return this.server.client(this.source)
  }

  /** One transaction. */
  async write(client: pg.Client, round: number): Promise<void> {
    const [ledger, items] = [`${this.#case}.ledger`, `${this.#case}.items`]
    await client.query(`BEGIN;
      INSERT INTO ${ledger} SELECT ${round} * 10 + i FROM generate_series(0, 9) i;
      UPDATE ${items} SET note = 'round ${round}' WHERE id % 40 = ${round % 40};
      INSERT INTO ${items} VALUES (${1000 + round}, 'made', NULL); DELETE FROM ${items} WHERE id = ${1000 + round - 5}; COMMIT`)
  }

  sourceOptions(port: number): SourceOptions {
    const { host, user, password } = this.server
    return {
      hostname: host,
      port,
      username: user,
      password,
      sslmode: this.#sslmode,
      'database-name': this.source,
      'schema-name': this.#case,
      'table-name': 'ledger|items',
      'slot.name': this.#case,
      'debezium.publication.name': this.#case,
      'scan.snapshot.parallelism': 2,
    }
  }

  sinkOptions(port: number): SinkOptions {
    const { host, user, password } = this.server
    return {
      url: `jdbc:postgresql://${host}:${port}/${this.target}?socketTimeout=5&connectTimeout=5&sslmode=${this.#sslmode}`,
      username: user,
      password,
      'sink.state-table': `${this.#case}.cdc_position`,
    }
  }

  async isSame(): Promise<boolean> {
    return (await this.difference()).length === 0
  }

  /** The tables that differ, with how many rows each end has. */
  async difference(): Promise<string[]> {
    const sql = (table: string) =>
      `SELECT count(*)::int AS rows, md5(string_agg(t::text, ',' ORDER BY t::text)) AS hash FROM ${this.#case}.${table} t`
    const differences: string[] = []
    for (const table of ['ledger', 'items']) {
      const [[here], [there]] = await Promise.all([
        this.server.query(sql(table), this.source),
        this.server.query(sql(table), this.target).catch(() => [{ rows: 0, hash: 'none' }]),
      ])
      if (here.hash !== there.hash)
        differences.push(`${table}: ${here.rows} at the source, ${there.rows} at the target`)
    }
    return differences
  }
}
