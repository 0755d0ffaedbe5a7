import { sharedPostgres } from '@cdc/servers'
import { expect, test } from 'vitest'
import { Follower, serverRows, sorted } from './follower.ts'

for (const version of [12, 15, 18] as const) {
  test(`smoke ${version}`, async () => {
    const server = await sharedPostgres(version)
    const db = await server.createDatabase('src')
    await server.query(
      `create table a (id int primary key, t text); insert into a select i, 'x' || i from generate_series(1, 5000) i;
       create table b (id int primary key, t text);`,
      db,
    )
    const f = new Follower(server, db)
    await f.until(() => f.rows('public.a').length === 5000 && f.shapes.has('public.b'))
    await server.query(
      `insert into b values (1, 'one'); update a set t = 'y' where id < 10; delete from a where id = 20;`,
      db,
    )
    await f.until(() => f.rows('public.a').length === 4999)
    expect(sorted(f.rows('public.a'))).toEqual(sorted(await serverRows(server, db, 'a')))
    console.log(f.position, f.batches.length, f.logs, f.reports.map((r) => r.type).join())
    await f.stop()
    const g = new Follower(server, db, { previous: f })
    await server.query(`insert into b values (2, 'two')`, db)
    await g.until(() => g.rows('public.b').length === 2)
    console.log(g.texts(), g.logs)
    await g.stop()
    await server.query(`select pg_drop_replication_slot('${db}')`, db)
  })
}
