import {
  type PostgresVersion,
  postgresVersions,
  sharedPostgres,
  startPostgres,
  startProxy,
  waitFor,
} from '@cdc/servers'
import { describe, expect, test } from 'vitest'
import { Session } from '../src/index.ts'
import { reach, refusal } from './server.ts'

describe.each(postgresVersions)('PostgreSQL %i', (version) => {
  test('pins settings on ordinary and replication connections, whatever the role has', async () => {
    const server = await sharedPostgres(version)
    const database = await server.createDatabase('pin')
    const role = `pin_${version}`
    await server.query(`DROP ROLE IF EXISTS ${role}`)
    await server.query(`CREATE ROLE ${role} LOGIN REPLICATION PASSWORD 'x'`)
    const odd = {
      datestyle: "'SQL, DMY'",
      intervalstyle: "'sql_standard'",
      timezone: "'Asia/Kathmandu'",
      bytea_output: "'escape'",
      extra_float_digits: '-5',
      search_path: 'public',
      row_security: 'on',
      statement_timeout: '1000',
      lock_timeout: '1000',
      idle_in_transaction_session_timeout: '1000',
      client_encoding: "'LATIN1'",
    }
    for (const [name, value] of Object.entries(odd)) await server.query(`ALTER ROLE ${role} SET ${name} = ${value}`)
    const options = reach(server, { user: role, password: 'x', database })
    for (const replication of [false, true]) {
      const session = await Session.open({ ...options, replication })
      const shown = async (name: string) => Object.values((await session.query(`SHOW ${name}`))[0]!)[0]
      const settings = Object.keys(odd)
      const values = Object.fromEntries(await Promise.all(settings.map(async (name) => [name, await shown(name)])))
      expect(values).toEqual({
        datestyle: 'ISO, YMD',
        intervalstyle: 'postgres',
        timezone: 'UTC',
        bytea_output: 'hex',
        extra_float_digits: '3',
        search_path: '',
        row_security: 'off',
        statement_timeout: '0',
        lock_timeout: '0',
        idle_in_transaction_session_timeout: '0',
        client_encoding: 'UTF8',
      })
      expect(Math.floor(session.serverVersion / 10_000)).toBe(version)
      expect(session.pooled).toBe(false)
      await session.close()
      expect(await session.closed).toBeUndefined()
    }
    await server.query(`DROP ROLE ${role}`)
  })

  test('passwords may be made of anything', async () => {
    const server = await sharedPostgres(version)
    const passwords = ['p@ss w:/?#%+é Ⅸ', 'it\'s "quoted" \\ $1', 'x'.repeat(500)]
    const role = `odd_password_${version}`
    await server.query(`DROP ROLE IF EXISTS ${role}`)
    await server.query(`CREATE ROLE ${role} LOGIN`)
    for (const password of passwords) {
      await server.query(`ALTER ROLE ${role} PASSWORD '${password.replaceAll("'", "''")}'`)
      const given = [password, () => password, async () => password]
      for (const one of given) await (await Session.open(reach(server, { user: role, password: one }))).close()
    }
    await server.query(`DROP ROLE ${role}`)
  })

  test('values come as text, and COPY as the rows of the table however large', async () => {
    const session = await open(version)
    const [row] = await session.query('SELECT 1::int8 AS a, true AS b, NULL AS c, $1::text AS d', ["it's"])
    expect(row).toEqual({ a: '1', b: 't', c: null, d: "it's" })
    const chunks: Buffer[] = []
    const wide = 'COPY (SELECT i, repeat(chr(228), 20000) FROM generate_series(1, 200) i) TO STDOUT'
    expect(await session.copyOut(wide, (chunk) => void chunks.push(Buffer.from(chunk)))).toBe(200)
    const text = Buffer.concat(chunks).toString()
    expect(text).toBe(Array.from({ length: 200 }, (_, i) => `${i + 1}\t${'ä'.repeat(20_000)}\n`).join(''))
    expect(chunks.every((chunk) => chunk.at(-1) === 10)).toBe(true)
    expect(await session.copyOut('COPY (SELECT 1 WHERE false) TO STDOUT', () => {})).toBe(0)
    expect(await session.query('SELECT 2 AS x')).toEqual([{ x: '2' }])
    await session.close()
  })
})

async function open(version: PostgresVersion = 15): Promise<Session> {
  return Session.open(reach(await sharedPostgres(version)))
}

test('COPY waits for whoever takes it', async () => {
  const session = await open()
  let running = 0
  let most = 0
  const rows = await session.copyOut('COPY (SELECT * FROM generate_series(1, 300000)) TO STDOUT', async () => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
  })
  expect([rows, most]).toEqual([300_000, 1])
  await session.close()
})

test('what the callee of COPY throws is passed on, and the connection is gone', async () => {
  const session = await open()
  const own = new TypeError('mine')
  expect(
    await refusal(
      session.copyOut('COPY (SELECT 1) TO STDOUT', () => {
        throw own
      }),
    ),
  ).toBe(own)
  await session.closed
})

test('a failed COPY leaves the session usable, and counts for nothing', async () => {
  const session = await open()
  const failing = 'COPY (SELECT 1 / (i - 100000) FROM generate_series(1, 200000) i) TO STDOUT'
  expect(await refusal(session.copyOut(failing, () => {}))).toMatchObject({ code: 'DATA_REFUSED' })
  expect(await refusal(session.copyOut('SELECT 1', () => {}))).toMatchObject({ code: 'PROTOCOL_BROKEN' })
  expect(await session.query('SELECT 1 AS x')).toEqual([{ x: '1' }])
  await session.close()
})

test('several COPYs in one go are told apart, also where they have no rows, and the first that fails ends them', async () => {
  const session = await open()
  const told: (string | number)[] = []
  const target = {
    chunk: async (text: Buffer) => {
      told.push(text.toString())
      await new Promise((resolve) => setImmediate(resolve))
    },
    done: (rows: number) => void told.push(rows),
  }
  const copy = (rows: string) => `COPY (${rows}) TO STDOUT`
  const none = copy('SELECT 1 WHERE false')
  await session.copiesOut([none, none, copy("SELECT 'a'"), copy("VALUES ('b'), ('c')"), none], target)
  expect(told).toEqual([0, 0, 'a\n', 1, 'b\nc\n', 2, 0])
  told.length = 0
  const failing = session.copiesOut(
    [copy("SELECT 'd'"), copy('SELECT 1 / (1 - i) FROM (VALUES (1)) AS v (i)'), none],
    target,
  )
  expect(await refusal(failing)).toMatchObject({ code: 'DATA_REFUSED' })
  expect(told).toEqual(['d\n', 1])
  expect(await refusal(session.copiesOut([none, 'SELECT 1'], target))).toMatchObject({ code: 'PROTOCOL_BROKEN' })
  expect(await session.query('SELECT 1 AS x')).toEqual([{ x: '1' }])
  await session.close()
})

test('calls of one session wait for each other', async () => {
  const session = await open()
  const results = await Promise.all([
    session.query('SELECT pg_sleep(0.1), 1 AS x'),
    session.copyOut('COPY (SELECT 1) TO STDOUT', () => {}),
    session.query('SELECT 2 AS x'),
  ])
  expect([results[0][0]!.x, results[1], results[2][0]!.x]).toEqual(['1', 1, '2'])
  await session.close()
})

test('a connection that breaks in COPY is an error, at whatever byte', async () => {
  const server = await sharedPostgres()
  await using proxy = await startProxy(server)
  for (const bytes of [800, 5000, 200_000]) {
    const session = await Session.open(reach(server, { host: proxy.host, port: proxy.port, ssl: { mode: 'disable' } }))
    proxy.cutAfter(bytes)
    const error = await refusal(session.copyOut('COPY (SELECT * FROM generate_series(1, 200000)) TO STDOUT', () => {}))
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', kind: 'connection' })
    expect(await session.closed).toMatchObject({ code: 'CONNECTION_LOST' })
    proxy.resume()
  }
})

test('a silent server is given up: when connecting, in a query, in COPY', async () => {
  const server = await sharedPostgres()
  await using proxy = await startProxy(server)
  const options = reach(server, { host: proxy.host, port: proxy.port, connectTimeout: 300 })
  const session = await Session.open(options)
  const copying = await Session.open(options)
  proxy.stall()
  expect(await refusal(Session.open(options))).toMatchObject({ code: 'CONNECT_TIMEOUT' })
  expect(await refusal(session.query('SELECT 1', [], { timeout: 200 }))).toMatchObject({ code: 'QUERY_TIMEOUT' })
  expect(await refusal(copying.copyOut('COPY (SELECT 1) TO STDOUT', () => {}, { silence: 200 }))).toMatchObject({
    code: 'QUERY_TIMEOUT',
  })
  expect(await copying.closed).toMatchObject({ code: 'QUERY_TIMEOUT' })
})

test('an abort cuts whatever runs', async () => {
  const session = await open()
  const stop = new AbortController()
  const sleeping = session.query('SELECT pg_sleep(60)', [], { signal: stop.signal })
  setTimeout(() => stop.abort(), 50)
  expect(await refusal(sleeping)).toMatchObject({ code: 'ABORTED' })
  expect(await session.closed).toMatchObject({ code: 'ABORTED' })
})

test('the end of a session says why', async () => {
  const server = await sharedPostgres()
  const session = await open()
  await server.query(`SELECT pg_terminate_backend(${session.pid})`)
  expect(await session.closed).toMatchObject({ code: 'SERVER_SHUTDOWN' })
  expect(await refusal(session.query('SELECT 1'))).toMatchObject({ code: 'SERVER_SHUTDOWN' })
})

test('a shutdown of the server is known at once', async () => {
  await using server = await startPostgres()
  const session = await Session.open(reach(server))
  await server.halt('fast')
  expect(await session.closed).toMatchObject({ code: 'SERVER_SHUTDOWN' })
})

test('what is wrong at the start is told by code', async () => {
  const server = await sharedPostgres()
  const options = reach(server)
  const cases = {
    CONNECTION_REFUSED: { port: 1 },
    HOST_NOT_FOUND: { host: 'no.such.host.invalid', ssl: { mode: 'disable' } },
    SOCKET_UNUSABLE: { host: '/no/such/folder' },
    PASSWORD_WRONG: { password: 'wrong' },
    PASSWORD_MISSING: { password: undefined },
    DATABASE_NOT_FOUND: { database: 'no such database' },
  } as const
  for (const [code, wrong] of Object.entries(cases)) {
    expect(await refusal(Session.open({ ...options, ...wrong }))).toMatchObject({ code })
  }
})

test('a full server says what to raise', async () => {
  const server = await sharedPostgres()
  await server.query('DROP ROLE IF EXISTS one_only')
  await server.query("CREATE ROLE one_only LOGIN PASSWORD 'x' CONNECTION LIMIT 1")
  const options = reach(server, { user: 'one_only', password: 'x' })
  const first = await Session.open(options)
  expect(await refusal(Session.open(options))).toMatchObject({ code: 'TOO_MANY_CONNECTIONS', kind: 'throttled' })
  await first.close()
  await waitFor(
    async () => (await server.query("SELECT FROM pg_stat_activity WHERE usename = 'one_only'")).length === 0,
  )
  await server.query('DROP ROLE one_only')
})
