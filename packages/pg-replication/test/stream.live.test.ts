import {
  type PostgresConnection,
  postgresVersions,
  sharedPostgres,
  startPostgres,
  startProxy,
  waitFor,
} from '@cdc/servers'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type ConnectionOptions,
  createSlot,
  dropSlot,
  FrameCursor,
  formatLsn,
  KEEPALIVE,
  ReplicationStream,
  readSlot,
  Session,
  type StreamOptions,
  XLOG_DATA,
} from '../src/index.ts'
import { reach, refusal } from './server.ts'

const INSERT = 0x49
const COMMIT = 0x43

const cleanup: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step()
})

interface Ground {
  readonly options: ConnectionOptions
  readonly session: Session
  readonly slot: string
  start(more?: Partial<StreamOptions> & { options?: ConnectionOptions }): Promise<ReplicationStream>
}

/** A database with a table `t` in publication `pub`, and a slot of the database's name. */
async function ground(server: PostgresConnection): Promise<Ground> {
  const slot = await server.createDatabase('stream')
  const options = reach(server, { database: slot })
  const session = await Session.open(options)
  await session.query('CREATE TABLE public.t (id int PRIMARY KEY, a text); CREATE PUBLICATION pub FOR TABLE public.t')
  await (await createSlot(options, { name: slot })).release()
  cleanup.push(async () => {
    await dropSlot(session, slot, { force: true }).catch(() => {})
    await session.close()
  })
  return {
    options,
    session,
    slot,
    start: async ({ options: other = options, ...more } = {}) => {
      const stream = await ReplicationStream.start(other, { slot, start: 0n, publications: ['pub'], ...more })
      cleanup.push(() => stream.close())
      return stream
    },
  }
}

/** Reads until `rows` inserts and their commit have come. */
async function take(stream: ReplicationStream, rows: number): Promise<{ ids: number[]; end: bigint }> {
  const cursor = new FrameCursor()
  const ids: number[] = []
  for (let end = 0n; ; ) {
    const buffer = await stream.read()
    if (buffer === undefined) throw new Error('The stream ended')
    cursor.reset(buffer)
    for (let kind = cursor.next(); kind !== 0; kind = cursor.next()) {
      if (kind === KEEPALIVE && cursor.replyRequested) stream.reply()
      if (kind !== XLOG_DATA) continue
      const type = buffer[cursor.start]
      if (type === INSERT) ids.push(idOf(buffer, cursor.start))
      if (type === COMMIT) end = cursor.lsn
    }
    if (ids.length >= rows && end > 0n) return { ids, end }
  }
}

/** 'I', oid, 'N', count of columns, 't', length, text. */
function idOf(buffer: Buffer, at: number): number {
  const length = buffer.readUInt32BE(at + 9)
  return Number(buffer.toString('latin1', at + 13, at + 13 + length))
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
const insert = (count: number, text = "'x'") =>
  `INSERT INTO public.t SELECT i, ${text} FROM generate_series(1, ${count}) i`

describe.each(postgresVersions)('PostgreSQL %i', (version) => {
  test('rows come once and in order, and the slot stands where it was told', async () => {
    const { session, slot, start } = await ground(await sharedPostgres(version))
    const stream = await start({ messages: true })
    expect(stream.pid).toBe((await readSlot(session, slot))!.activePid)
    await session.query(insert(5000))
    const { ids, end } = await take(stream, 5000)
    expect(ids).toEqual(numbers(5000))
    stream.setFlushed(end)
    await stream.close()
    const after = await readSlot(session, slot)
    expect(after).toMatchObject({ active: false, confirmedFlushLsn: end })
    await session.query('DELETE FROM public.t; INSERT INTO public.t VALUES (7)')
    expect((await take(await start({ start: end }), 1)).ids).toEqual([7])
  })

  test('nothing is acknowledged that was not told', async () => {
    const { session, slot, start } = await ground(await sharedPostgres(version))
    const before = (await readSlot(session, slot))!.confirmedFlushLsn
    const stream = await start()
    await session.query(insert(10))
    const { end } = await take(stream, 10)
    stream.reply()
    await stream.close()
    expect((await readSlot(session, slot))!.confirmedFlushLsn).toBe(before)
    // not even that the stream begins later
    await (await start({ start: end })).close()
    expect((await readSlot(session, slot))!.confirmedFlushLsn).toBe(before)
    expect((await take(await start(), 10)).ids).toEqual(numbers(10))
  })

  test('packets may be split and joined at will', async () => {
    const server = await sharedPostgres(version)
    const { session, options, start } = await ground(server)
    await using proxy = await startProxy(server)
    const through = { ...options, host: proxy.host, port: proxy.port }
    await session.query(insert(300, 'repeat(md5(i::text), 3)'))
    const shapes = [() => proxy.fragment(1), () => proxy.fragment(7), () => proxy.join(20), () => proxy.fragment(4096)]
    for (const shape of shapes) {
      proxy.resume()
      shape()
      const stream = await start({ options: through })
      expect((await take(stream, 300)).ids).toEqual(numbers(300))
      await stream.close(10_000)
    }
  })

  test('a blocked reader keeps its walsender', async () => {
    // before 12 the setting is the server's alone
    await using own =
      version < 12 ? await startPostgres({ version, settings: { wal_sender_timeout: '1s' } }) : undefined
    const { session, slot, options, start } = await ground(own ?? (await sharedPostgres(version)))
    if (own === undefined) await session.query(`ALTER DATABASE "${options.database}" SET wal_sender_timeout = '1s'`)
    const stream = await start()
    expect(stream.statusInterval).toBeCloseTo(1000 / 3)
    await session.query(insert(50_000, "repeat('x', 1000)"))
    const since = Date.now()
    // nobody reads: 50 MB do not fit between the processes, so the server is stuck in sending
    await waitFor(async () => Date.now() - since > 3500 || (await readSlot(session, slot))?.activePid !== stream.pid)
    expect((await readSlot(session, slot))!.activePid).toBe(stream.pid)
    expect((await take(stream, 50_000)).ids).toEqual(numbers(50_000))
  })
})

test('a message as large as 50 MB comes whole, and beyond the limit is an error with a code', async () => {
  const { session, start } = await ground(await sharedPostgres())
  await session.query("INSERT INTO public.t VALUES (1, repeat('ä', 25000000))")
  const stream = await start()
  expect((await take(stream, 1)).ids).toEqual([1])
  await stream.close()
  const small = await start({ maxMessage: 1_000_000 })
  expect(await refusal(take(small, 1))).toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
})

test('an idle server that asks for an answer gets one, and can shut down', async () => {
  await using server = await startPostgres({ settings: { wal_sender_timeout: '2s' } })
  const { start, session } = await ground(server)
  const stream = await start()
  await session.query(insert(10))
  const reading = (async () => {
    const cursor = new FrameCursor()
    for (let buffer = await stream.read(); buffer !== undefined; buffer = await stream.read()) {
      cursor.reset(buffer)
      for (let kind = cursor.next(); kind !== 0; kind = cursor.next()) {
        if (kind === KEEPALIVE || buffer[cursor.start] === COMMIT) stream.setFlushed(cursor.lsn)
        if (kind === KEEPALIVE && cursor.replyRequested) stream.reply()
      }
    }
  })()
  await server.halt('fast', 10_000)
  await reading // undefined: the server ended it in order
  expect(await session.closed).toMatchObject({ code: 'SERVER_SHUTDOWN' })
})

test('a stream that cannot acknowledge lets the server go when it is closed', async () => {
  await using server = await startPostgres()
  const { start, session } = await ground(server)
  const stream = await start()
  await session.query(insert(10))
  await take(stream, 10)
  const stopped = server.halt('fast', 10_000)
  expect(await session.closed).toMatchObject({ code: 'SERVER_SHUTDOWN' })
  await stream.close()
  await stopped
})

test('a walsender that is ended is an error with a code', async () => {
  const { session, start } = await ground(await sharedPostgres())
  const stream = await start()
  const reading = refusal(take(stream, 1))
  await session.query(`SELECT pg_terminate_backend(${stream.pid})`)
  expect(await reading).toMatchObject({ code: 'SERVER_SHUTDOWN', kind: 'connection' })
})

test('a cut connection is an error with a code, while reading and when nobody reads', async () => {
  const server = await sharedPostgres()
  const { session, options, start } = await ground(server)
  await using proxy = await startProxy(server)
  const through = { ...options, host: proxy.host, port: proxy.port }
  const one = await start({ options: through })
  const reading = refusal(take(one, 1))
  proxy.reset()
  expect(await reading).toMatchObject({ code: 'CONNECTION_LOST', kind: 'connection' })
  await waitFor(
    async () =>
      (await session.query('SELECT FROM pg_replication_slots WHERE active AND database = current_database()'))
        .length === 0,
  )
  const two = await start({ options: through })
  proxy.finish()
  expect(await refusal(take(two, 1))).toMatchObject({ code: 'CONNECTION_LOST' })
})

test('silence ends the stream only after the limit, and only where nothing answers', async () => {
  const server = await sharedPostgres()
  const { options, start } = await ground(server)
  await using proxy = await startProxy(server)
  const stream = await start({ options: { ...options, host: proxy.host, port: proxy.port }, inboundTimeout: 400 })
  const reading = refusal(take(stream, 1))
  const first = await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, 1200, 'alive'))])
  expect(first).toBe('alive') // idle, but the server answers when asked
  proxy.stall()
  expect(await reading).toMatchObject({ code: 'STREAM_SILENT', kind: 'connection' })
})

test('close and abort end a pending read', async () => {
  const { start } = await ground(await sharedPostgres())
  const stream = await start()
  const reading = refusal(take(stream, 1))
  await stream.close()
  expect(await reading).toMatchObject({ code: 'ABORTED' })
  await stream.close()
  const stop = new AbortController()
  const other = await start({ signal: stop.signal })
  const pending = refusal(take(other, 1))
  stop.abort()
  expect(await pending).toMatchObject({ code: 'ABORTED' })
})

test('a stream can be closed in the middle of a large transaction', async () => {
  const { session, slot, start } = await ground(await sharedPostgres())
  await session.query(insert(200_000, "repeat('x', 200)"))
  const stream = await start()
  await stream.read()
  await stream.close(300)
  await waitFor(async () => (await readSlot(session, slot))?.active === false, { describe: 'the slot to be free' })
})

test('a publication that is not there is an error with a code, on 18 too where the server only warns', async () => {
  for (const version of postgresVersions) {
    const { session, start } = await ground(await sharedPostgres(version))
    const stream = await start({ publications: ['pub', 'missing'] })
    await session.query(insert(1))
    const error = await refusal(take(stream, 1))
    expect(error).toMatchObject({ code: version === 18 ? 'PUBLICATION_SKIPPED' : 'PUBLICATION_MISSING' })
    expect(error.hint).toContain('"missing"')
  }
})

test('what is wrong with a slot is told by code', async () => {
  const server = await sharedPostgres()
  const { session, slot, options, start } = await ground(server)
  const stream = await start()
  const busy = await refusal(start())
  expect(busy).toMatchObject({ code: 'SLOT_BUSY', kind: 'throttled' })
  expect(busy.message).toContain(`active for PID ${stream.pid} ("cdc", user postgres`)
  expect(busy.hint).toContain(`pg_terminate_backend(${stream.pid})`)
  await stream.close()
  expect(await refusal(start({ slot: 'no_such_slot' }))).toMatchObject({ code: 'SLOT_MISSING' })
  expect(await refusal(start({ options: { ...options, database: 'postgres' } }))).toMatchObject({
    code: 'SLOT_WRONG_DATABASE',
  })
  const physical = `${slot}_physical`
  await session.query(`SELECT pg_create_physical_replication_slot('${physical}')`)
  expect(await refusal(start({ slot: physical }))).toMatchObject({ code: 'SLOT_WRONG_PLUGIN' })
  await dropSlot(session, physical)
})

test('a slot whose log is gone says so', async () => {
  await using server = await startPostgres({
    settings: { max_slot_wal_keep_size: '1MB', max_wal_size: '64MB', min_wal_size: '32MB' },
  })
  const { session, slot, start } = await ground(server)
  for (let i = 0; i < 6; i++)
    await session
      .query('SELECT pg_logical_emit_message(false, $1, $2); ', ['x', 'y'])
      .then(() => session.query('SELECT pg_switch_wal(); CHECKPOINT'))
  await waitFor(async () => (await readSlot(session, slot))?.walStatus === 'lost')
  expect(await refusal(start())).toMatchObject({ code: 'SLOT_LOST', kind: 'history-lost' })
})

test('positions are told as PostgreSQL prints them', async () => {
  const { session } = await ground(await sharedPostgres())
  const [row] = await session.query("SELECT pg_current_wal_lsn() AS lsn, '0/0'::pg_lsn + 18446744073709551615 AS most")
  expect(formatLsn(BigInt(2) ** 64n - 1n)).toBe(row!.most)
})
