import { expect, it } from 'vitest'
import { startPostgres, startStandby, waitFor } from '../src/index.ts'

it.each([12, 15, 18] as const)(
  'a standby of PostgreSQL %i streams from its primary until it is promoted',
  async (version) => {
    await using primary = await startPostgres({ version })
    await primary.query('CREATE TABLE before AS SELECT 1 AS a')
    await using standby = await startStandby(primary)
    await primary.query('CREATE TABLE after AS SELECT 2 AS a')
    await waitFor(async () => (await standby.query('SELECT a FROM before UNION SELECT a FROM after')).length === 2)
    await expect(standby.query('CREATE TABLE own (a int)')).rejects.toMatchObject({ code: '25006' })
    const system = 'SELECT system_identifier::text AS id FROM pg_control_system()'
    expect(await standby.query(system)).toEqual(await primary.query(system))
    await primary.halt('immediate')
    await standby.promote()
    await standby.query('CREATE TABLE own (a int)')
    const [row] = await standby.query('SELECT timeline_id FROM pg_control_checkpoint()')
    expect(row).toBeDefined()
  },
)

it('a snapshot of a server brings back what it was, slots and all', async () => {
  await using server = await startPostgres()
  await server.query(`SELECT pg_create_logical_replication_slot('kept', 'pgoutput')`)
  const snapshot = await server.snapshot()
  await server.query(`SELECT pg_drop_replication_slot('kept')`)
  await server.query('CREATE TABLE later (a int)')
  await server.restore(snapshot)
  expect(await server.query('SELECT slot_name FROM pg_replication_slots')).toEqual([{ slot_name: 'kept' }])
  expect(await server.query(`SELECT to_regclass('later') AS later`)).toEqual([{ later: null }])
})
