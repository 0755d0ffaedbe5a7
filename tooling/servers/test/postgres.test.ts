import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { isLook } from '../src/idle-sessions.ts'
import { makeCertificates, postgresVersions, sharedPostgres, startPostgres, waitFor } from '../src/index.ts'

describe.each(postgresVersions)('the shared PostgreSQL %i', (version) => {
  it('is of that version, decodes logically and is the same one when asked for again', async () => {
    const [one, two] = await Promise.all([sharedPostgres(version), sharedPostgres(version)])
    const [shown] = await one.query(
      'SELECT current_setting($1)::int / 10000 AS major, current_setting($2) AS wal',
      'postgres',
      ['server_version_num', 'wal_level'],
    )
    expect(shown).toEqual({ major: version, wal: 'logical' })
    expect(two.port).toBe(one.port)
  })

  it('gives each caller a database of its own', async () => {
    const server = await sharedPostgres(version)
    const names = await Promise.all([server.createDatabase(), server.createDatabase()])
    expect(names[0]).not.toBe(names[1])
    await server.query('CREATE TABLE t (a int); INSERT INTO t VALUES (1)', names[0])
    await expect(server.query('SELECT * FROM t', names[1])).rejects.toMatchObject({ code: '42P01' })
  })
})

describe('a server of its own', () => {
  it('keeps its data and port over a restart and leaves nothing when stopped', async () => {
    const server = await startPostgres({ settings: { wal_level: 'replica' } })
    const { port, pid, dataDir } = server
    await server.query('CREATE TABLE kept AS SELECT 1 AS a')
    await server.restart()
    expect(server.port).toBe(port)
    expect(server.pid).not.toBe(pid)
    expect(await server.query('SELECT a, current_setting($1) AS wal FROM kept', 'postgres', ['wal_level'])).toEqual([
      { a: 1, wal: 'replica' },
    ])
    await server.stop()
    expect(existsSync(dirname(dataDir))).toBe(false)
    await expect(server.client()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('asks for the password', async () => {
    await using server = await startPostgres()
    const client = new pg.Client({ host: server.host, port: server.port, user: server.user, password: 'no' })
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' })
  })

  it('serves TLS with certificates of the test root', async () => {
    await using certificates = await makeCertificates()
    const { ca, server: pair } = certificates
    const hba = 'hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-full\n'
    await using server = await startPostgres({ version: 15, tls: { ...pair, ca }, hba })
    const { client: own } = certificates
    const ssl = new pg.Client(
      `${server.url()}?sslmode=verify-full&sslrootcert=${ca}&sslcert=${own.cert}&sslkey=${own.key}`,
    )
    await ssl.connect()
    const { rows } = await ssl.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    await ssl.end()
    expect(rows).toEqual([{ ssl: true }])
    await expect(server.client()).rejects.toMatchObject({ code: '28000' })
  })

  it('says what its log says when a setting keeps it from starting', async () => {
    await expect(startPostgres({ settings: { work_mem: 'plenty' } })).rejects.toThrow(/did not start.*work_mem/s)
  })

  it('freezes and goes on', async () => {
    await using server = await startPostgres()
    const client = await server.client()
    server.signal('SIGSTOP')
    const answer = client.query('SELECT 1')
    const late = new Promise((resolve) => setTimeout(resolve, 150, 'silence'))
    expect(await Promise.race([answer, late])).toBe('silence')
    server.signal('SIGCONT')
    expect((await answer).rowCount).toBe(1)
    await client.end()
  })

  it('is gone when the process that started it is killed', async () => {
    const script = fileURLToPath(new URL('./starts-and-hangs.ts', import.meta.url))
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { pid, folder } = JSON.parse(line.toString()) as { pid: number; folder: string }
    child.kill('SIGKILL')
    await waitFor(() => !existsSync(folder) && !existsSync(`/proc/${pid}`), { describe: 'the server to be removed' })
  })
})

it('looks share a session for a moment, and what acts or tells of sessions has one of its own', async () => {
  const acts = [
    'INSERT INTO t VALUES (1)',
    "SELECT pg_drop_replication_slot('s')",
    'SELECT 1; DROP TABLE t',
    'SELECT 1 INTO t',
  ]
  expect(acts.filter(isLook)).toEqual([])
  expect(isLook('SELECT confirmed_flush_lsn FROM pg_replication_slots')).toBe(true)
  await using server = await startPostgres({ version: 15 })
  const database = await server.createDatabase()
  const sessions = async () => {
    const [row] = await server.query('SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = $1', 'postgres', [
      database,
    ])
    return row.n
  }
  await Promise.all([server.query('SELECT 1', database), server.query('SELECT 2', database)])
  expect(await sessions()).toBe(0)
  await server.query('SELECT 1')
  await server.restart()
  expect(await server.query('SELECT 2 AS two')).toEqual([{ two: 2 }])
  await expect(server.query('SELECT 1 / 0', database)).rejects.toThrow('division by zero')
  await server.query(`DROP DATABASE "${database}"`)
})
