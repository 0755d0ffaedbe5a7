import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sharedPostgres, startPostgres, waitFor } from '@cdc/servers'
import { expect, test, vi } from 'vitest'
import { Rig } from './rig.ts'

vi.setConfig({ testTimeout: 240_000 })

/** Copies the target database, as a backup of it would; `restore` puts the copy in its place. */
async function backup(rig: Rig) {
  const copy = `${rig.targetDatabase}_copy`
  const { target, targetDatabase } = rig
  await waitFor(async () => (await target.query(`CREATE DATABASE "${copy}" TEMPLATE "${targetDatabase}"`)) && true)
  return {
    restore: () =>
      waitFor(async () => {
        await target.query(`DROP DATABASE IF EXISTS "${targetDatabase}"`)
        await target.query(`ALTER DATABASE "${copy}" RENAME TO "${targetDatabase}"`)
        return true
      }),
  }
}

const shared = () => sharedPostgres(15)

test.concurrent('a target that was restored from a backup catches up where the slot still can', async () => {
  await using rig = await Rig.of({ source: await shared() })
  await rig.runOnce()
  const { restore } = await backup(rig)
  await rig.at(`SELECT pg_copy_logical_replication_slot('${rig.slot}', '${rig.slot}_kept')`)
  for (let i = 0; i < 3; i++) await rig.write()
  await rig.runOnce()
  await restore()
  // what an operator does who keeps a slot for the age of the oldest backup
  await rig.at(`SELECT pg_drop_replication_slot('${rig.slot}')`)
  await rig.at(`SELECT pg_copy_logical_replication_slot('${rig.slot}_kept', '${rig.slot}')`)
  await rig.write()
  await rig.runOnce()
})

test.concurrent('a target that was restored from a backup is refused where the slot has gone on', async () => {
  await using rig = await Rig.of({ source: await shared() })
  await rig.runOnce()
  const { restore } = await backup(rig)
  await rig.write()
  await rig.runOnce()
  await restore()
  await rig.refuses('TARGET_BEHIND')
})

test.concurrent('a target whose database was made anew is refused', async () => {
  await using rig = await Rig.of({ source: await shared() })
  await rig.runOnce()
  await rig.there('DROP TABLE ledger, items, cdc_position')
  const run = rig.start()
  expect((await run.failure()).code).toBe('TARGET_BEHIND')
  expect(await rig.there('SELECT relname FROM pg_class WHERE relnamespace = $$public$$::regnamespace')).toEqual([])
})

test.concurrent('a lost state is no harm where the target knows where it stands', async () => {
  await using rig = await Rig.of({ source: await shared() })
  await rig.runOnce()
  await rig.write()
  await rig.runOnce({ state: mkdtempSync(join(tmpdir(), 'cdc-faults-')) })
  await rig.write()
  await rig.runOnce({ state: mkdtempSync(join(tmpdir(), 'cdc-faults-')) })
})

test.concurrent('a state that is older than the target is no harm, and one that was kept from before a restart of it neither', async () => {
  await using rig = await Rig.of({ source: await shared() })
  const other = mkdtempSync(join(tmpdir(), 'cdc-faults-'))
  await rig.runOnce()
  await rig.write()
  await rig.runOnce({ state: other })
  await rig.write()
  // the rig's own state knows nothing of the run between
  await rig.runOnce()
})

test.concurrent('two pipelines with one target: the second cannot take the slot, and with another slot is refused', async () => {
  await using rig = await Rig.of({ source: await shared() })
  const first = rig.start()
  await first.streaming()
  await rig.same()
  const elsewhere = () => mkdtempSync(join(tmpdir(), 'cdc-faults-'))
  const second = rig.start({ state: elsewhere() })
  expect((await second.failure()).code).toBe('SLOT_BUSY')
  const third = rig.start({ state: elsewhere(), source: { 'slot.name': `${rig.slot}_b` } })
  expect((await third.failure()).code).toBe('SLOT_MISSING')
  await rig.at(`SELECT pg_create_logical_replication_slot('${rig.slot}_b', 'pgoutput')`)
  await rig.write()
  await rig.same()
  const fourth = rig.start({ state: elsewhere(), source: { 'slot.name': `${rig.slot}_b` } })
  await waitFor(() => fourth.ended || fourth.count('streaming') > 0, { timeout: 120_000 })
  await rig.write()
  // one of the two stops, whoever comes second to a commit, and nothing is there twice
  await waitFor(() => fourth.ended || first.ended, { timeout: 120_000, describe: 'one of two writers to stop' })
  const [loser, winner] = fourth.ended ? [fourth, first] : [first, fourth]
  expect((await loser.failure()).code).toMatch(/^(POSITION_CONFLICT|SLOT_AHEAD)$/)
  await rig.write()
  await rig.same()
  await winner.stop()
})

test.concurrent('source and target in one cluster: no change feeds itself, and an idle pipeline writes next to nothing', async () => {
  await using server = await startPostgres({ version: 18 })
  const rig = await Rig.of({ source: server })
  const run = rig.start()
  await run.streaming()
  await rig.write()
  await rig.same()
  const [{ lsn }] = await server.query('SELECT pg_current_wal_lsn()::text AS lsn')
  const [saves, from] = [run.count('checkpoint'), performance.now()]
  // the time is what is tested: what happens while nothing happens
  await sleep(25_000)
  const [{ bytes }] = await server.query(`SELECT (pg_current_wal_lsn() - '${lsn}')::int AS bytes`)
  // one position each 10 s, and one that was under way
  const most = Math.ceil((performance.now() - from) / 10_000) + 2
  expect(run.count('checkpoint') - saves).toBeLessThanOrEqual(most)
  expect(bytes).toBeLessThan(100_000)
  await rig.write()
  await rig.same()
  await run.stop()
})

test.concurrent('source and target in one database, under another schema: nothing feeds itself', async () => {
  const server = await shared()
  await using rig = await Rig.of({ source: server })
  const sink = {
    url: `jdbc:postgresql://127.0.0.1:${server.port}/${rig.database}?sslmode=disable`,
    'table-name': 'copy.${table}',
    'sink.state-table': 'copy.cdc_position',
  }
  await rig.at('CREATE SCHEMA copy')
  const run = rig.start({ sink })
  await run.streaming()
  for (let i = 0; i < 5; i++) await rig.write()
  const counts = (schema: string) =>
    rig.at(
      `SELECT (SELECT count(*)::int FROM ${schema}.ledger) AS ledger, (SELECT md5(string_agg(i::text, ',' ORDER BY id)) FROM ${schema}.items i) AS items`,
    )
  await waitFor(
    async () => {
      expect(await counts('copy')).toEqual(await counts('public'))
      return true
    },
    { timeout: 120_000 },
  )
  await run.stop()
})
