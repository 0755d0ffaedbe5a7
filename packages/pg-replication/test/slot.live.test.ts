import { type PostgresConnection, postgresVersions, sharedPostgres, startPostgres, waitFor } from '@cdc/servers'
import { afterEach, describe, expect, test } from 'vitest'
import {
  assertUsableSlot,
  type BlockingTransaction,
  type ConnectionOptions,
  createSlot,
  dropOrphanSlots,
  dropSlot,
  identifySystem,
  listSlots,
  readSlot,
  Session,
  serverState,
  timelineHistory,
} from '../src/index.ts'
import { assertReplicable } from '../src/replication/identify.ts'
import { reach, refusal } from './server.ts'

const cleanup: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step()
})

async function ground(
  server: PostgresConnection,
): Promise<{ options: ConnectionOptions; session: Session; name: string }> {
  const name = await server.createDatabase('slot')
  const options = reach(server, { database: name })
  const session = await Session.open(options)
  cleanup.push(async () => {
    await session.query('ROLLBACK')
    for (const slot of await listSlots(session)) {
      if (slot.database === name) await dropSlot(session, slot.name, { force: true })
    }
    await session.close()
  })
  return { options, session, name }
}

describe.each(postgresVersions)('PostgreSQL %i', (version) => {
  test('a slot exports the snapshot of its consistent point until it is released', async () => {
    const { options, session, name } = await ground(await sharedPostgres(version))
    await session.query('CREATE TABLE public.t (id int); INSERT INTO public.t VALUES (1)')
    const slot = await createSlot(options, { name })
    await session.query('INSERT INTO public.t VALUES (2)')
    const importing = `BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '${slot.snapshotName}'; SELECT id FROM public.t`
    expect(await session.query(importing)).toEqual([{ id: '1' }])
    await session.query('COMMIT')
    await slot.release()
    await slot.release()
    expect(await refusal(session.query(importing))).toHaveProperty('code')
    await session.query('ROLLBACK')
    expect(await readSlot(session, name)).toMatchObject({
      plugin: 'pgoutput',
      type: 'logical',
      database: name,
      temporary: false,
      active: false,
      confirmedFlushLsn: slot.consistentPoint,
    })
  })

  test('a temporary slot goes with its connection', async () => {
    const { options, session, name } = await ground(await sharedPostgres(version))
    const slot = await createSlot(options, { name, temporary: true, exportSnapshot: false })
    expect(slot.snapshotName).toBeUndefined()
    expect(await readSlot(session, name)).toMatchObject({ temporary: true, active: true })
    await slot.release()
    await waitFor(async () => (await readSlot(session, name)) === undefined)
  })

  test('the creation that waits names for whom, gives up, and leaves nothing', async () => {
    const { options, session, name } = await ground(await sharedPostgres(version))
    await session.query('BEGIN; SELECT txid_current()')
    const seen: BlockingTransaction[] = []
    const error = await refusal(
      createSlot(options, { name, lockTimeout: 700, onWait: (blocking) => seen.push(...blocking) }),
    )
    expect(error).toMatchObject({ code: 'SLOT_WAITS_FOR_TRANSACTIONS', kind: 'throttled' })
    expect(error.message).toContain(`PID ${session.pid} ("cdc", user postgres, idle in transaction`)
    expect(error.hint).toContain(`pg_terminate_backend(${session.pid})`)
    expect(seen[0]).toMatchObject({ pid: session.pid, state: 'idle in transaction' })
    await session.query('ROLLBACK')
    expect(await readSlot(session, name)).toBeUndefined()
    await (await createSlot(options, { name })).release()
  })

  test('an abort while waiting leaves no walsender and no slot behind', async () => {
    const { options, session, name } = await ground(await sharedPostgres(version))
    await session.query('BEGIN; SELECT txid_current()')
    const stop = new AbortController()
    const onWait = () => stop.abort()
    expect(await refusal(createSlot(options, { name, onWait, signal: stop.signal }))).toMatchObject({ code: 'ABORTED' })
    await waitFor(async () => (await readSlot(session, name)) === undefined, { describe: 'the slot to be gone' })
  })

  test('a slot of the same name, another plug-in or database is told by code', async () => {
    const { options, session, name } = await ground(await sharedPostgres(version))
    await (await createSlot(options, { name })).release()
    const error = await refusal(createSlot(options, { name }))
    expect(error).toMatchObject({ code: 'SLOT_EXISTS', kind: 'conflict' })
    expect(error.hint).toContain(`for plug-in pgoutput and database "${name}", not active`)
    expect(() => assertUsableSlot(session, undefined, 'x')).toThrowError(
      expect.objectContaining({ code: 'SLOT_MISSING' }),
    )
    const slot = (await readSlot(session, name))!
    expect(assertUsableSlot(session, slot, name)).toBe(slot)
    const wrong = { ...slot, plugin: 'test_decoding' }
    expect(() => assertUsableSlot(session, wrong, name)).toThrowError(
      expect.objectContaining({ code: 'SLOT_WRONG_PLUGIN' }),
    )
    const elsewhere = { ...slot, database: 'other' }
    expect(() => assertUsableSlot(session, elsewhere, name)).toThrowError(
      expect.objectContaining({ code: 'SLOT_WRONG_DATABASE' }),
    )
  })

  test('orphans are dropped by prefix, the active and the others stay', async () => {
    const { options, session, name } = await ground(await sharedPostgres(version))
    for (const end of ['_tmp_1', '_tmp_2', '_kept']) await (await createSlot(options, { name: name + end })).release()
    const held = await createSlot(options, { name: `${name}_tmp_3`, temporary: true })
    expect(await dropOrphanSlots(session, `${name}_tmp_`)).toEqual([`${name}_tmp_1`, `${name}_tmp_2`])
    const left = (await listSlots(session)).filter((slot) => slot.database === name)
    expect(left.map((slot) => slot.name)).toEqual([`${name}_kept`, `${name}_tmp_3`])
    await held.release()
  })

  test('the server tells who it is and what state it is in', async () => {
    const { options, session } = await ground(await sharedPostgres(version))
    const replication = await Session.open({ ...options, replication: true })
    const identity = await identifySystem(replication)
    const server = await serverState(session)
    expect(identity).toMatchObject({ systemId: server.systemId, timeline: 1, database: options.database })
    expect(server).toMatchObject({
      walLevel: 'logical',
      inRecovery: false,
      mayReplicate: true,
      superuser: true,
      walSenderTimeout: 60_000,
    })
    expect(server.lsn >= identity.lsn).toBe(true)
    expect(await timelineHistory(replication, 1)).toEqual([])
    expect(await refusal(timelineHistory(replication, 99))).toMatchObject({ code: 'WAL_REMOVED' })
    expect(() => assertReplicable(session, server)).not.toThrow()
    await replication.close()
  })
})

test('failover slots are made from 17 on and refused before', async () => {
  const new18 = await ground(await sharedPostgres(18))
  await (await createSlot(new18.options, { name: new18.name, failover: true })).release()
  expect(await readSlot(new18.session, new18.name)).toMatchObject({ failover: true, synced: false })
  const old = await ground(await sharedPostgres(15))
  expect(await refusal(createSlot(old.options, { name: old.name, failover: true }))).toMatchObject({
    code: 'FAILOVER_UNSUPPORTED',
  })
})

test('names of slots are checked, with a valid one in the hint', async () => {
  const { options } = await ground(await sharedPostgres())
  for (const name of ['Shop-1', '', 'x'.repeat(64), 'ä', 'a"b']) {
    expect(await refusal(createSlot(options, { name }))).toMatchObject({ code: 'SLOT_NAME_INVALID', kind: 'config' })
  }
  expect((await refusal(createSlot(options, { name: 'Shop-1' }))).hint).toContain("'shop_1'")
})

test('a role without the right to replicate is told what to grant', async () => {
  const server = await sharedPostgres()
  const { options, session } = await ground(server)
  await session.query("DROP ROLE IF EXISTS slot_nobody; CREATE ROLE slot_nobody LOGIN PASSWORD 'x'")
  const nobody = { ...options, user: 'slot_nobody', password: 'x' }
  const error = await refusal(createSlot(nobody, { name: 's' }))
  expect(error).toMatchObject({ code: 'NO_REPLICATION_RIGHT', kind: 'auth' })
  expect(error.hint).toContain('ALTER ROLE "slot_nobody" REPLICATION')
  const own = await Session.open(nobody)
  const state = await serverState(own)
  expect(state).toMatchObject({ mayReplicate: false, superuser: false })
  expect(() => assertReplicable(own, state)).toThrowError(expect.objectContaining({ code: 'NO_REPLICATION_RIGHT' }))
  await own.close()
  await session.query('DROP ROLE slot_nobody')
})

test('a server without room or without wal_level logical says what to set', async () => {
  await using full = await startPostgres({ settings: { max_replication_slots: '1', max_wal_senders: '2' } })
  const options = reach(full)
  const first = await createSlot(options, { name: 'one' })
  expect(await refusal(createSlot(options, { name: 'two' }))).toMatchObject({
    code: 'NO_FREE_SLOTS',
    kind: 'throttled',
  })
  const second = await Session.open({ ...options, replication: true })
  const error = await refusal(createSlot(options, { name: 'three' }))
  expect(error).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' })
  expect(error.hint).toContain('max_wal_senders')
  await Promise.all([first.release(), second.close()])
  await using replica = await startPostgres({ settings: { wal_level: 'replica' } })
  const wrong = await refusal(createSlot(reach(replica), { name: 's' }))
  expect(wrong).toMatchObject({ code: 'WAL_LEVEL_NOT_LOGICAL', kind: 'config' })
  expect(wrong.hint).toContain('ALTER SYSTEM SET wal_level = logical')
})

test('the loss of the exporting connection is told', async () => {
  const { options, session, name } = await ground(await sharedPostgres())
  const slot = await createSlot(options, { name })
  await session.query('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1', [name])
  await session.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'walsender' AND datname = $1",
    [name],
  )
  expect(await slot.lost).toMatchObject({ code: 'SERVER_SHUTDOWN' })
  await slot.release()
})
