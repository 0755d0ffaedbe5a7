import { type Change, tableName } from '@cdc/core'
import { expect, test } from 'vitest'
import { metadata, positionRules } from '../src/index.ts'
import type { Follower } from './follower.ts'
import { fence, Live, versions } from './live.ts'

const latest = { 'scan.startup.mode': 'latest-offset' }

async function streaming(live: Live, setup: Parameters<Live['follow']>[0] = {}): Promise<Follower> {
  const follower = live.follow({ ...setup, options: { ...latest, ...setup.options } })
  await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'), 'the stream')
  return follower
}

/** Changes of all tables but the fence. */
const texts = (follower: Follower, kind?: Change['kind']) =>
  follower.texts(kind).filter((text) => !/^.fence/.test(text))

for (const version of versions)
  test(`PostgreSQL ${version}: inserts, updates and deletes come under every replica identity`, async () => {
    await using live = await Live.of(
      version,
      `${fence} CREATE TABLE by_key (id int PRIMARY KEY, t text); CREATE TABLE by_all (id int PRIMARY KEY, t text);
       ALTER TABLE by_all REPLICA IDENTITY FULL;
       CREATE TABLE by_index (id int PRIMARY KEY, code text NOT NULL UNIQUE, t text);
       ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code_key;
       CREATE TABLE swapped (a int, b int, t text, PRIMARY KEY (b, a))`,
    )
    const follower = await streaming(live)
    for (const table of ['by_key', 'by_all'])
      await live.query(
        `INSERT INTO ${table} VALUES (1, 'x'); UPDATE ${table} SET t = 'y'; UPDATE ${table} SET id = 2; DELETE FROM ${table}`,
      )
    await live.query(
      `INSERT INTO by_index VALUES (1, 'c', 'x'); UPDATE by_index SET t = 'y'; UPDATE by_index SET code = 'd'; DELETE FROM by_index;
       INSERT INTO swapped VALUES (1, 2, 'x'); DELETE FROM swapped`,
    )
    await live.caughtUp(follower)
    expect(texts(follower)).toEqual([
      '#by_key(id,t)',
      '+by_key[1,x]',
      '~by_key->[1,y]',
      '~by_key[1,?]>[2,y]',
      '-by_key[2,?]',
      '#by_all(id,t)',
      '+by_all[1,x]',
      '~by_all[1,x]>[1,y]',
      '~by_all[1,y]>[2,y]',
      '-by_all[2,y]',
      '#by_index(id,code,t)',
      '+by_index[1,c,x]',
      '~by_index->[1,c,y]',
      '~by_index[?,c,?]>[1,d,y]',
      '-by_index[?,d,?]',
      '#swapped(a,b,t)',
      '+swapped[1,2,x]',
      '-swapped[1,2,?]',
    ])
    const shape = (name: string) => follower.shapes.get(`public.${name}`)!
    expect([shape('by_key').key, shape('by_all').key, shape('swapped').key]).toEqual([[0], [0], [1, 0]])
    expect(shape('by_index')).toMatchObject({ identity: 'index', key: [0], identityColumns: [1] })
  })

for (const version of versions)
  test(`PostgreSQL ${version}: transactions come whole and in the order of their commits; what was rolled back does not`, async () => {
    await using live = await Live.of(version, `${fence} CREATE TABLE t (id int PRIMARY KEY, who text)`)
    const follower = await streaming(live, { wants: { message: false, transaction: true } })
    const [a, b] = [await live.server.client(live.database), await live.server.client(live.database)]
    await a.query("BEGIN; INSERT INTO t VALUES (1, 'a')")
    await b.query("BEGIN; INSERT INTO t VALUES (2, 'b')")
    await a.query("SAVEPOINT s; INSERT INTO t VALUES (3, 'gone'); ROLLBACK TO s; INSERT INTO t VALUES (4, 'a')")
    await b.query("INSERT INTO t VALUES (5, 'b'); COMMIT")
    await a.query('COMMIT')
    await a.query("BEGIN; INSERT INTO t VALUES (6, 'gone'); ROLLBACK")
    await a.query(
      "DO $$ BEGIN INSERT INTO t VALUES (7, 'kept'); BEGIN INSERT INTO t VALUES (7, 'twice'); EXCEPTION WHEN unique_violation THEN NULL; END; END $$",
    )
    await Promise.all([a.end(), b.end()])
    await live.caughtUp(follower)
    expect(texts(follower).slice(0, 12)).toEqual([
      'begin',
      '#t(id,who)',
      '+t[2,b]',
      '+t[5,b]',
      'commit',
      'begin',
      '+t[1,a]',
      '+t[4,a]',
      'commit',
      'begin',
      '+t[7,kept]',
      'commit',
    ])
    const rows = follower.changes.filter((change) => change.kind === 'insert' && change.table.name === 't')
    expect(rows.map(({ origin }) => origin.order)).toEqual([0, 1, 0, 1, 0])
    expect(rows[0]!.origin.transaction).toBe(rows[1]!.origin.transaction)
    const { origin } = rows[0]!
    expect(origin.offset < origin.transaction.commit).toBe(true)
    expect(Math.abs(Number(origin.transaction.commitTime / 1000n) - Date.now())).toBeLessThan(60_000)
    expect(metadata(rows[0]!)).toMatchObject({
      table_name: 't',
      op_ts: Number(origin.transaction.commitTime / 1000n),
      row_kind: '+I',
    })
    // contained if and only if the commit lies before the position
    for (const batch of follower.batches)
      for (const change of batch.changes) expect(positionRules.contains(batch.position!, true)(change)).toBe(true)
  })

for (const version of versions)
  test(`PostgreSQL ${version}: a restart between any two commits loses nothing and repeats nothing`, async () => {
    await using live = await Live.of(version, `${fence} CREATE TABLE ledger (id int PRIMARY KEY)`)
    let follower = await streaming(live)
    const seen: string[] = []
    const [a, b] = [await live.server.client(live.database), await live.server.client(live.database)]
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 25; i++) {
        const id = round * 100 + 4 * i
        await a.query(`BEGIN; INSERT INTO ledger VALUES (${id})`)
        await b.query(`BEGIN; INSERT INTO ledger VALUES (${id + 1})`)
        await Promise.all([a.query('COMMIT'), b.query('COMMIT')])
      }
      const many = round * 50
      await follower.until(() => seen.length + texts(follower, 'insert').length > many + 7)
      await follower.stop()
      seen.push(...texts(follower, 'insert'))
      follower = live.follow({ previous: follower, options: latest })
    }
    await Promise.all([a.end(), b.end()])
    await live.same(follower, ['ledger'])
    seen.push(...texts(follower, 'insert'))
    expect(new Set(seen).size).toBe(200)
    expect(seen.length).toBe(200)
  })

for (const version of versions)
  test(`PostgreSQL ${version}: values that an update left in TOAST are told from NULL, and known again under FULL`, async () => {
    await using live = await Live.of(
      version,
      `${fence} CREATE TABLE big (id int PRIMARY KEY, n int, t text, j jsonb); ALTER TABLE big ALTER t SET STORAGE EXTERNAL;
       CREATE TABLE whole (id int PRIMARY KEY, n int, t text); ALTER TABLE whole ALTER t SET STORAGE EXTERNAL; ALTER TABLE whole REPLICA IDENTITY FULL;`,
    )
    const follower = await streaming(live)
    await live.query(
      `INSERT INTO big VALUES (1, 1, repeat('x', 5000)); UPDATE big SET n = 2; UPDATE big SET id = 2; UPDATE big SET t = NULL;
       INSERT INTO whole VALUES (1, 1, repeat('y', 5000)); UPDATE whole SET n = 2`,
    )
    await live.caughtUp(follower)
    const updates = follower.changes.flatMap((change) =>
      change.kind === 'update' ? [change.after.map((cell) => (typeof cell === 'string' ? cell.length : cell))] : [],
    )
    expect(updates).toEqual([
      [1, 2, undefined, null],
      [2, 2, undefined, null],
      [2, 2, null, null],
      [1, 2, 5000],
    ])
  })

for (const version of versions)
  test(`PostgreSQL ${version}: the shape of a table changes where the stream says so`, async () => {
    await using live = await Live.of(
      version,
      `${fence} CREATE TABLE t (id int PRIMARY KEY, old text, n int); CREATE TYPE mood AS ENUM ('sad')`,
    )
    const follower = await streaming(live)
    await live.query("INSERT INTO t VALUES (1, 'a', 1)")
    await live.query("ALTER TABLE t ADD added numeric(10,2) DEFAULT 1.5; INSERT INTO t VALUES (2, 'b', 2, 2.5)")
    await live.query("ALTER TABLE t DROP n; INSERT INTO t VALUES (3, 'c', 3.5)")
    await live.query("ALTER TABLE t RENAME old TO new; INSERT INTO t VALUES (4, 'd', 4.5)")
    await live.query("ALTER TABLE t ALTER new TYPE varchar(20); INSERT INTO t VALUES (5, 'e', 5.5)")
    await live.query("ALTER TABLE t ADD feeling mood; INSERT INTO t VALUES (6, 'f', 6.5, 'sad')")
    // labels come from the catalog of the moment: the type must have been seen without the new one
    await live.caughtUp(follower)
    await live.query("ALTER TYPE mood ADD VALUE 'happy'")
    await live.query("INSERT INTO t VALUES (7, 'g', 7.5, 'happy')")
    await live.query('ALTER TABLE t REPLICA IDENTITY FULL; DELETE FROM t WHERE id = 1')
    await live.query('ALTER TABLE t RENAME TO u')
    await live.query("INSERT INTO u VALUES (8, 'h', 8.5)")
    await live.caughtUp(follower)
    expect(texts(follower)).toEqual([
      '#t(id,old,n)',
      '+t[1,a,1]',
      '#t(id,old,n,added)',
      '+t[2,b,2,2.50]',
      '#t(id,old,added)',
      '+t[3,c,3.50]',
      '#t(id,new,added)',
      '+t[4,d,4.50]',
      '#t(id,new,added)',
      '+t[5,e,5.50]',
      '#t(id,new,added,feeling)',
      '+t[6,f,6.50,sad]',
      '#t(id,new,added,feeling)',
      '+t[7,g,7.50,happy]',
      '#t(id,new,added,feeling)',
      '-t[1,a,1.50,null]',
      '#u(id,new,added,feeling)',
      '+u[8,h,8.50,null]',
    ])
    const schemas = follower.changes.flatMap((change) =>
      change.kind === 'schema' && change.table.name !== 'fence' ? [change] : [],
    )
    for (const [i, change] of schemas.entries())
      expect(change.previous).toBe(i === 0 ? undefined : schemas[i - 1]!.table)
    expect(schemas[4]!.table.columns[1]).toMatchObject({
      native: 'character varying(20)',
      type: { kind: 'string', length: 20 },
    })
    expect(schemas[1]!.table.columns[3]).toMatchObject({
      native: 'numeric(10,2)',
      type: { kind: 'decimal', precision: 10, scale: 2 },
    })
    expect(schemas.at(-1)!.table.id).toBe(schemas[0]!.table.id)
  })

test('changes that were written before a table was altered or dropped keep the shape that they had', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN short AS varchar(5); CREATE TABLE t (id int PRIMARY KEY, m mood, n int, s short); CREATE TABLE gone (id int PRIMARY KEY, m mood)`,
  )
  const first = await streaming(live)
  await live.query("INSERT INTO t VALUES (1, 'sad', 1, 'x'); INSERT INTO gone VALUES (1, 'sad')")
  await live.caughtUp(first)
  await first.stop()
  await live.query("INSERT INTO t VALUES (2, 'sad', 2, 'y'); INSERT INTO gone VALUES (2, 'sad')")
  await live.query(
    'DROP TABLE gone; ALTER TABLE t DROP m, DROP s, ADD more int DEFAULT 5; DROP TYPE mood; DROP DOMAIN short; INSERT INTO t VALUES (3, 3, 6)',
  )
  const second = live.follow({ previous: first, options: { ...latest, 'table-name': '.*' } })
  await live.caughtUp(second)
  expect(texts(second)).toEqual([
    '#t(id,m,n,s)',
    '+t[2,sad,2,y]',
    '#gone(id,m)',
    '+gone[2,sad]',
    '#t(id,n,more)',
    '+t[3,3,6]',
  ])
  expect(second.logs.filter(({ level }) => level === 'warn')).toEqual([])
})

test('a key that is dropped, changed or made anew under identity full is not the key any more', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE t (id int CONSTRAINT pk PRIMARY KEY, n int NOT NULL); ALTER TABLE t REPLICA IDENTITY FULL`,
  )
  const follower = await streaming(live)
  const step = async (sql: string) => {
    await live.query(sql)
    await live.caughtUp(follower)
  }
  await step('INSERT INTO t VALUES (1, 1)')
  // the stream is often quicker than the commit is visible, so more than once
  for (let n = 2; n < 7; n++) {
    await step(`ALTER TABLE t DROP CONSTRAINT pk; INSERT INTO t VALUES (1, ${n})`)
    await step(`ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY (n); UPDATE t SET id = ${n} WHERE n = ${n}`)
  }
  const keys = follower.changes.flatMap((change) =>
    change.kind === 'schema' && change.table.name === 't' ? [change.table.key] : [],
  )
  expect(keys).toEqual([[0], ...Array.from({ length: 5 }, () => [[], [1]]).flat()])
})

for (const version of versions.filter((one) => one >= 11))
  test(`PostgreSQL ${version}: one TRUNCATE of several tables comes as one change for each, with its flags`, async () => {
    await using live = await Live.of(
      version,
      `${fence} CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a)`,
    )
    const follower = await streaming(live)
    await live.query(
      'BEGIN; INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); TRUNCATE a RESTART IDENTITY CASCADE; INSERT INTO a VALUES (2); COMMIT; TRUNCATE b',
    )
    await live.same(follower, ['a', 'b'])
    const truncates = follower.changes.flatMap((change) => (change.kind === 'truncate' ? [change] : []))
    expect(truncates.map(({ table, cascade, restartIdentity }) => [table.name, cascade, restartIdentity])).toEqual([
      ['a', true, true],
      ['b', true, true],
      ['b', undefined, undefined],
    ])
  })

for (const version of versions.filter((one) => one < 11))
  test(`PostgreSQL ${version}: that TRUNCATE is not in the stream is said at the start`, async () => {
    await using live = await Live.of(version, `${fence} CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)`)
    const follower = await streaming(live)
    const warned = follower.logs.filter(({ level }) => level === 'warn').map(({ message }) => message)
    expect(warned.join()).toContain('TRUNCATE')
  })

for (const version of versions.filter((one) => one >= 14))
  test(`PostgreSQL ${version}: logical messages come when they are wanted, and heartbeats never`, async () => {
    await using live = await Live.of(version, `${fence} CREATE TABLE t (id int PRIMARY KEY)`)
    const follower = await streaming(live, {
      wants: { message: true, transaction: false },
      options: { 'heartbeat.interval.ms': 20, 'debezium.message.prefix.exclude.list': 'internal' },
    })
    await live.query(
      `BEGIN; INSERT INTO t VALUES (1); SELECT pg_logical_emit_message(true, 'app', 'in'), pg_logical_emit_message(true, 'internal', 'no'); INSERT INTO t VALUES (2); COMMIT;
       SELECT pg_logical_emit_message(false, 'app', 'out')`,
    )
    await live.caughtUp(follower)
    expect(texts(follower)).toEqual(['#t(id)', '+t[1]', 'mapp:in', '+t[2]', 'mapp:out'])
    const [inside, outside] = follower.changes.filter((change) => change.kind === 'message')
    expect([inside!.origin.order, outside!.origin.order]).toEqual([1, 0])
    expect(outside!.origin.transaction.id).toBeUndefined()
  })

for (const version of versions)
  test(`PostgreSQL ${version}: a transaction larger than a batch comes in open batches of bounded size`, async () => {
    await using live = await Live.of(version, `${fence} CREATE TABLE t (id int PRIMARY KEY, filler text)`)
    const limits = { rows: 500, bytes: 200_000 }
    const follower = await streaming(live, { limits })
    await live.query("INSERT INTO t VALUES (0, 'before')")
    await live.query("INSERT INTO t SELECT i, repeat('f', 200) FROM generate_series(1, 5000) i")
    await live.query("INSERT INTO t VALUES (-1, 'after')")
    await live.same(follower, ['t'])
    let open: string | undefined
    for (const batch of follower.batches) {
      expect(batch.changes.length).toBeLessThanOrEqual(limits.rows)
      expect(batch.bytes).toBeLessThan(limits.bytes + 10_000)
      const ids = new Set(batch.changes.map(({ origin }) => origin.transaction.id))
      if (batch.position === undefined) expect(ids.size).toBe(1)
      // what follows a part of a transaction is its next part, or its end alone
      if (open !== undefined) expect([...ids].every((id) => id === open)).toBe(true)
      open = batch.position === undefined ? [...ids][0] : undefined
    }
    expect(follower.batches.filter((batch) => batch.open === 'transaction').length).toBeGreaterThanOrEqual(9)
    const orders = follower.changes
      .filter((change) => change.kind === 'insert' && change.table.name === 't')
      .map(({ origin }) => origin.order)
    expect(orders).toEqual([0, ...Array.from({ length: 5000 }, (_, i) => i), 0])
  })

test('a row that is updated while its table is not chosen is not read, and neither is a table made later', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE kept (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY); CREATE PUBLICATION everything FOR ALL TABLES`,
  )
  const follower = await streaming(live, {
    options: { 'table-name': 'kept|fence|later', 'debezium.publication.name': 'everything' },
  }).catch((failure) => failure)
  expect(follower).toMatchObject({ code: 'TABLE_NOT_FOUND' })
  const second = await streaming(live, {
    options: { 'table-name': '(kept|fence),late.*', 'debezium.publication.name': 'everything' },
  }).catch((failure) => failure)
  expect(second).toMatchObject({ code: 'TABLE_NOT_FOUND' })
  const third = await streaming(live, {
    options: { 'table-name': '(kept|fence|late.*)', 'debezium.publication.name': 'everything' },
  })
  await live.query(
    'INSERT INTO other VALUES (1); INSERT INTO kept VALUES (1); CREATE TABLE later (id int PRIMARY KEY); INSERT INTO later VALUES (1); INSERT INTO kept VALUES (2)',
  )
  await live.caughtUp(third)
  expect(texts(third)).toEqual(['#kept(id)', '+kept[1]', '+kept[2]'])
  expect(third.logs.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    expect.stringContaining('Table public.later matches table-name and was not there'),
  ])
})

test('an idle stream moves the slot on past what other databases write, and only when it is told to', async () => {
  await using live = await Live.of(15, `${fence}`)
  const follower = await streaming(live, { acknowledge: false, options: { 'heartbeat.interval.ms': 300 } })
  const [other] = await live.query('SELECT pg_current_wal_lsn()::text AS lsn')
  const confirmed = async () =>
    (
      await live.query(
        `SELECT confirmed_flush_lsn::text AS lsn, confirmed_flush_lsn >= '${other.lsn}' AS past FROM pg_replication_slots WHERE slot_name = '${live.slot}'`,
      )
    )[0]
  const before = await confirmed()
  await live.query('CREATE TABLE unrelated AS SELECT generate_series(1, 20000) AS i')
  await follower.until(
    () =>
      follower.batches.some(
        ({ changes }) =>
          changes.length === 0 && positionRules.compare(follower.batches[0]!.position!, follower.position!) === -1,
      ),
    'an idle position',
  )
  // what is written from now on lies behind it
  const { lsn } = JSON.parse(follower.position!) as { lsn: string }
  expect(await live.query(`SELECT '${lsn}'::pg_lsn <= pg_current_wal_lsn() AS written`)).toEqual([{ written: true }])
  expect((await confirmed()).lsn).toBe(before.lsn)
  await follower.source.acknowledge(follower.position!)
  await follower.until(async () => (await confirmed()).past, 'the slot')
})

test('committed-offset goes on where the slot stands, and latest-offset from now', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION dbz_publication FOR TABLE t, fence`,
  )
  await live.query(`SELECT pg_create_logical_replication_slot('${live.slot}', 'pgoutput'); INSERT INTO t VALUES (1)`)
  const committed = live.follow({ options: { 'scan.startup.mode': 'committed-offset' }, acknowledge: false })
  await live.caughtUp(committed)
  expect(texts(committed)).toEqual(['#t(id)', '+t[1]'])
  await committed.stop()
  const fromNow = await streaming(live)
  await live.query('INSERT INTO t VALUES (2)')
  await live.caughtUp(fromNow)
  expect(texts(fromNow)).toEqual(['#t(id)', '+t[2]'])
  expect([...fromNow.shapes.values()].map(tableName).sort()).toEqual(['public.fence', 'public.t'])
})
