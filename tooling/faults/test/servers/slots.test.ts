import { sharedPostgres, startPostgres, waitFor } from '@cdc/servers'
import { expect, test, vi } from 'vitest'
import { Rig } from './rig.ts'

vi.setConfig({ testTimeout: 240_000 })

/** Ends the pipeline's stream and does something with the slot before it can be taken again. */
async function snatch(rig: Rig, statement: string): Promise<void> {
  const client = await rig.source.client(rig.database)
  await waitFor(
    async () => {
      // in one go, faster than a pipeline that connects anew
      await client.query(`DO $$ BEGIN
        PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${rig.slot}' AND active;
        FOR i IN 1..2000 LOOP
          EXIT WHEN NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '${rig.slot}' AND active);
          PERFORM pg_sleep(0.001);
        END LOOP;
        ${statement};
      END $$`)
      return true
    },
    { describe: 'the slot to be free' },
  )
  await client.end()
}

const drop = (rig: Rig) => `PERFORM pg_drop_replication_slot('${rig.slot}')`

test.concurrent.each([12, 18] as const)(
  'PostgreSQL %i: a slot that is dropped under a running pipeline stops it',
  async (version) => {
    await using rig = await Rig.of({ source: await sharedPostgres(version) })
    const run = rig.start()
    await run.streaming()
    await rig.same()
    await snatch(rig, drop(rig))
    expect((await run.failure()).code).toBe('SLOT_MISSING')
    await rig.write()
    await rig.refuses('SLOT_MISSING')
  },
)

test.concurrent.each([12, 18] as const)(
  'PostgreSQL %i: a slot that is dropped and made again under a running pipeline stops it',
  async (version) => {
    await using rig = await Rig.of({ source: await sharedPostgres(version) })
    const run = rig.start()
    await run.streaming()
    await rig.same()
    const before = await rig.targetNow()
    await snatch(rig, drop(rig))
    await rig.write()
    await rig.at(`SELECT pg_create_logical_replication_slot('${rig.slot}', 'pgoutput')`).catch(() => undefined)
    expect((await run.failure()).code).toMatch(/^SLOT_(AHEAD|MISSING|WITHOUT_POSITION)$/)
    await rig.refuses('SLOT_AHEAD')
    expect(await rig.targetNow()).toEqual(before)
  },
)

test.concurrent('a slot that is moved on under a running pipeline stops it', async () => {
  await using rig = await Rig.of({ source: await sharedPostgres(18) })
  const run = rig.start()
  await run.streaming()
  await rig.same()
  // the sink is held, so that the pipeline is behind what somebody skips
  const holder = await rig.target.client(rig.targetDatabase)
  await holder.query('BEGIN; LOCK TABLE ledger, items')
  await rig.write()
  // past anything that can have been read
  await snatch(rig, `PERFORM pg_switch_wal(); PERFORM pg_replication_slot_advance('${rig.slot}', pg_current_wal_lsn())`)
  await holder.end()
  expect((await run.failure()).code).toBe('SLOT_AHEAD')
  await rig.write()
  await rig.at(`SELECT pg_replication_slot_advance('${rig.slot}', pg_current_wal_lsn())`)
  await rig.refuses('SLOT_AHEAD')
})

test.concurrent.each([15, 18] as const)(
  'PostgreSQL %i: a slot that lost its log through max_slot_wal_keep_size is refused, stopped or under way',
  async (version) => {
    const settings = { max_slot_wal_keep_size: '16MB', max_wal_size: '32MB', min_wal_size: '32MB' }
    await using source = await startPostgres({ version, settings })
    const target = await sharedPostgres(15)
    await using stopped = await Rig.of({ source, target })
    await using held = await Rig.of({ source, target })
    await stopped.runOnce()
    const run = held.start()
    await run.streaming()
    await held.same()
    const holder = await target.client(held.targetDatabase)
    await holder.query('BEGIN; LOCK TABLE ledger, items')
    await held.write()
    await waitFor(
      async () => {
        await source.query(`SELECT pg_logical_emit_message(false, 'other', 'x'); SELECT pg_switch_wal(); CHECKPOINT`)
        const rows = await source.query("SELECT 1 FROM pg_replication_slots WHERE wal_status = 'lost'")
        return rows.length === 2
      },
      { timeout: 120_000, describe: 'the slots to be lost', interval: 1 },
    )
    await holder.end()
    expect((await run.failure()).code).toBe('SLOT_LOST')
    await held.refuses('SLOT_LOST')
    await stopped.refuses('SLOT_LOST')
  },
)
