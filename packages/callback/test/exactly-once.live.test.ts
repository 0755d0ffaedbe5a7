import { isRowChange } from '@cdc/core'
import { memoryState, pipeline } from '@cdc/runtime'
import { type PostgresConnection, sharedPostgres } from '@cdc/servers'
import { MemoryDatabase, memorySource, tableOf } from '@cdc/testkit'
import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { callback, positionConflict } from '../src/index.ts'

const items = tableOf('items', { id: { kind: 'int32' }, name: { kind: 'string' } }, ['id'])
let server: PostgresConnection
let name: string

beforeAll(async () => {
  server = await sharedPostgres(15)
})

/** Appends to a table without a key, so that a repeat would show; fails as `faults` says at the nth flush. */
class Program {
  readonly #faults: Record<number, 'before commit' | 'after commit'>
  #client: pg.Client | undefined
  #open = false
  flushes = 0

  constructor(faults: Record<number, 'before commit' | 'after commit'> = {}) {
    this.#faults = faults
  }

  sink() {
    return callback({
      retriable: (error) => (error as { code?: string }).code === 'ECONNRESET',
      onOpen: async () => {
        this.#client = new pg.Client({ connectionString: server.url(name) })
        await this.#client.connect()
      },
      position: async () => (await this.#query('SELECT position FROM place')).rows[0]?.position,
      onBatch: async ({ changes }) => {
        if (!this.#open) await this.#query('BEGIN')
        this.#open = true
        for (const change of changes)
          if (isRowChange(change) && change.kind !== 'delete')
            await this.#query('INSERT INTO log VALUES ($1, $2)', [...change.after])
      },
      onFlush: async (position, _signal, previous) => {
        const fault = this.#faults[++this.flushes]
        const done = await this.#query('UPDATE place SET position = $1 WHERE position IS NOT DISTINCT FROM $2', [
          position,
          previous ?? null,
        ])
        if (done.rowCount !== 1) throw positionConflict()
        if (fault === 'before commit') throw lost()
        await this.#query('COMMIT')
        this.#open = false
        if (fault === 'after commit') throw lost()
      },
      onClose: async () => {
        this.#open = false
        await this.#client?.end()
      },
    })
  }

  #query(sql: string, values: unknown[] = []): Promise<pg.QueryResult> {
    return this.#client!.query(sql, values)
  }
}

const lost = () => Object.assign(new Error('connection lost'), { code: 'ECONNRESET' })
const log = async () => (await server.query('SELECT id FROM log ORDER BY id', name)).map(({ id }) => id as number)

async function prepare(): Promise<MemoryDatabase> {
  name = await server.createDatabase('callback')
  await server.query('CREATE TABLE log (id int, name text); CREATE TABLE place (position text)', name)
  await server.query('INSERT INTO place VALUES (NULL)', name)
  const database = new MemoryDatabase()
  database.create(items, [
    [1, 'a'],
    [2, 'b'],
  ])
  return database
}

const run = (database: MemoryDatabase, program: Program, state = memoryState()) =>
  pipeline({
    name: 'callback',
    source: memorySource({ database, bounded: true, join: 1 }),
    sinks: [program.sink()],
    state,
    limits: { retry: { initialDelay: 1, maxDelay: 5 } },
  }).run()

test('no row is lost or repeated when flushes fail before and after their COMMIT', async () => {
  const database = await prepare()
  const program = new Program({ 1: 'before commit', 2: 'after commit', 3: 'after commit' })
  await run(database, program)
  for (let id = 3; id <= 6; id++) database.commit({ kind: 'insert', table: items, after: [id, 'c'] })
  const state = memoryState()
  // the state is lost, and the program's own position is enough
  await run(database, program, state)
  expect(program.flushes).toBeGreaterThanOrEqual(3)
  expect(await log()).toEqual([1, 2, 3, 4, 5, 6])
})

test('a second writer is found out by the position', async () => {
  const database = await prepare()
  const program = new Program()
  const state = memoryState()
  await run(database, program, state)
  database.commit({ kind: 'insert', table: items, after: [3, 'c'] })
  const sink = program.sink()
  const other = { ...sink, create: (context: never) => meddling(sink.create(context)) }
  const failing = pipeline({
    name: 'callback',
    source: memorySource({ database, bounded: true }),
    sinks: [other],
    state,
  }).run()
  await expect(failing).rejects.toMatchObject({ code: 'CALLBACK_CONFLICT', kind: 'conflict' })
  expect(await log()).toEqual([1, 2])
})

/** Moves the stored position, as another process would, between `position` and the first write. */
function meddling(sink: ReturnType<ReturnType<typeof callback>['create']>) {
  const write = sink.write.bind(sink)
  sink.write = async (batch, signal) => {
    await server.query("UPDATE place SET position = 'elsewhere'", name)
    await write(batch, signal)
  }
  return sink
}
