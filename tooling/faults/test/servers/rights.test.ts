import { sharedPostgres } from '@cdc/servers'
import { expect, test, vi } from 'vitest'
import { Rig } from './rig.ts'

vi.setConfig({ testTimeout: 240_000 })

/** A role of the rig's own, with the least that a pipeline needs. */
async function rigWithRole(version: 15 | 18 = 15) {
  const rig = await Rig.of({ source: await sharedPostgres(version) })
  const role = rig.name
  await rig.at(`CREATE ROLE ${role} LOGIN REPLICATION PASSWORD 'first'; GRANT SELECT ON ledger, items TO ${role};
    CREATE PUBLICATION dbz_publication FOR TABLE ledger, items`)
  await rig.there(`CREATE TABLE ledger (n int, pad text); CREATE TABLE items (id int PRIMARY KEY, note text, many int);
    GRANT ALL ON ledger, items TO ${role}; GRANT CREATE ON SCHEMA public TO ${role}`)
  const login = { username: role, password: 'first' }
  return { rig, role, options: { source: login }, targetOptions: { sink: login } }
}

const terminate = (rig: Rig) =>
  rig.at(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cdc ${rig.name}'`)

const refusals = [
  [
    'REPLICATION',
    'NO_REPLICATION_RIGHT',
    (role: string) => [`ALTER ROLE ${role} NOREPLICATION`, `ALTER ROLE ${role} REPLICATION`],
  ],
  ['LOGIN', 'LOGIN_REFUSED', (role: string) => [`ALTER ROLE ${role} NOLOGIN`, `ALTER ROLE ${role} LOGIN`]],
  [
    'the password',
    'PASSWORD_WRONG',
    (role: string) => [`ALTER ROLE ${role} PASSWORD 'second'`, `ALTER ROLE ${role} PASSWORD 'first'`],
  ],
] as const

test.concurrent.each(refusals)(
  '%s is taken away: the stream goes on, the next connection is refused, and with it back nothing is lost',
  async (_, code, statements) => {
    const { rig: made, role, options } = await rigWithRole()
    await using rig = made
    const run = rig.start(options)
    await run.streaming()
    const [take, give] = statements(role) as [string, string]
    await rig.at(take)
    await rig.write()
    await rig.same()
    await terminate(rig)
    expect((await run.failure()).code).toBe(code)
    await rig.write()
    await rig.refuses(code, options)
    await rig.at(give)
    await rig.runOnce(options)
  },
)

test.concurrent('SELECT on a table is taken away: a stream needs it not, also after a new connection', async () => {
  const { rig: made, role, options } = await rigWithRole()
  await using rig = made
  const run = rig.start(options)
  await run.streaming()
  await rig.at(`REVOKE SELECT ON items FROM ${role}`)
  await rig.write()
  await terminate(rig)
  await run.streaming(2)
  await rig.write()
  await rig.same()
  await run.stop()
})

test.concurrent('a right at the target is taken away: the pipeline stops, and with it back nothing is lost', async () => {
  const { rig: made, role, targetOptions } = await rigWithRole()
  await using rig = made
  const run = rig.start(targetOptions)
  await run.streaming()
  await rig.same()
  await rig.there(`REVOKE INSERT ON ledger FROM ${role}`)
  await rig.write()
  expect((await run.failure()).code).toBe('RIGHT_MISSING')
  await rig.write()
  await rig.refuses('RIGHT_MISSING', targetOptions)
  await rig.there(`GRANT INSERT ON ledger TO ${role}`)
  await rig.runOnce(targetOptions)
})

test.concurrent('the replica identity is changed under way, to and fro: the target stays the same', async () => {
  await using rig = await Rig.of({
    source: await sharedPostgres(18),
    sql: `CREATE UNIQUE INDEX by_note ON items (note, id); ALTER TABLE items ADD big text; ALTER TABLE items ALTER big SET STORAGE EXTERNAL;
      UPDATE items SET big = repeat('x', 5000) || id`,
  })
  const run = rig.start()
  await run.streaming()
  for (const identity of ['FULL', 'DEFAULT', 'FULL', 'DEFAULT']) {
    await rig.at(
      `UPDATE items SET many = many + 1 WHERE id % 3 = 0; ALTER TABLE items REPLICA IDENTITY ${identity}; UPDATE items SET many = many + 1, id = 1000 + (SELECT max(id) FROM items) + id WHERE id < 5`,
    )
    await rig.write()
  }
  await rig.same()
  await run.stop()
  expect(run.codes).toEqual([])
})
