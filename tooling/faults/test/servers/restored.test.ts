import { startPostgres } from '@cdc/servers'
import { expect, test, vi } from 'vitest'
import { Rig } from './rig.ts'

vi.setConfig({ testTimeout: 240_000 })

test.concurrent('a server that was set back to an earlier state is refused', async () => {
  await using source = await startPostgres({ version: 15 })
  await using rig = await Rig.of({ source, target: await startPostgres({ version: 15 }) })
  await rig.runOnce()
  const snapshot = await source.snapshot()
  await rig.write()
  await rig.runOnce()
  await source.restore(snapshot)
  await rig.refuses('SERVER_BEHIND')
})

test.concurrent('a server that was set back, and has written past the position since, is refused', async () => {
  await using source = await startPostgres({ version: 15 })
  await using rig = await Rig.of({ source, target: await startPostgres({ version: 15 }) })
  await rig.runOnce()
  const snapshot = await source.snapshot()
  await rig.write()
  await rig.runOnce()
  await source.restore(snapshot)
  for (let i = 0; i < 5; i++) await rig.write(500)
  await rig.refuses('SERVER_RESTORED')
})

test.concurrent('another server under the same address is refused', async () => {
  await using source = await startPostgres({ version: 15 })
  await using other = await startPostgres({ version: 15, fresh: true })
  await using rig = await Rig.of({ source, target: await startPostgres({ version: 15 }) })
  await rig.runOnce()
  await other.query(`CREATE DATABASE "${rig.database}"`)
  await other.query('CREATE TABLE ledger (n int); CREATE TABLE items (id int PRIMARY KEY)', rig.database)
  await rig.refuses('SERVER_CHANGED', { source: { port: other.port } })
  // and the right one goes on
  await rig.write()
  await rig.runOnce()
  expect(rig.source.port).not.toBe(other.port)
})
