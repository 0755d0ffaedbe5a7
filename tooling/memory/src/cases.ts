import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { PostgresServer } from '@cdc/servers'
import { MB, memoryBound } from './bound.ts'
import { MeasuredCdc } from './measured-cdc.ts'
import { type PipelineSetup, pipelineFile, type SinkKind } from './pipeline-file.ts'

/** Bytes. */
export interface Outcome {
  readonly peak: number
  readonly bound: number
}

/** How long anything may take: hours of work at full size are nobody's fault. Milliseconds. */
const patience = 60 * 60_000

/** About 190 bytes a row. */
const items = `CREATE TABLE items (id bigint PRIMARY KEY, name text, email text, status text, amount numeric(12,2),
  quantity int, changed timestamptz, note text)`
const rows = (from: number, to: number) => `INSERT INTO items
  SELECT i, 'name ' || i, 'user' || i || '@example.com', 'paid', i % 1000 + 0.25, i % 1000, now(), repeat(md5(i::text), 3)
  FROM generate_series(${from}::bigint, ${to}) AS i`

/** What a test works with: databases of its own on one server, and the processes that it starts. */
class Bench implements AsyncDisposable {
  readonly server: PostgresServer
  readonly #files: string[] = []
  readonly #databases: string[] = []

  constructor(server: PostgresServer) {
    this.server = server
  }

  async database(...statements: readonly string[]): Promise<string> {
    const name = await this.server.createDatabase('memory')
    this.#databases.push(name)
    for (const sql of statements) await this.server.query(sql, name)
    return name
  }

  async run(setup: Omit<PipelineSetup, 'server' | 'target'>, options?: { reportsHeap: boolean }): Promise<MeasuredCdc> {
    const target = setup.sink === 'jdbc' ? await this.database() : undefined
    const file = pipelineFile({ ...setup, server: this.server, target })
    this.#files.push(file)
    return new MeasuredCdc(file, options)
  }

  get target(): string {
    return this.#databases.at(-1)!
  }

  /** Until the pipeline streams. */
  async streaming(cdc: MeasuredCdc, database: string): Promise<void> {
    await cdc.until(async () => (await this.walsender(database)) !== undefined, 'a stream', patience)
  }

  /** The process that streams from the slot; the one that makes the slot is none. */
  async walsender(database: string): Promise<number | undefined> {
    const [sender] = await this.server.query<{ pid: number }>(
      `SELECT pid FROM pg_replication_slots JOIN pg_stat_replication ON pid = active_pid
       WHERE slot_name = '${database}' AND state IN ('streaming', 'catchup')`,
    )
    return sender?.pid
  }

  /** Until everything that is in the log now is durable in the sink, the checkpoint saved, and the slot told. */
  async caughtUp(cdc: MeasuredCdc, database: string): Promise<void> {
    const [{ lsn }] = (await this.server.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn')) as [
      { lsn: string },
    ]
    // a change of its own, so that there is something to acknowledge past that place
    await this.server.query("SELECT pg_logical_emit_message(true, 'memory', '')", database)
    const sql = `SELECT 1 FROM pg_replication_slots WHERE slot_name = '${database}' AND confirmed_flush_lsn >= '${lsn}'`
    await cdc.until(async () => (await this.server.query(sql)).length > 0, 'an acknowledgement', patience)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files) rmSync(dirname(file), { recursive: true, force: true })
    for (const name of this.#databases) {
      await this.server.query(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${name}' AND NOT active`,
      )
      await this.server.query(`DROP DATABASE "${name}" WITH (FORCE)`)
    }
  }
}

/** A snapshot of many rows. */
export async function snapshot(server: PostgresServer, sink: SinkKind, count: number): Promise<Outcome> {
  await using bench = new Bench(server)
  const database = await bench.database(items, rows(1, count))
  await using cdc = await bench.run({ database, sink, mode: 'snapshot' })
  await cdc.finished()
  return { peak: cdc.peak, bound: memoryBound(1024) }
}

/** One transaction of many rows, which is handed on in open batches. */
export async function transaction(server: PostgresServer, sink: SinkKind, count: number): Promise<Outcome> {
  await using bench = new Bench(server)
  const database = await bench.database(items)
  await using cdc = await bench.run({ database, sink, mode: 'initial' })
  await bench.streaming(cdc, database)
  await server.query(rows(1, count), database)
  await bench.caughtUp(cdc, database)
  await cdc.stop()
  return { peak: cdc.peak, bound: memoryBound(1024) }
}

/** A cell, by what it is made of: its SQL for so many megabytes, and how many bytes one of its bytes is on the wire. */
export const cells = {
  bytea: { type: 'bytea', sql: (size: number) => `convert_to(repeat('a', ${size}), 'UTF8')`, wire: 2 },
  text: { type: 'text', sql: (size: number) => `repeat('a', ${size})`, wire: 1 },
  'text beyond Latin-1': { type: 'text', sql: (size: number) => `repeat('€', ${Math.floor(size / 3)})`, wire: 1 },
  'text to be escaped': {
    type: 'text',
    sql: (size: number) => `repeat(E'"\\\\\\n', ${Math.floor(size / 3)})`,
    // COPY writes two of the three with a backslash before
    wire: 5 / 3,
  },
} as const

/** Rows with one large cell: the first from the snapshot, then others from the stream, and an update of a small one. */
export async function largeCell(
  server: PostgresServer,
  sink: SinkKind,
  kind: keyof typeof cells,
  size: number,
): Promise<Outcome> {
  await using bench = new Bench(server)
  const { type, sql, wire } = cells[kind]
  const insert = (id: number) => `INSERT INTO large VALUES (${id}, ${sql(size)})`
  const database = await bench.database(`CREATE TABLE large (id int PRIMARY KEY, cell ${type})`, insert(1))
  await using cdc = await bench.run({ database, sink, mode: 'initial' })
  await bench.streaming(cdc, database)
  for (const id of [2, 3, 4]) await server.query(insert(id), database)
  await bench.caughtUp(cdc, database)
  await cdc.stop()
  return { peak: cdc.peak, bound: memoryBound(size * wire) }
}

/** The target takes nothing for a while (somebody has locked the table), and the source goes on at full rate. */
export async function stoppedSink(server: PostgresServer, seconds: number): Promise<Outcome> {
  await using bench = new Bench(server)
  const database = await bench.database(items, rows(1, 1))
  await using cdc = await bench.run({ database, sink: 'jdbc', mode: 'initial' })
  const { target } = bench
  await bench.streaming(cdc, database)
  await bench.caughtUp(cdc, database)
  const locker = await server.client(target)
  try {
    await locker.query('BEGIN')
    await locker.query('LOCK TABLE items IN EXCLUSIVE MODE')
    const end = performance.now() + seconds * 1000
    for (let from = 2; performance.now() < end; from += 20_000) await server.query(rows(from, from + 19_999), database)
    await locker.query('COMMIT')
  } finally {
    await locker.end()
  }
  await bench.caughtUp(cdc, database)
  await cdc.stop()
  return { peak: cdc.peak, bound: memoryBound(1024) }
}

/** Many tables, each with a few rows and a change of each. */
export async function manyTables(server: PostgresServer, sink: SinkKind, count: number): Promise<Outcome> {
  await using bench = new Bench(server)
  const each = (statement: string) => `DO $do$ BEGIN FOR i IN 1..${count} LOOP
    EXECUTE format('${statement}', i); IF i % 50 = 0 THEN COMMIT; END IF; END LOOP; END $do$`
  const database = await bench.database(
    each('CREATE TABLE t%1$s (id int PRIMARY KEY, a text, b numeric(10,2), c timestamptz DEFAULT now())'),
    each("INSERT INTO t%1$s SELECT i, ''row '' || i, i FROM generate_series(1, 10) AS i"),
  )
  await using cdc = await bench.run({ database, sink, mode: 'initial' })
  await bench.streaming(cdc, database)
  await server.query(each('UPDATE t%1$s SET b = b + 1'), database)
  await bench.caughtUp(cdc, database)
  await cdc.stop()
  return { peak: cdc.peak, bound: memoryBound(1024) }
}

/** As many columns as a table can have, and some rows. */
export async function manyColumns(
  server: PostgresServer,
  sink: SinkKind,
  columns: number,
  count: number,
): Promise<Outcome> {
  await using bench = new Bench(server)
  const names = Array.from({ length: columns - 1 }, (_, i) => `c${i}`)
  const insert = (from: number, to: number) =>
    `INSERT INTO wide SELECT ${['i', ...names.map(() => 'i')].join()} FROM generate_series(${from}, ${to}) AS i`
  const database = await bench.database(
    `CREATE TABLE wide (id int PRIMARY KEY, ${names.map((name) => `${name} int`).join()})`,
    insert(1, count),
  )
  await using cdc = await bench.run({ database, sink, mode: 'initial' })
  await bench.streaming(cdc, database)
  await server.query(insert(count + 1, 2 * count), database)
  await bench.caughtUp(cdc, database)
  await cdc.stop()
  return { peak: cdc.peak, bound: memoryBound(columns * 12) }
}

export interface Leak {
  /** Bytes in use after so many reconnects, and after as many more. */
  readonly first: number
  readonly second: number
}

/** What may differ between two looks at a heap that does not grow: compiled code, caches of the engine. */
export const tolerance = 4 * MB

/** The source's connection is cut again and again; each time the pipeline begins a new life. */
export async function reconnects(server: PostgresServer, count: number): Promise<Leak & Outcome> {
  await using bench = new Bench(server)
  const database = await bench.database(items)
  const limits = ['retry-initial-delay: 1ms', 'retry-max-delay: 1ms']
  await using cdc = await bench.run({ database, sink: 'jdbc', mode: 'initial', limits }, { reportsHeap: true })
  await bench.streaming(cdc, database)
  let id = 0
  const cut = async () => {
    const pid = await bench.walsender(database)
    await server.query(`SELECT pg_terminate_backend(${pid})`)
    await server.query(rows(++id, id), database)
    const other = async () => ![undefined, pid].includes(await bench.walsender(database))
    await cdc.until(other, 'a new stream', 120_000)
  }
  const settle = async () => {
    await bench.caughtUp(cdc, database)
    return cdc.heap()
  }
  for (let i = 0; i < count / 2; i++) await cut()
  const first = await settle()
  for (let i = 0; i < count / 2; i++) await cut()
  const second = await settle()
  await cdc.stop()
  return { first, second, peak: cdc.peak, bound: memoryBound(1024) }
}
