import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { armFailpoints, CdcError, type StateStore } from '@cdc/core'
import {
  type FaultyProxy,
  type PostgresConnection,
  postgresVersions,
  sharedPostgres,
  startProxy,
  waitFor,
} from '@cdc/servers'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type PostgresStateOptions, postgresState } from '../src/index.ts'

describe.for(postgresVersions)('on PostgreSQL %i', (version) => {
  let server: PostgresConnection
  let database: string
  let opened: StateStore[]
  let proxy: FaultyProxy | undefined

  beforeAll(async () => {
    server = await sharedPostgres(version)
    database = await server.createDatabase('state')
  })
  beforeEach(() => {
    opened = []
  })
  afterEach(async () => {
    armFailpoints(undefined)
    for (const store of opened) await store.close()
    await proxy?.close()
    proxy = undefined
    await server.query('DROP TABLE IF EXISTS cdc_state', database)
  })

  function storeAt(options: Partial<PostgresStateOptions> = {}, pipeline = 'shop'): StateStore {
    const store = postgresState({ url: server.url(database), ...options } as PostgresStateOptions)(pipeline)
    opened.push(store)
    return store
  }

  async function openStore(options: Partial<PostgresStateOptions> = {}, pipeline = 'shop'): Promise<StateStore> {
    const store = storeAt(options, pipeline)
    await store.open()
    return store
  }

  /** A store whose connection goes through a proxy. */
  async function openProxied(): Promise<{ store: StateStore; proxy: FaultyProxy }> {
    proxy = await startProxy({ host: server.host, port: server.port })
    const url = new URL(server.url(database))
    url.port = String(proxy.port)
    return { store: await openStore({ url: url.href }), proxy }
  }

  async function reopened(store: StateStore): Promise<StateStore> {
    await store.close()
    return await openStore()
  }

  async function errorOf(promise: Promise<unknown>): Promise<CdcError> {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (CdcError.is(error)) return error
    throw new Error('A CdcError was expected', { cause: error })
  }

  const rows = () => server.query('SELECT entry, generation::int, content FROM cdc_state ORDER BY entry', database)
  const sessions = () =>
    server.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = '${database}' AND application_name LIKE 'cdc-state %'`,
    )

  test('makes its table, keeps what is saved, and gives it back', async () => {
    const store = await openStore()
    expect(await store.load('checkpoint')).toBeUndefined()
    await store.save('checkpoint', 'one')
    await store.save('checkpoint', "two é 😀 \\ '")
    await store.save('tables', 'shapes')
    const again = await reopened(store)
    expect(await again.load('checkpoint')).toBe("two é 😀 \\ '")
    expect(await again.load('tables')).toBe('shapes')
    expect(await rows()).toMatchObject([
      { entry: 'checkpoint', generation: 2 },
      { entry: 'tables', generation: 1 },
    ])
    await again.clear()
    expect(await again.load('checkpoint')).toBeUndefined()
    await again.save('checkpoint', 'anew')
    expect(await rows()).toMatchObject([{ generation: 1, content: 'anew' }])
  })

  test('takes a table of any name in any schema', async () => {
    await server.query('CREATE SCHEMA "my.Schema"', database)
    const store = await openStore({ table: '"my.Schema"."a ""table"' })
    await store.save('checkpoint', 'one')
    const [row] = await server.query('SELECT content FROM "my.Schema"."a ""table"', database)
    expect(row).toEqual({ content: 'one' })
  })

  test('pipelines do not touch each other', async () => {
    const [a, b] = await Promise.all([openStore({}, 'a'), openStore({}, 'b')])
    await Promise.all([a.save('checkpoint', 'of a'), b.save('checkpoint', 'of b')])
    expect(await a.load('checkpoint')).toBe('of a')
    await a.clear()
    expect(await b.load('checkpoint')).toBe('of b')
  })

  test('a second open is refused with the holder, its host and its session', async () => {
    const store = await openStore()
    const error = await errorOf(storeAt().open())
    expect(error).toMatchObject({ code: 'STATE_LOCKED', kind: 'conflict' })
    expect(error.message).toMatch(
      new RegExp(`process ${process.pid} on host '.+' \\(server session \\d+ from 127.0.0.1\\)`),
    )
    expect(error.message).toContain('since 2')
    expect(error.hint).toMatch(/pg_terminate_backend\(\d+\)/)
    await reopened(store)
  })

  test('a killed process leaves no lease behind', async () => {
    const code = `import { postgresState } from '@cdc/state-postgres'
      const store = postgresState(process.env.URL)('shop')
      await store.open(); await store.save('checkpoint', 'its'); console.log('ready'); setInterval(() => {}, 1000)`
    const args = ['--conditions=cdc-source', '--no-warnings', '--input-type=module', '-e', code]
    const child = spawn(process.execPath, args, {
      cwd: new URL('.', import.meta.url),
      env: { ...process.env, URL: server.url(database) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    expect(await errorOf(storeAt().open())).toMatchObject({ code: 'STATE_LOCKED' })
    child.kill('SIGKILL')
    expect(await (await openStore()).load('checkpoint')).toBe('its')
  })

  test('state that somebody else has saved is a conflict, and is not written over', async () => {
    const store = await openStore()
    await store.save('checkpoint', 'one')
    await server.query("UPDATE cdc_state SET generation = 7, content = 'theirs'", database)
    expect(await errorOf(store.save('checkpoint', 'mine'))).toMatchObject({ code: 'STATE_CONFLICT', kind: 'conflict' })
    expect(await rows()).toMatchObject([{ generation: 7, content: 'theirs' }])
  })

  test('a row that was changed by hand or is newer is not trusted', async () => {
    const store = await openStore()
    await store.save('checkpoint', 'one')
    await server.query("UPDATE cdc_state SET content = 'two'", database)
    expect(await errorOf(store.load('checkpoint'))).toMatchObject({ code: 'STATE_CORRUPT', kind: 'history-lost' })
    await server.query('UPDATE cdc_state SET version = 2', database)
    const newer = await errorOf(store.load('checkpoint'))
    expect(newer.code).toBe('STATE_NEWER')
    expect(newer.message).toMatch(/version 2, .* version 1 /)
  })

  test('goes on over a lost connection, idle or in the middle of a save', async () => {
    const { store, proxy } = await openProxied()
    await store.save('checkpoint', 'one')
    proxy.reset()
    await store.save('checkpoint', 'two')
    armFailpoints(() => {
      armFailpoints(undefined)
      proxy.reset()
    })
    await store.save('checkpoint', 'three')
    expect(await rows()).toMatchObject([{ generation: 3, content: 'three' }])
  })

  test('a save whose answer was lost is read back and not repeated', async () => {
    const { store, proxy } = await openProxied()
    await store.save('checkpoint', 'one')
    armFailpoints(() => {
      armFailpoints(undefined)
      proxy.stall('down')
    })
    const save = store.save('checkpoint', 'two')
    await waitFor(async () => (await rows())[0].generation === 2, { describe: 'the save to be committed' })
    proxy.resume()
    proxy.reset()
    await save
    await store.save('checkpoint', 'three')
    expect(await rows()).toMatchObject([{ generation: 3, content: 'three' }])
  })

  test('a lost session that the server still has at work is ended before the save is tried again', async () => {
    const { store, proxy } = await openProxied()
    await store.save('checkpoint', 'one')
    const blocker = await server.client(database)
    await blocker.query("BEGIN; SELECT 1 FROM cdc_state WHERE entry = 'checkpoint' FOR UPDATE")
    const waiting = async (but?: number) =>
      (
        await server.query(
          `SELECT pid FROM pg_stat_activity WHERE datname = '${database}' AND application_name LIKE 'cdc-state %' AND wait_event_type = 'Lock'`,
        )
      ).find(({ pid }) => pid !== but)?.pid as number | undefined
    const save = store.save('checkpoint', 'two')
    try {
      const lost = await waitFor(() => waiting(), { describe: 'the save to wait' })
      // the server does not see that the client is gone while it waits for a lock
      proxy.reset()
      await waitFor(() => waiting(lost), { describe: 'the save to wait in another session' })
      expect(await server.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', 'postgres', [lost])).toEqual([])
    } finally {
      await blocker.query('COMMIT')
      await blocker.end()
    }
    await save
    expect(await rows()).toMatchObject([{ generation: 2, content: 'two' }])
  })

  test('while the server is away saves fail as connection errors, and later ones work', async () => {
    const { store, proxy } = await openProxied()
    await store.save('checkpoint', 'one')
    proxy.refuse()
    proxy.reset()
    expect(await errorOf(store.save('checkpoint', 'two'))).toMatchObject({ kind: 'connection' })
    proxy.resume()
    await store.save('checkpoint', 'three')
    expect(await rows()).toMatchObject([{ generation: 2, content: 'three' }])
  })

  test('a lease that was taken while the connection was lost stops the next save', async () => {
    const { store, proxy } = await openProxied()
    await store.save('checkpoint', 'one')
    proxy.refuse()
    proxy.reset()
    const second = await openStore()
    proxy.resume()
    const error = await errorOf(store.save('checkpoint', 'stale'))
    expect(error).toMatchObject({ code: 'STATE_CONFLICT', message: expect.stringContaining(`process ${process.pid}`) })
    expect(await second.load('checkpoint')).toBe('one')
  })

  test('a role that may not create the table gets the statements to run', async () => {
    const role = `state_${database}`
    await server.query(`CREATE ROLE "${role}" LOGIN PASSWORD 'x'; REVOKE CREATE ON SCHEMA public FROM PUBLIC`, database)
    try {
      const url = new URL(server.url(database))
      url.username = role
      url.password = 'x'
      const error = await errorOf(storeAt({ url: url.href }).open())
      expect(error).toMatchObject({ code: 'STATE_TABLE_MISSING', kind: 'config' })
      // as an administrator would
      await server.query(error.hint!.replace('Let an administrator run: ', ''), database)
      const store = await openStore({ url: url.href })
      await store.save('checkpoint', 'one')
      expect(await store.load('checkpoint')).toBe('one')
      await store.close()
    } finally {
      await server.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`, database)
    }
  })

  test('another table of that name is refused, and a missing schema named', async () => {
    await server.query('CREATE TABLE cdc_state (id int)', database)
    const error = await errorOf(storeAt().open())
    expect(error).toMatchObject({ code: 'STATE_TABLE_FOREIGN', message: expect.stringContaining('pipeline, entry') })
    const missing = await errorOf(storeAt({ table: 'nowhere.cdc_state' }).open())
    expect(missing).toMatchObject({
      code: 'STATE_TABLE_MISSING',
      hint: expect.stringContaining('CREATE SCHEMA "nowhere"'),
    })
  })

  test('a failed open and a close leave no session behind', async () => {
    await server.query('CREATE TABLE cdc_state (id int)', database)
    await errorOf(storeAt().open())
    await waitFor(async () => (await sessions()).length === 0, { describe: 'the session to end' })
    await server.query('DROP TABLE cdc_state', database)
    await (await openStore()).close()
    await waitFor(async () => (await sessions()).length === 0, { describe: 'the session to end' })
  })

  test('a store that is not open refuses to work', async () => {
    const store = storeAt()
    for (const call of [store.load('x'), store.save('x', ''), store.clear()])
      expect(await errorOf(call)).toMatchObject({ code: 'STATE_NOT_OPEN' })
  })
})
