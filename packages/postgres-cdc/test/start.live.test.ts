import { armFailpoints, CdcError, type Position } from '@cdc/core'
import { startPostgres, waitFor } from '@cdc/servers'
import { afterEach, expect, test } from 'vitest'
import { Follower } from './follower.ts'
import { fence, Live, versions } from './live.ts'

afterEach(() => armFailpoints(undefined))

const latest = { 'scan.startup.mode': 'latest-offset' }

/** The code, text and hint of the error that ends a run. */
async function refused(follower: Follower): Promise<{ code: string; kind: string; text: string }> {
  await waitFor(() => follower.ended !== undefined || follower.reports.some(({ type }) => type === 'streaming'), {
    describe: 'a refusal',
  })
  if (follower.ended === undefined) await follower.stop()
  const failure = await follower.failure()
  if (!CdcError.is(failure)) throw new Error(`Expected a coded error, got ${failure}`, { cause: failure })
  return { code: failure.code, kind: failure.kind, text: `${failure.message} ${failure.hint}` }
}

/** Runs until the stream is caught up, and stops: a pipeline with a position. */
async function positioned(live: Live, options: Record<string, string> = latest): Promise<Follower> {
  const follower = live.follow({ options })
  await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
  await live.caughtUp(follower)
  await follower.stop()
  return follower
}

const publications = (live: Live) => live.query('SELECT pubname FROM pg_publication')
const slots = (live: Live) =>
  live.query('SELECT slot_name FROM pg_replication_slots WHERE database = current_database()')

test('what cannot be chosen is refused with near names, and nothing is left at the server', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE customers (id int PRIMARY KEY); CREATE TABLE orders (id int PRIMARY KEY); CREATE VIEW seen AS SELECT 1; CREATE UNLOGGED TABLE fast (id int PRIMARY KEY);
     CREATE TABLE axb (id int PRIMARY KEY); CREATE SCHEMA empty`,
  )
  const cases: [Record<string, string>, string, RegExp][] = [
    [{ 'schema-name': 'pubic' }, 'SCHEMA_NOT_FOUND', /schema-name 'pubic'.*Did you mean 'public'/],
    [{ 'schema-name': 'empty' }, 'TABLE_NOT_FOUND', /no table .* in schema empty/],
    [{ 'table-name': 'custmers' }, 'TABLE_NOT_FOUND', /no table 'custmers'.*Did you mean 'customers'/],
    [{ 'table-name': '(orders|custmers)' }, 'TABLE_NOT_FOUND', /Did you mean 'customers'/],
    [{ 'table-name': 'x.*' }, 'TABLE_NOT_FOUND', /no table that matches 'x\.\*'/],
    [{ 'table-name': 'a_b' }, 'TABLE_NOT_FOUND', /'a_b'/],
    [{ 'table-name': 'seen' }, 'TABLE_KIND_UNSUPPORTED', /public.seen, which is a view/],
    [{ 'table-name': 'fast' }, 'TABLE_KIND_UNSUPPORTED', /an unlogged table/],
    [{ 'table-name': '(c|u|s|t|o|m|e|r|s|cu|us|st|to|om)+(x+x+)+y' }, 'TABLE_NOT_FOUND', /table-name/],
  ]
  for (const [options, code, text] of cases) {
    const found = await refused(live.follow({ options }))
    expect([found.code, found.kind]).toEqual([code, 'config'])
    expect(found.text).toMatch(text)
  }
  expect([await publications(live), await slots(live)]).toEqual([[], []])
})

test('a publication whose slot was made before something failed stays, and the next start goes on from there', async () => {
  await using live = await Live.of(15, `${fence} CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)`)
  armFailpoints((name) => {
    if (name === 'slot.created') throw new Error('stopped just then')
  })
  await live.follow().failure()
  armFailpoints(undefined)
  expect(await publications(live)).toEqual([{ pubname: 'dbz_publication' }])
  expect(await slots(live)).toEqual([{ slot_name: live.slot }])
  await live.query('INSERT INTO t VALUES (2)')
  await live.same(live.follow(), ['t'])
})

test('an expression that would never end is refused', async () => {
  await using live = await Live.of(15, `${fence} CREATE TABLE ${'a'.repeat(60)} (id int PRIMARY KEY)`)
  const found = await refused(live.follow({ options: { 'table-name': '(a+)+b' } }))
  expect(found.code).toBe('PATTERN_TOO_SLOW')
})

test('tables match without regard to case and with an escaped dot; names are never taken for patterns', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE "Orders" (id int PRIMARY KEY); CREATE SCHEMA other; CREATE TABLE other.orders (id int PRIMARY KEY)`,
  )
  const follower = live.follow({
    options: { 'schema-name': 'public,other', 'table-name': 'public\\.orders,fence', 'scan.startup.mode': 'snapshot' },
  })
  expect(await follower.failure()).toBeUndefined()
  expect([...follower.shapes.keys()].sort()).toEqual(['public.Orders', 'public.fence'])
})

test('tables that could not be followed are refused with the statement that helps', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING; CREATE TABLE keyless (a int);
     CREATE TABLE "part""s" (id int PRIMARY KEY) PARTITION BY RANGE (id); ALTER TABLE "part""s" REPLICA IDENTITY FULL; CREATE TABLE part1 PARTITION OF "part""s" DEFAULT`,
  )
  const refusal = (table: string, more = {}) => refused(live.follow({ options: { 'table-name': table, ...more } }))
  const nothing = await refusal('nothing')
  expect(nothing.code).toBe('REPLICA_IDENTITY_NOTHING')
  expect(nothing.text).toContain('ALTER TABLE "public"."nothing" REPLICA IDENTITY FULL;')
  expect((await refusal('keyless', { 'changelog-mode': 'upsert' })).code).toBe('KEY_MISSING')
  const partition = await refusal('part.s')
  expect(partition.code).toBe('PARTITION_IDENTITY')
  expect(partition.text).toContain('ALTER TABLE "public"."part1" REPLICA IDENTITY FULL;')
  expect([await publications(live), await slots(live)]).toEqual([[], []])
})

test('an identity that is taken away while the stream runs ends it with a code', async () => {
  await using live = await Live.of(15, `${fence} CREATE TABLE t (id int PRIMARY KEY)`)
  const follower = live.follow({ options: { ...latest, 'debezium.publication.autocreate.mode': 'all_tables' } })
  await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
  await live.query('ALTER TABLE t REPLICA IDENTITY NOTHING; INSERT INTO t VALUES (1)')
  await follower.failure()
  expect((await refused(follower)).code).toBe('REPLICA_IDENTITY_NOTHING')
})

test('rights that are missing are named, with the statements that grant them', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE hidden (id int PRIMARY KEY); CREATE SCHEMA closed; CREATE TABLE closed.c (id int PRIMARY KEY)`,
  )
  const role = live.database
  await live.query(`CREATE ROLE "${role}" LOGIN PASSWORD 'secret-word'; GRANT SELECT ON t, fence TO "${role}"`)
  try {
    const as = (more: Record<string, string> = {}) =>
      refused(live.follow({ options: { username: role, password: 'secret-word', 'table-name': 't|fence', ...more } }))
    expect((await as()).code).toBe('NO_REPLICATION_RIGHT')
    await live.query(`ALTER ROLE "${role}" REPLICATION`)
    const unreadable = await as({ 'table-name': '.*', 'schema-name': '.*' })
    expect(unreadable.code).toBe('TABLE_NOT_READABLE')
    expect(unreadable.text).toContain(
      `GRANT SELECT ON "public"."hidden" TO "${role}"; GRANT USAGE ON SCHEMA "closed" TO "${role}";`,
    )
    const publication = await as()
    expect([publication.code, publication.kind]).toEqual(['PUBLICATION_RIGHT', 'auth'])
    expect(publication.text).toMatch(/CREATE PUBLICATION "dbz_publication" FOR TABLE "public"."fence", "public"."t"/)
    await live.query('ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE PUBLICATION dbz_publication FOR TABLE t, fence')
    const policies = await as()
    expect(policies.code).toBe('TABLE_NOT_READABLE')
    expect(policies.text).toContain('BYPASSRLS')
    expect((await as({ password: 'wrong' })).code).toBe('PASSWORD_WRONG')
    for (const { text } of [publication, policies]) expect(text).not.toContain('secret-word')
  } finally {
    await live.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
  }
})

test('wrong hosts, ports and databases are told apart', async () => {
  await using live = await Live.of(15, fence)
  const code = async (options: Record<string, string | number>) => (await refused(live.follow({ options }))).code
  expect(await code({ 'database-name': 'nowhere' })).toBe('DATABASE_NOT_FOUND')
  expect(await code({ port: 1 })).toBe('CONNECTION_REFUSED')
  expect(await code({ hostname: 'no-such-host.invalid', sslmode: 'disable' })).toBe('HOST_NOT_FOUND')
})

test('a publication that lacks a table is refused, and filled when filtered is asked for', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE PUBLICATION dbz_publication FOR TABLE fence`,
  )
  const found = await refused(live.follow())
  expect([found.code, found.kind]).toEqual(['PUBLICATION_LACKS_TABLE', 'config'])
  expect(found.text).toContain('ALTER PUBLICATION "dbz_publication" ADD TABLE "public"."t"')
  expect(await slots(live)).toEqual([])
  const follower = live.follow({ options: { 'debezium.publication.autocreate.mode': 'filtered' } })
  await follower.until(() => follower.rows('public.t').length === 1)
  await live.query('INSERT INTO t VALUES (2)')
  await live.same(follower, ['t'])
})

test('a missing publication is refused where it is not to be made, and one that comes after its slot always', async () => {
  await using live = await Live.of(15, fence)
  const disabled = await refused(live.follow({ options: { 'debezium.publication.autocreate.mode': 'disabled' } }))
  expect(disabled.code).toBe('PUBLICATION_MISSING')
  expect(disabled.text).toContain('CREATE PUBLICATION "dbz_publication"')
  await live.query(`SELECT pg_create_logical_replication_slot('${live.slot}', 'pgoutput')`)
  expect((await refused(live.follow())).code).toBe('SLOT_OLDER_THAN_PUBLICATION')
  expect(await publications(live)).toEqual([])
})

test('a publication that was made for a slot that could not be made is taken back', async () => {
  await using live = await Live.of(15, fence)
  armFailpoints((name) => {
    if (name === 'slot.create') throw new Error('no slot today')
  })
  await live.follow().failure()
  expect([await publications(live), await slots(live)]).toEqual([[], []])
})

test('a slot of another plug-in, of another database or in use is named', async () => {
  await using live = await Live.of(15, fence)
  await using other = await Live.of(15, fence)
  await other.query('CREATE PUBLICATION dbz_publication FOR TABLE fence')
  await other.query(`SELECT pg_create_logical_replication_slot('${other.slot}', 'pgoutput')`)
  expect((await refused(live.follow({ options: { 'slot.name': other.slot } }))).code).toBe('SLOT_WRONG_DATABASE')
  await live.query(`SELECT pg_create_physical_replication_slot('${live.slot}_p')`)
  expect((await refused(live.follow({ options: { 'slot.name': `${live.slot}_p` } }))).code).toBe('SLOT_WRONG_PLUGIN')
  await live.query(`SELECT pg_drop_replication_slot('${live.slot}_p')`)
  const holder = other.follow({ options: latest })
  await holder.until(() => holder.reports.some(({ type }) => type === 'streaming'))
  const busy = await refused(other.follow({ options: { ...latest, 'debezium.slot.max.retries': 0 } }))
  expect([busy.code, busy.kind]).toEqual(['SLOT_BUSY', 'throttled'])
  expect(busy.text).toMatch(/is active for PID \d+/)
  const patient = other.follow({ options: { ...latest, 'debezium.slot.retry.delay.ms': 1000 } })
  await patient.until(() => patient.logs.some(({ message }) => message.includes('Trying again')))
  await holder.stop()
  await patient.until(() => patient.reports.some(({ type }) => type === 'streaming'))
})

test('tables that were read are not lost to a slip in table-name, and are to a choice', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)`,
  )
  const { position } = await positioned(live)
  const slip = await refused(live.follow({ after: position, options: { ...latest, 'table-name': 'fence|aa' } }))
  expect([slip.code, slip.kind]).toEqual(['TABLE_NOT_FOUND', 'config'])
  const chosen = live.follow({ after: position, options: { ...latest, 'table-name': 'fence|a' } })
  await chosen.until(() => chosen.reports.some(({ type }) => type === 'streaming'))
  expect(chosen.logs.some(({ message }) => message.includes('1 of the tables that this pipeline has read'))).toBe(true)
})

for (const version of versions)
  test(`PostgreSQL ${version}: a history with a hole in it is never read on`, async () => {
    await using live = await Live.of(version, `${fence} CREATE TABLE t (id int PRIMARY KEY)`)
    const before = await positioned(live)
    const after = (position: Position | undefined = before.position) =>
      refused(live.follow({ after: position, options: latest }))
    const edited = (field: string, value: unknown) =>
      JSON.stringify({ ...JSON.parse(before.position!), [field]: value })
    expect((await after(edited('system', '1'))).code).toBe('SERVER_CHANGED')
    expect((await after(edited('lsn', 'FFF/0'))).code).toBe('SERVER_BEHIND')
    expect((await after(edited('timeline', 7))).code).toBe('TIMELINE_FORKED')
    expect((await after('{}')).code).toBe('POSITION_INVALID')

    await live.query('ALTER PUBLICATION dbz_publication DROP TABLE t')
    expect((await after()).text).toMatch(/t was taken out of publication/)
    await live.query('INSERT INTO t VALUES (1); ALTER PUBLICATION dbz_publication ADD TABLE t')
    const put = await after()
    expect([put.code, put.kind]).toEqual(['PUBLICATION_CHANGED', 'history-lost'])
    expect(put.text).toMatch(/t was taken out of publication "dbz_publication" and put back/)

    const renewed = await positionedAgain(live)
    await live.query('DROP PUBLICATION dbz_publication; CREATE PUBLICATION dbz_publication FOR TABLE t, fence')
    expect((await after(renewed)).code).toBe('PUBLICATION_CHANGED')

    const third = await positionedAgain(live)
    await live.query('INSERT INTO t VALUES (2)')
    await live.advanceSlot()
    const ahead = await after(third)
    expect([ahead.code, ahead.kind]).toEqual(['SLOT_AHEAD', 'history-lost'])
    expect(ahead.text).toMatch(/stands at [0-9A-F]+\/[0-9A-F]+, past the position [0-9A-F]+\/[0-9A-F]+/)
    await live.query(`SELECT pg_drop_replication_slot('${live.slot}')`)
    const gone = await after(third)
    expect([gone.code, gone.kind]).toEqual(['SLOT_MISSING', 'history-lost'])
    await live.query(`SELECT pg_create_logical_replication_slot('${live.slot}', 'pgoutput')`)
    expect((await after(third)).code).toBe('SLOT_AHEAD')
  })

/** A new beginning on the same slot name. */
async function positionedAgain(live: Live): Promise<Position> {
  await live.query(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${live.slot}'`,
  )
  return (await positioned(live)).position!
}

// 10 has neither keys of partitioned tables nor default partitions
for (const version of versions.filter((one) => one >= 11))
  for (const made of ['by us', 'for the partitions'] as const)
    test(`PostgreSQL ${version}: a partitioned table is gone on with, through a publication made ${made}`, async () => {
      await using live = await Live.of(
        version,
        `${fence} CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
         CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10); CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20)`,
      )
      if (made !== 'by us') await live.query('CREATE PUBLICATION dbz_publication FOR TABLE fence, parts_1, parts_2')
      const options = { ...latest, 'table-name': 'fence|parts' }
      const before = await positioned(live, options)
      await live.query('INSERT INTO parts VALUES (1), (11)')
      const second = live.follow({ previous: before, options })
      await live.same(second, ['parts'])
      await second.stop()
      if (made === 'by us' && version >= 13) return
      // a new partition is no gap, and one that was taken out for a while is
      await live.query('CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (20) TO (30)')
      await live.query('ALTER PUBLICATION dbz_publication ADD TABLE parts_3; INSERT INTO parts VALUES (21)')
      const third = live.follow({ previous: second, options })
      await live.same(third, ['parts'])
      await third.stop()
      await live.query('ALTER PUBLICATION dbz_publication DROP TABLE parts_1; INSERT INTO parts VALUES (2)')
      await live.query('ALTER PUBLICATION dbz_publication ADD TABLE parts_1')
      expect((await refused(live.follow({ previous: third, options }))).code).toBe('PUBLICATION_CHANGED')
    })

test('a table that was dropped and made again is not taken for the same', async () => {
  await using live = await Live.of(15, `${fence} CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)`)
  const before = await positioned(live, {})
  await live.query('DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY)')
  const found = await refused(live.follow({ previous: before }))
  expect([found.code, found.kind]).toEqual(['TABLE_RECREATED', 'history-lost'])
  expect(found.text).toContain('Table public.t was dropped and made again')
})

test('a place in the log that the server cannot decode is tried again and never passed; a new slot begins after it', async () => {
  await using live = await Live.of(15, `${fence} CREATE TYPE mood AS ENUM ('low');`)
  await live.query("CREATE TABLE t (id int PRIMARY KEY, mood mood); INSERT INTO t VALUES (1, 'low')")
  const before = await positioned(live, {})
  // an update needs no type to be written, and its decoding does
  await live.query(`CREATE TEMP TABLE kept AS SELECT * FROM pg_type WHERE typname = 'mood';
    DELETE FROM pg_type WHERE typname = 'mood'; UPDATE t SET id = 2; INSERT INTO pg_type TABLE kept`)
  for (const attempt of [live.follow({ previous: before }), live.follow({ previous: before })]) {
    expect(await attempt.failure()).toMatchObject({ code: 'DECODING_FAILED', kind: 'rewind' })
    expect(attempt.texts('update')).toEqual([])
  }
  await live.endStreams()
  await live.query(`SELECT pg_drop_replication_slot('${live.slot}')`)
  const anew = live.follow()
  await live.same(anew, ['t'])
})

test('a table that was not chosen for a while is not followed as if it had been', async () => {
  await using live = await Live.of(15, `${fence} CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)`)
  const before = await positioned(live, {})
  const without = live.follow({ previous: before, options: { 'table-name': 'fence' } })
  await live.query('INSERT INTO t VALUES (2)')
  await live.caughtUp(without)
  await without.stop()
  const again = live.follow({ previous: without })
  await live.query('INSERT INTO t VALUES (3)')
  await live.caughtUp(again)
  expect(again.texts().filter((text) => text.includes('t['))).toEqual([])
  expect(again.logs.map(({ message }) => message).join()).toContain(
    'Table public.t matches table-name and was not there',
  )
})

test.concurrent('a commit that waits for a standby stops reading before a changed table, and nothing of it is lost', async () => {
  // nobody else is to wait for the standby that never comes
  const settings = { synchronous_standby_names: 'away', synchronous_commit: 'local' }
  await using server = await startPostgres({ version: 15, settings })
  const database = await server.createDatabase('waits')
  await server.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)', database)
  const before = new Follower(server, database)
  await before.until(() => before.reports.some(({ type }) => type === 'streaming'))
  const waits = await server.client(database)
  await waits.query(
    'SET synchronous_commit = on; BEGIN; ALTER TABLE t ADD extra text; INSERT INTO t VALUES (2, $$two$$)',
  )
  const committed = waits.query('COMMIT')
  const failure = await before.failure()
  expect(failure).toMatchObject({ code: 'CATALOG_BEHIND', kind: 'rewind' })
  expect(before.rows('public.t')).toEqual([{ id: '1' }])
  await server.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
  await committed
  await waits.end()
  const after = new Follower(server, database, { previous: before })
  await after.until(() => after.rows('public.t').length === 2)
  expect(after.rows('public.t')).toEqual([{ id: '1' }, { id: '2', extra: 'two' }])
  await after.stop()
})

for (const version of versions)
  test.concurrent(`PostgreSQL ${version}: a shutdown of the server is not held up, and nothing is lost by it`, async () => {
    await using server = await startPostgres({ version })
    const database = await server.createDatabase('down')
    await server.query(`${fence} CREATE TABLE t (id int PRIMARY KEY)`, database)
    const follower = new Follower(server, database)
    await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
    await server.query('INSERT INTO t VALUES (1)', database)
    const began = performance.now()
    await server.restart('fast')
    expect(performance.now() - began).toBeLessThan(10_000)
    const failure = await follower.failure()
    expect(CdcError.is(failure) && failure.kind).toMatch(/connection|throttled/)
    const second = new Follower(server, database, { previous: follower })
    await server.query('INSERT INTO t VALUES (2)', database)
    await waitFor(() => second.rows('public.t').length === 2)
    // one that takes what it gets but cannot acknowledge it must not hold the server up either
    await second.stop()
    const deaf = new Follower(server, database, { previous: second, acknowledge: false })
    await server.query('INSERT INTO t VALUES (3)', database)
    await waitFor(() => deaf.rows('public.t').length === 3)
    const again = performance.now()
    await server.halt('fast')
    expect(performance.now() - again).toBeLessThan(10_000)
    await deaf.failure()
  })
