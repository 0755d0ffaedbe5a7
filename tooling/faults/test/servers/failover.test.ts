import { startPostgres, startProxy, startStandby, waitFor } from '@cdc/servers'
import { test, vi } from 'vitest'
import { Rig } from './rig.ts'

vi.setConfig({ testTimeout: 240_000 })

test.concurrent('a failover to a standby that has the slot: the pipeline goes on by itself and is exact', async () => {
  await using primary = await startPostgres({ version: 18 })
  await using target = await startPostgres({ version: 15 })
  await using standby = await startStandby(primary, { settings: { sync_replication_slots: 'on' } })
  // what is sent to a client waits until the standby has it
  await primary.query(`ALTER SYSTEM SET synchronized_standby_slots = 'standby'`)
  await primary.query('SELECT pg_reload_conf()')
  // the address that clients know, which the failover moves
  await using address = await startProxy(primary)
  await using rig = await Rig.of({ source: primary, target })
  const run = rig.start({ source: { port: address.port, 'debezium.slot.failover': 'true' } })
  await run.streaming()
  await rig.same()
  await waitFor(
    async () => {
      // the slot and its xmin must move past what the standby started with
      await rig.write()
      await primary.query('SELECT pg_log_standby_snapshot()')
      const [slot] = await standby.query(
        `SELECT synced AND NOT temporary AS kept FROM pg_replication_slots WHERE slot_name = '${rig.slot}'`,
      )
      return slot?.kept
    },
    { timeout: 120_000, interval: 200, describe: 'the slot to be on the standby' },
  )
  await rig.write()
  await rig.same()
  await primary.halt('immediate')
  await standby.promote()
  address.redirect(standby)
  rig.source = standby
  await rig.write()
  await run.streaming(2)
  await rig.same()
  await run.stop()
})

test.concurrent('a failover to a standby that has no slot, or one made by hand, or that lagged, is refused', async () => {
  await using primary = await startPostgres({ version: 15 })
  await using target = await startPostgres({ version: 15 })
  await using link = await startProxy(primary)
  await using standby = await startStandby(primary, { port: link.port })
  await using before = await Rig.of({ source: primary, target })
  await using beyond = await Rig.of({ source: primary, target })
  await before.runOnce()
  await beyond.runOnce()
  const reached = async () => (await primary.query('SELECT pg_current_wal_lsn()::text AS lsn'))[0].lsn
  const lsn = await reached()
  await waitFor(async () => (await standby.query(`SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS there`))[0].there)
  // from here on the standby gets nothing
  link.stall()
  await beyond.write()
  await beyond.runOnce()
  await primary.halt('immediate')
  link.reset()
  await standby.promote()

  before.source = standby
  beyond.source = standby
  await before.write()
  await before.refuses('SLOT_MISSING')
  await standby.query(`SELECT pg_create_logical_replication_slot('${before.slot}', 'pgoutput')`, before.database)
  await before.refuses('SLOT_AHEAD')
  await standby.query(`SELECT pg_create_logical_replication_slot('${beyond.slot}', 'pgoutput')`, beyond.database)
  await beyond.refuses('TIMELINE_FORKED')
})
