import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jdbc } from '@cdc/jdbc'
import { postgresCdc } from '@cdc/postgres-cdc'
import { directoryState, type PipelineLimitsInput, pipeline } from '@cdc/runtime'
import { type PostgresConnection, waitFor } from '@cdc/servers'
import { expect } from 'vitest'
import { RunningPipeline } from './running-pipeline.ts'

export interface RigSetup {
  readonly source: PostgresConnection
  /** Default: another database of the same server. */
  readonly target?: PostgresConnection
  /** SQL at the source before anything runs, after the tables of the rig. */
  readonly sql?: string
}

export interface RunSetup {
  readonly source?: Readonly<Record<string, string | number | boolean>>
  readonly sink?: Readonly<Record<string, string | number | boolean>>
  readonly limits?: PipelineLimitsInput
  /** Another place for the state than the rig's. */
  readonly state?: string
}

/** `ledger` is only inserted into and has no key: it shows every loss and every repeat. `items` has one. */
const tables = `CREATE TABLE ledger (n int NOT NULL, pad text); CREATE TABLE items (id int PRIMARY KEY, note text NOT NULL, many int);
INSERT INTO ledger SELECT -i FROM generate_series(1, 50) i; INSERT INTO items SELECT i, 'before', 0 FROM generate_series(1, 50) i;`

/** A source and a target database with two tables, and pipelines between them in this process. */
export class Rig implements AsyncDisposable {
  readonly name: string
  /** Where the source is now: another server after a failover. */
  source: PostgresConnection
  readonly target: PostgresConnection
  readonly database: string
  readonly targetDatabase: string
  readonly state: string
  readonly #runs: RunningPipeline[] = []
  #written = 0

  private constructor({ source, target = source }: RigSetup, database: string, targetDatabase: string) {
    this.source = source
    this.target = target
    this.database = database
    this.targetDatabase = targetDatabase
    this.name = `rig_${randomBytes(5).toString('hex')}`
    this.state = mkdtempSync(join(tmpdir(), 'cdc-faults-'))
  }

  static async of(setup: RigSetup): Promise<Rig> {
    const { source, target = source, sql = '' } = setup
    const rig = new Rig(setup, await source.createDatabase('from'), await target.createDatabase('to'))
    await rig.at(tables + sql)
    return rig
  }

  get slot(): string {
    return `cdc_${this.name}`
  }

  // biome-ignore lint/suspicious/noExplicitAny: rows of any statement
  at(sql: string): Promise<any[]> {
    return this.source.query(sql, this.database)
  }

  // biome-ignore lint/suspicious/noExplicitAny: rows of any statement
  there(sql: string): Promise<any[]> {
    return this.target.query(sql, this.targetDatabase)
  }

  sourceOptions(more: RunSetup['source'] = {}) {
    const { host, port, user, password } = this.source
    return {
      hostname: host,
      port,
      username: user,
      password,
      'database-name': this.database,
      'schema-name': 'public',
      'table-name': 'ledger|items',
      'slot.name': this.slot,
      'debezium.slot.max.retries': '2',
      'debezium.slot.retry.delay.ms': '200',
      ...more,
    }
  }

  sinkOptions(more: RunSetup['sink'] = {}) {
    const { host, port, user, password } = this.target
    const url = `jdbc:postgresql://${host}:${port}/${this.targetDatabase}?sslmode=disable`
    return { url, username: user, password, ...more }
  }

  /** Starts the pipeline. */
  start({ source, sink, limits = {}, state = this.state }: RunSetup = {}): RunningPipeline {
    const run = new RunningPipeline((observer, logger) =>
      pipeline({
        name: this.name,
        source: postgresCdc(this.sourceOptions(source) as Parameters<typeof postgresCdc>[0]),
        sinks: [jdbc(this.sinkOptions(sink) as Parameters<typeof jdbc>[0])],
        state: directoryState(state),
        deadLetters: join(state, 'dead-letters'),
        limits: { checkpointInterval: 100, retry: { attempts: 3, initialDelay: 50, maxDelay: 500 }, ...limits },
        observer,
        logger,
      }),
    )
    this.#runs.push(run)
    return run
  }

  /** Starts it, waits until it streams and the target is the same, and stops it. */
  async runOnce(setup: RunSetup = {}): Promise<void> {
    const run = this.start(setup)
    await run.streaming()
    await this.same()
    await run.stop()
  }

  /** One transaction: `rows` new lines of the ledger, each `pad` bytes long, and items made, changed and removed. */
  async write(rows = 20, pad = 0): Promise<void> {
    const [from, to] = [this.#written + 1, this.#written + rows]
    this.#written = to
    await this.at(`BEGIN; INSERT INTO ledger SELECT i, repeat('x', ${pad}) FROM generate_series(${from}, ${to}) i;
      INSERT INTO items SELECT i % 200, 'round ${to}', i FROM generate_series(${from}, ${Math.min(to, from + 100)}) i
        ON CONFLICT (id) DO UPDATE SET note = excluded.note, many = excluded.many;
      DELETE FROM items WHERE id % 17 = ${to % 17}; COMMIT`)
  }

  /** Waits until both tables are the same at the target. */
  async same(): Promise<void> {
    await waitFor(
      async () => {
        expect(await this.there(fingerprint)).toEqual(await this.at(fingerprint))
        return true
      },
      { timeout: 120_000, describe: 'the target to be the same', interval: 50 },
    )
  }

  /** What the target holds, to be compared with a later time. */
  targetNow(): Promise<unknown[]> {
    return this.there(fingerprint)
  }

  /** Starts the pipeline, and expects that it ends with this code, has written nothing and has moved no slot. */
  async refuses(code: string, setup: RunSetup = {}): Promise<RunningPipeline> {
    const before = await Promise.all([this.targetNow(), this.confirmed()])
    const run = this.start(setup)
    const failure = await run.failure()
    expect(failure.code, `${failure.message} ${failure.hint}`).toBe(code)
    expect(failure.hint ?? '').not.toBe('')
    expect(await Promise.all([this.targetNow(), this.confirmed()])).toEqual(before)
    return run
  }

  /** Where the slot stands; undefined where there is none. */
  async confirmed(): Promise<string | undefined> {
    const [row] = await this.at(
      `SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = '${this.slot}'`,
    )
    return row?.lsn
  }

  /** Process ids of the pipeline's sessions at the source: `walsender` or `client backend`. */
  async pids(kind: 'walsender' | 'client backend'): Promise<number[]> {
    const rows = await this.at(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'cdc ${this.name}' AND backend_type = '${kind}'`,
    )
    return rows.map(({ pid }) => pid)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#runs.map((run) => run.stop().catch(() => undefined)))
    // a server of a test's own may be gone by now
    await this.#dropSlots().catch(() => undefined)
    rmSync(this.state, { recursive: true, force: true })
  }

  async #dropSlots(): Promise<void> {
    const ours = `FROM pg_replication_slots WHERE database = '${this.database}'`
    await waitFor(
      async () => {
        await this.source.query(`SELECT pg_terminate_backend(active_pid) ${ours} AND active`)
        await this.source.query(`SELECT pg_drop_replication_slot(slot_name) ${ours} AND NOT active`)
        return (await this.source.query(`SELECT 1 ${ours}`)).length === 0
      },
      { timeout: 5_000 },
    )
  }
}

const hash = (table: string) =>
  `(SELECT count(*)::int || ' ' || coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM public.${table} t) AS ${table}`
const fingerprint = `SELECT ${hash('ledger')}, ${hash('items')}`
