import { setTimeout as sleep } from 'node:timers/promises'
import { type PostgresServer, startPostgres } from '@cdc/servers'
import { expect, test, vi } from 'vitest'
import { Rig } from './rig.ts'

vi.setConfig({ testTimeout: 240_000 })

/** Holds the target's tables, so that the sink cannot go on. */
async function block(rig: Rig): Promise<() => Promise<void>> {
  const holder = await rig.target.client(rig.targetDatabase)
  await holder.query('BEGIN; LOCK TABLE ledger, items')
  return () => holder.end()
}

async function sinkWaits(rig: Rig): Promise<boolean> {
  return (await rig.there('SELECT 1 FROM pg_locks WHERE NOT granted')).length > 0
}

/** `small`: all of it has been read. `large`: more than is read ahead, so the server is blocked in sending. */
const backlogs = { small: [100, 0], large: [25_000, 1000] } as const

test.concurrent('a sink that is blocked for 30 s costs no connection, with a wal_sender_timeout of 2 s', async () => {
  await using source = await startPostgres({ version: 18, settings: { wal_sender_timeout: '2s' } })
  await using target = await startPostgres({ version: 15 })
  const small = await Rig.of({ source, target })
  const large = await Rig.of({ source, target })
  const rigs = [small, large]
  const runs = rigs.map((rig) => rig.start())
  await Promise.all(runs.map((run) => run.streaming()))
  await Promise.all(rigs.map((rig) => rig.same()))
  const release = await Promise.all(rigs.map(block))
  const before = await Promise.all(rigs.map(async (rig) => [await rig.pids('walsender'), await rig.confirmed()]))
  await Promise.all([small.write(...backlogs.small), large.write(...backlogs.large)])
  for (const [i, rig] of rigs.entries()) await runs[i]!.until(() => sinkWaits(rig), 'the sink to wait')
  // the time is what is tested: the server gives up a silent client after 2 s
  await sleep(30_000)
  expect(await Promise.all(rigs.map(async (rig) => [await rig.pids('walsender'), await rig.confirmed()]))).toEqual(
    before,
  )
  await Promise.all(release.map((go) => go()))
  await Promise.all(rigs.map((rig) => rig.same()))
  expect(runs.flatMap((run) => run.codes)).toEqual([])
  await Promise.all(runs.map((run) => run.stop()))
})

test.concurrent.each(['small', 'large'] as const)(
  'a fast shutdown of the server is not held up by a blocked sink with a %s backlog, and nothing is lost',
  async (backlog) => {
    await using source: PostgresServer = await startPostgres({ version: 15 })
    await using target = await startPostgres({ version: 15 })
    const rig = await Rig.of({ source, target })
    const run = rig.start()
    await run.streaming()
    await rig.same()
    const release = await block(rig)
    await rig.write(...backlogs[backlog])
    await run.until(() => sinkWaits(rig), 'the sink to wait')
    // a deadline, past which the server is killed and the test fails
    await source.halt('fast', 30_000)
    await source.start()
    await release()
    await rig.write()
    await rig.same()
    await run.stop()
  },
)
