import { sharedPostgres } from '@cdc/servers'
import { expect, test, vi } from 'vitest'
import { Rig } from './rig.ts'

vi.setConfig({ testTimeout: 240_000 })

const name = 'dbz_publication'
const versions = [12, 18] as const

for (const version of versions) {
  const rigOf = async () => Rig.of({ source: await sharedPostgres(version) })

  test.concurrent(`PostgreSQL ${version}: a publication that is dropped under a running pipeline stops it`, async () => {
    await using rig = await rigOf()
    const run = rig.start()
    await run.streaming()
    await rig.same()
    await rig.at(`DROP PUBLICATION ${name}`)
    await rig.write()
    expect((await run.failure()).code).toMatch(/^PUBLICATION_(MISSING|SKIPPED|CHANGED)$/)
    await rig.refuses('PUBLICATION_CHANGED')
    await rig.at(`CREATE PUBLICATION ${name} FOR TABLE ledger, items`)
    await rig.write()
    await rig.refuses('PUBLICATION_CHANGED')
  })

  test.concurrent(`PostgreSQL ${version}: a table that is taken out under a running pipeline stops it`, async () => {
    await using rig = await rigOf()
    const run = rig.start()
    await run.streaming()
    await rig.same()
    await rig.at(`ALTER PUBLICATION ${name} DROP TABLE items`)
    await rig.write()
    expect((await run.failure()).code).toBe('PUBLICATION_CHANGED')
    await rig.at(`ALTER PUBLICATION ${name} ADD TABLE items`)
    await rig.write()
    await rig.refuses('PUBLICATION_CHANGED')
  })

  test.concurrent(`PostgreSQL ${version}: kinds of changes that are left out for a while are noticed`, async () => {
    await using rig = await rigOf()
    await rig.runOnce()
    await rig.at(`ALTER PUBLICATION ${name} SET (publish = 'insert')`)
    await rig.at('DELETE FROM items WHERE id = 7')
    await rig.refuses('PUBLICATION_CHANGED')
    // put back, but what was deleted meanwhile is missing for good
    await rig.at(`ALTER PUBLICATION ${name} SET (publish = 'insert, update, delete, truncate')`)
    await rig.refuses('PUBLICATION_CHANGED')
  })

  test.concurrent(`PostgreSQL ${version}: a table that is added, a comment or a new owner is no gap`, async () => {
    await using rig = await rigOf()
    await rig.runOnce()
    await rig.at(`CREATE TABLE other (id int PRIMARY KEY); ALTER PUBLICATION ${name} ADD TABLE other;
      COMMENT ON PUBLICATION ${name} IS 'ours'; ALTER PUBLICATION ${name} OWNER TO pg_read_all_stats`)
    await rig.write()
    await rig.runOnce()
  })
}

for (const version of [15, 18] as const) {
  const rigOf = async () => Rig.of({ source: await sharedPostgres(version) })
  const filter = `ALTER PUBLICATION ${name} SET TABLE ledger, items WHERE (id > 10)`
  const whole = `ALTER PUBLICATION ${name} SET TABLE ledger, items`

  test.concurrent(`PostgreSQL ${version}: a row filter that comes and goes is noticed`, async () => {
    await using rig = await rigOf()
    await rig.runOnce()
    await rig.at(filter)
    await rig.write()
    await rig.refuses('PUBLICATION_CHANGED')
    await rig.at(whole)
    await rig.refuses('PUBLICATION_CHANGED')
  })

  test.concurrent(`PostgreSQL ${version}: a row filter that comes under a running pipeline stops it`, async () => {
    await using rig = await rigOf()
    const run = rig.start()
    await run.streaming()
    await rig.same()
    await rig.at(filter)
    await rig.write()
    expect((await run.failure()).code).toBe('PUBLICATION_CHANGED')
  })
}
