import { silentLogger } from '@cdc/core'
import { expect, test } from 'vitest'
import { postgresCdc } from '../src/index.ts'
import { sourceOptions } from './follower.ts'
import { fence, Live, versions } from './live.ts'

const admin = (live: Live, options: Record<string, string> = {}) =>
  postgresCdc(sourceOptions(live.server, live.database, options) as never).admin!({
    pipeline: live.database,
    logger: silentLogger,
    report() {},
  })

for (const version of versions)
  test(`PostgreSQL ${version}: tables, plan and checks say what a run would do, and do nothing`, async () => {
    await using live = await Live.of(
      version,
      `${fence} CREATE TABLE t (id int PRIMARY KEY, price numeric(10,2) NOT NULL DEFAULT 1); CREATE TABLE log (entry text)`,
    )
    const tables = await admin(live).tables()
    expect(tables.map(({ name, key }) => [name, key])).toEqual([
      ['fence', [0]],
      ['log', []],
      ['t', [0]],
    ])
    expect(tables[2]!.columns[1]).toEqual({
      name: 'price',
      type: { kind: 'decimal', precision: 10, scale: 2 },
      native: 'numeric(10,2)',
      nullable: false,
      default: '1',
    })
    const plan = await admin(live).plan()
    expect(plan.map(({ sql }) => sql)).toEqual([
      expect.stringContaining(
        'CREATE PUBLICATION "dbz_publication" FOR TABLE "public"."fence", "public"."log", "public"."t"',
      ),
      `CREATE_REPLICATION_SLOT "${live.slot}" LOGICAL pgoutput`,
    ])
    const checks = await admin(live).check()
    expect(checks.filter(({ status }) => status === 'failed')).toEqual([])
    expect(checks.find(({ name }) => name === 'identity of public.log')).toMatchObject({
      status: 'warning',
      hint: expect.stringContaining('ALTER TABLE "public"."log" REPLICA IDENTITY FULL;'),
    })
    expect(await live.query('SELECT pubname FROM pg_publication')).toEqual([])
    expect(await admin(live).resources()).toEqual([])
  })

test('checks go on after one that fails, with the code that a run would stop with', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t REPLICA IDENTITY NOTHING; CREATE PUBLICATION dbz_publication FOR TABLE fence`,
  )
  const failed = (await admin(live).check()).filter(({ status }) => status === 'failed')
  expect(failed.map(({ name, code }) => [name, code])).toEqual([
    ['publication', 'PUBLICATION_LACKS_TABLE'],
    ['identity of public.t', 'REPLICA_IDENTITY_NOTHING'],
  ])
  const nowhere = await admin(live, { 'table-name': 'nowhere' }).check()
  expect(nowhere.find(({ status }) => status === 'failed')).toMatchObject({ name: 'tables', code: 'TABLE_NOT_FOUND' })
  const unreachable = await admin(live, { password: 'wrong' }).check()
  expect(unreachable).toMatchObject([{ name: 'connection', status: 'failed', code: 'PASSWORD_WRONG' }])
})

test('slots are listed with what they hold back, dropped by name, and reset takes back what a run made', async () => {
  await using live = await Live.of(15, fence)
  const follower = live.follow()
  await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
  await live.query(`SELECT pg_create_logical_replication_slot('${live.slot}_x', 'pgoutput')`)
  const resources = await admin(live).resources()
  expect(resources.map(({ type, name, own, active }) => [type, name, own, active])).toEqual([
    ['replication slot', live.slot, true, true],
    ['replication slot', `${live.slot}_x`, false, false],
    ['publication', 'dbz_publication', true, false],
  ])
  expect(resources[0]!.retained).toBeTypeOf('bigint')
  await expect(admin(live).drop(live.slot, { force: false })).rejects.toMatchObject({ code: 'SLOT_BUSY' })
  await expect(admin(live).reset()).rejects.toMatchObject({ code: 'SLOT_BUSY' })
  await expect(admin(live).drop('nobody', { force: false })).rejects.toMatchObject({ code: 'RESOURCE_UNKNOWN' })
  await admin(live).drop(`${live.slot}_x`, { force: false })
  await follower.stop()
  expect(await admin(live).reset()).toEqual([
    `dropped replication slot ${live.slot}`,
    'dropped publication dbz_publication',
  ])
  await live.query('CREATE PUBLICATION dbz_publication FOR TABLE fence')
  expect(await admin(live).reset()).toEqual([])
})
