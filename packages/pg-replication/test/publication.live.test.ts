import { type PostgresVersion, postgresVersions, sharedPostgres } from '@cdc/servers'
import { describe, expect, test } from 'vitest'
import { assertPublished, ensurePublication, planPublication, readPublication, Session } from '../src/index.ts'
import { reach, refusal } from './server.ts'

const name = 'Pub "1"'
const tables = ['t', 'P q', 'u'].map((table) => ({ schema: 'public', name: table }))

async function ground(version: PostgresVersion = 15): Promise<Session> {
  const server = await sharedPostgres(version)
  const session = await Session.open(reach(server, { database: await server.createDatabase('pub') }))
  await session.query(`CREATE TABLE public.t (id int PRIMARY KEY, a text, b text); CREATE TABLE public.u (id int);
    CREATE TABLE public."P q" (id int${version < 11 ? '' : ' PRIMARY KEY'}) PARTITION BY RANGE (id);
    CREATE TABLE public.p1 PARTITION OF public."P q" FOR VALUES FROM (0) TO (10);
    CREATE TABLE public.p2 PARTITION OF public."P q" FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
    CREATE TABLE public.p21 PARTITION OF public.p2 FOR VALUES FROM (10) TO (20)`)
  return session
}

describe.each(postgresVersions)('PostgreSQL %i', (version) => {
  const leaves = version < 13

  test('filtered publishes the tables, partitions through the root where the server can', async () => {
    const session = await ground(version)
    const options = { name, mode: 'filtered', tables } as const
    const planned = await planPublication(session, options)
    const { publication, created, statements } = await ensurePublication(session, options)
    expect(created).toBe(true)
    expect(statements).toEqual(planned)
    expect(publication).toMatchObject({ name, allTables: false, viaRoot: !leaves, schemas: [] })
    expect(publication.publishes).toEqual({ insert: true, update: true, delete: true, truncate: version >= 11 })
    const names = publication.tables.map((table) => table.name).sort()
    expect(names).toEqual(leaves ? ['p1', 'p21', 't', 'u'] : ['P q', 't', 'u'])
    expect(publication.entries).toHaveLength(names.length)
    await assertPublished(session, publication, tables)
    expect(await ensurePublication(session, options)).toMatchObject({ created: false, statements: [] })
    expect(await planPublication(session, options)).toEqual([])
    await session.close()
  })

  test('a table that is lacking is named with the statement that adds it', async () => {
    const session = await ground(version)
    const { publication } = await ensurePublication(session, { name, mode: 'filtered', tables: [tables[0]!] })
    const error = await refusal(assertPublished(session, publication, [...tables, { schema: 'public', name: 'gone' }]))
    expect(error).toMatchObject({ code: 'PUBLICATION_LACKS_TABLE', kind: 'config' })
    expect(error.message).toContain('public.gone')
    expect(error.hint).toContain(`ALTER PUBLICATION "Pub ""1""" ADD TABLE`)
    expect(error.hint).toContain(leaves ? '"public"."p21"' : '"public"."P q"')
    await session.close()
  })

  test('a table that is taken out and put back shows', async () => {
    const session = await ground(version)
    const { publication } = await ensurePublication(session, {
      name,
      mode: 'filtered',
      tables: [tables[0]!, tables[2]!],
    })
    await session.query('ALTER PUBLICATION "Pub ""1""" DROP TABLE public.t')
    await session.query('ALTER PUBLICATION "Pub ""1""" ADD TABLE public.t')
    const again = (await readPublication(session, name))!
    expect(again.oid).toBe(publication.oid)
    expect(again.tables.map((table) => table.oid)).toEqual(publication.tables.map((table) => table.oid))
    expect(again.entries).not.toEqual(publication.entries)
    await session.close()
  })

  test('all_tables, no_tables and disabled do what they say', async () => {
    const session = await ground(version)
    const disabled = await refusal(ensurePublication(session, { name: 'd', mode: 'disabled', tables }))
    expect(disabled).toMatchObject({ code: 'PUBLICATION_MISSING', kind: 'config' })
    expect(disabled.hint).toContain('CREATE PUBLICATION "d" FOR TABLE "public".')
    const all = await ensurePublication(session, { name: 'a', mode: 'all_tables', tables })
    expect(all.publication).toMatchObject({ allTables: true, entries: [] })
    await assertPublished(session, all.publication, tables)
    const none = await ensurePublication(session, { name: 'n', mode: 'no_tables', tables })
    expect(none.publication.tables).toEqual([])
    await session.close()
  })
})

test('row filters, column lists, schemas and generated columns are read', async () => {
  const session = await ground(18)
  await session
    .query(`CREATE SCHEMA s; CREATE TABLE s.x (id int);
    CREATE PUBLICATION f FOR TABLE public.t (id, b) WHERE (id > 5), public.u, TABLES IN SCHEMA s WITH (publish_generated_columns = stored)`)
    .catch(async () => {
      // a schema and a column list may not be mixed
      await session.query(
        `CREATE PUBLICATION f FOR TABLE public.t (id, b) WHERE (id > 5), public.u WITH (publish_generated_columns = stored)`,
      )
      await session.query(
        'CREATE SCHEMA IF NOT EXISTS s; CREATE TABLE s.x (id int); CREATE PUBLICATION g FOR TABLES IN SCHEMA s',
      )
    })
  const found = (await readPublication(session, 'f'))!
  expect(found.generatedColumns).toBe('stored')
  expect(found.tables).toMatchObject([
    { name: 't', columns: ['id', 'b'], rowFilter: '(id > 5)' },
    { name: 'u', columns: undefined, rowFilter: undefined },
  ])
  const schema = (await readPublication(session, 'g'))!
  expect(schema).toMatchObject({ schemas: ['s'], tables: [{ schema: 's', name: 'x', entry: undefined }] })
  expect(schema.entries).toHaveLength(1)
  await session.close()
})

test('a publication that leaves out operations is refused', async () => {
  const session = await ground()
  await session.query("CREATE PUBLICATION i FOR TABLE public.t WITH (publish = 'insert, delete')")
  const error = await refusal(assertPublished(session, (await readPublication(session, 'i'))!, [tables[0]!]))
  expect(error).toMatchObject({ code: 'PUBLICATION_LACKS_OPERATIONS' })
  expect(error.message).toContain('update')
  await session.close()
})

test('who may not create a publication is told what to run', async () => {
  const server = await sharedPostgres()
  const session = await ground()
  await session.query("DROP ROLE IF EXISTS pub_nobody; CREATE ROLE pub_nobody LOGIN PASSWORD 'x'")
  const nobody = await Session.open({ ...session.options, user: 'pub_nobody', password: 'x' })
  const filtered = await refusal(ensurePublication(nobody, { name: 'f', mode: 'filtered', tables: [tables[0]!] }))
  expect(filtered).toMatchObject({ code: 'PUBLICATION_RIGHT', kind: 'auth' })
  expect(filtered.hint).toContain('CREATE PUBLICATION "f" FOR TABLE "public"."t"')
  const all = await refusal(ensurePublication(nobody, { name: 'f', mode: 'all_tables', tables }))
  expect(all.hint).toContain('aiven_extras.pg_create_publication_for_all_tables')
  await nobody.close()
  await session.query('DROP ROLE pub_nobody')
  await session.close()
  expect(server.port).toBeGreaterThan(0)
})
