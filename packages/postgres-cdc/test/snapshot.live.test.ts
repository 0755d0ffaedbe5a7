import { armFailpoints, type Change } from '@cdc/core'
import { waitFor } from '@cdc/servers'
import { afterEach, expect, test } from 'vitest'
import { metadata, positionRules } from '../src/index.ts'
import { fence, Live, versions } from './live.ts'

afterEach(() => armFailpoints(undefined))

const marks = (changes: readonly Change[]) =>
  changes.filter((change) => change.kind === 'insert').map(({ table, origin }) => `${table.name}:${origin.snapshot}`)

/** Runs once, when the first table of a snapshot is about to be read: after its cut. */
function betweenCutAndRead(action: () => Promise<unknown>): void {
  let done: Promise<unknown> | undefined
  armFailpoints(async (name) => {
    if (name !== 'snapshot.table') return
    done ??= action()
    await done
  })
}

for (const version of versions)
  test(`PostgreSQL ${version}: tables stay equal while a snapshot is read under load, and after a restart in the middle`, async () => {
    await using live = await Live.of(
      version,
      `${fence} CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL, note text);
       INSERT INTO account SELECT i, 100, repeat('x', 100) FROM generate_series(1, 4000) i;
       CREATE TABLE ledger (id bigint PRIMARY KEY, entry text); ALTER TABLE ledger REPLICA IDENTITY FULL;
       INSERT INTO ledger SELECT i, 'e' || i FROM generate_series(1, 3000) i;`,
    )
    const writing = new AbortController()
    const writer = (async () => {
      const client = await live.server.client(live.database)
      for (let i = 1; !writing.signal.aborted; i++) {
        const [a, b] = [1 + ((i * 7) % 4000), 1 + ((i * 13) % 4000)]
        await client.query(
          `BEGIN; UPDATE account SET balance = balance - 1 WHERE id = ${a}; UPDATE account SET balance = balance + 1 WHERE id = ${b};
           INSERT INTO ledger VALUES (${10_000 + i}, 'new'); COMMIT;
           DELETE FROM ledger WHERE id = ${(i * 3) % 3000}; UPDATE ledger SET id = id + 1000000 WHERE id = ${(i * 17) % 3000}`,
        )
      }
      await client.end()
    })().catch(() => undefined)
    using _ = { [Symbol.dispose]: () => writing.abort() }
    const options = { limits: { rows: 500, bytes: 1 << 18 } }
    const first = live.follow({ ...options, onBatch: () => void (first.batches.length >= 12 && void first.stop()) })
    await first.failure()
    expect(first.position === undefined || !positionRules.settled(first.position)).toBe(true)
    // rows of a table that was not done leave no trace in a sink that takes tables whole
    for (const name of ['public.account', 'public.ledger'])
      if (
        !first.changes.some(
          (change) =>
            change.kind === 'insert' &&
            `public.${change.table.name}` === name &&
            /last/.test(change.origin.snapshot ?? ''),
        )
      )
        first.tables.delete(name)
    const second = live.follow({ ...options, previous: first })
    await second.until(() => second.reports.some(({ type }) => type === 'streaming'))
    writing.abort()
    await writer
    await live.same(second, ['account', 'ledger'])
    expect(second.rows('public.account').reduce((sum, row) => sum + Number(row.balance), 0)).toBe(400_000)
    await live.caughtUp(second)
    expect(positionRules.settled(second.position!)).toBe(true)
  })

for (const version of versions)
  test(`PostgreSQL ${version}: a large table is read by ranges without losing or repeating a row`, async () => {
    await using live = await Live.of(
      version,
      `CREATE TABLE wide (id int PRIMARY KEY, filler text); ALTER TABLE wide ALTER filler SET STORAGE PLAIN;
       INSERT INTO wide SELECT i, repeat('f', 3900) FROM generate_series(1, 20000) i; CREATE TABLE small (id int PRIMARY KEY);
       INSERT INTO small VALUES (1)`,
    )
    const follower = live.follow({
      options: { 'scan.startup.mode': 'snapshot' },
      limits: { rows: 5000, bytes: 4 << 20 },
    })
    expect(await follower.failure()).toBeUndefined()
    const seen = follower.changes.filter((change) => change.kind === 'insert' && change.table.name === 'wide')
    expect(seen.length).toBe(20_000)
    expect(follower.rows('public.wide').length).toBe(20_000)
    for (const batch of follower.batches) expect(batch.bytes).toBeLessThan(6 << 20)
    const marked = marks(follower.changes)
    expect(marked.filter((mark) => mark.endsWith('first') || mark.endsWith('last'))).toEqual([
      'small:first',
      'wide:last',
    ])
    expect(await live.query('SELECT * FROM pg_replication_slots WHERE database = current_database()')).toEqual([])
  })

test('transactions that wait for tables of a snapshot, and are waited for, get them', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1); CREATE TABLE b (id int PRIMARY KEY, filler text);
     INSERT INTO b SELECT i, repeat('f', 1000) FROM generate_series(1, 20000) i;`,
  )
  const client = await live.server.client(live.database)
  betweenCutAndRead(() => client.query('BEGIN; LOCK TABLE a'))
  const follower = live.follow({ limits: { rows: 100, bytes: 1 << 14 } })
  const held = `SELECT 1 FROM pg_locks WHERE relation = 'b'::regclass AND granted`
  await waitFor(async () => (await live.query(held)).length > 0)
  // whoever reads b waits for the turn of a, and whoever wants to read a for this transaction
  await client.query('LOCK TABLE b; COMMIT')
  await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
  await client.end()
  await live.same(follower, ['a', 'b'])
})

test('a transaction that queues behind the lock of a snapshot does not wait for ever', async () => {
  await using live = await Live.of(15, `${fence} CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1);`)
  let truncated: Promise<unknown> | undefined
  armFailpoints(async (name) => {
    if (name !== 'snapshot.locked' || truncated !== undefined) return
    truncated = live.query('TRUNCATE a; INSERT INTO a VALUES (2)')
    await waitFor(async () => (await live.query('SELECT 1 FROM pg_locks WHERE NOT granted')).length > 0)
  })
  const follower = live.follow({ options: { 'scan.snapshot.parallelism': 1 } })
  await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
  await truncated
  await live.same(follower, ['a'])
})

test('many small tables are locked and read together, and those that are in the way by themselves', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `t${String(i + 1).padStart(2, '0')}`)
  await using live = await Live.of(
    15,
    fence +
      names
        .map(
          (name, i) =>
            `CREATE TABLE ${name} (id int PRIMARY KEY); INSERT INTO ${name} SELECT generate_series(1, ${i % 4});`,
        )
        .join(''),
  )
  const client = await live.server.client(live.database)
  const inTheWay = async () => {
    await client.query('ALTER TABLE t02 ADD n int DEFAULT 1; INSERT INTO t02 VALUES (7, 7)')
    await client.query('BEGIN; LOCK TABLE t09')
  }
  let locked = 0
  let done: Promise<void> | undefined
  armFailpoints(async (name) => {
    if (name === 'snapshot.locked') locked++
    if (name !== 'snapshot.table') return
    done ??= inTheWay()
    await done
  })
  const follower = live.follow({ options: { 'scan.snapshot.parallelism': 1 } })
  await waitFor(
    async () =>
      (await live.query(`SELECT 1 FROM pg_locks WHERE relation = 't09'::regclass AND NOT granted`)).length > 0,
  )
  await client.query('INSERT INTO t09 VALUES (9); COMMIT')
  await client.end()
  await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
  await live.same(follower, names)
  const schemas = follower.texts('schema').filter((text) => text.startsWith('#t'))
  expect(schemas).toHaveLength(names.length)
  // with the fence in units of six: the first two also one by one, t02 once more under the new snapshot
  expect(locked).toBe(1 + 6 + 6 + 1 + 1 + 1)
})

test('every table is announced, and rows carry their place, also where tables are empty', async () => {
  await using live = await Live.of(
    15,
    `CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, t text); CREATE TABLE c (id int PRIMARY KEY);
     CREATE TABLE d (id int PRIMARY KEY); INSERT INTO b SELECT i, 'x' FROM generate_series(1, 3) i; INSERT INTO c VALUES (1)`,
  )
  const follower = live.follow({ options: { 'scan.startup.mode': 'snapshot' } })
  expect(await follower.failure()).toBeUndefined()
  expect(follower.texts('schema')).toEqual(['#a(id)', '#b(id,t)', '#c(id)', '#d(id)'])
  expect(marks(follower.changes)).toEqual(['b:first', 'b:true', 'b:last_in_data_collection', 'c:last'])
  const row = follower.changes.find((change) => change.kind === 'insert')!
  expect(metadata(row)).toEqual({
    table_name: 'b',
    schema_name: 'public',
    database_name: live.database,
    op_ts: 0,
    row_kind: '+I',
  })
  expect(row.origin.transaction.commit).toBe(row.origin.offset)
  expect(row.origin.order).toBe(0)
})

test('a table that is rewritten, altered or truncated after the cut is read under a new snapshot', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE rewritten (id int PRIMARY KEY, n int); INSERT INTO rewritten SELECT i, i FROM generate_series(1, 100) i;
     CREATE TABLE renamed (id int PRIMARY KEY, old text); INSERT INTO renamed VALUES (1, 'x');
     CREATE TABLE widened (id int PRIMARY KEY); INSERT INTO widened VALUES (1);
     CREATE TABLE emptied (id int PRIMARY KEY); INSERT INTO emptied VALUES (1);
     CREATE TABLE same (id int PRIMARY KEY, n int); INSERT INTO same VALUES (1, 1);
     CREATE TABLE dropped (id int PRIMARY KEY); INSERT INTO dropped VALUES (1);
     CREATE TABLE moved (id int PRIMARY KEY); INSERT INTO moved VALUES (1);`,
  )
  betweenCutAndRead(() =>
    live.query(
      `ALTER TABLE rewritten ALTER n TYPE bigint; ALTER TABLE same ALTER n TYPE int USING n * 10; ALTER TABLE renamed RENAME old TO new; ALTER TABLE widened ADD more int DEFAULT 7;
       TRUNCATE emptied; INSERT INTO emptied VALUES (2); DROP TABLE dropped; ALTER TABLE moved RENAME TO moved_on`,
    ),
  )
  const follower = live.follow()
  await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
  await live.same(follower, ['rewritten', 'same', 'renamed', 'widened', 'emptied', 'moved_on'])
  expect(follower.shapes.get('public.rewritten')!.columns[1]!.native).toBe('bigint')
  expect(follower.logs.map(({ message }) => message).join()).toContain('dropped')
  await live.caughtUp(follower)
  expect(positionRules.settled(follower.position!)).toBe(true)
})

for (const version of versions)
  test(`PostgreSQL ${version}: names of any kind, generated columns, no key and no column survive snapshot and stream`, async () => {
    const generated = version >= 12 ? ', twice int GENERATED ALWAYS AS (id * 2) STORED' : ''
    const virtual = version >= 18 ? ', thrice int GENERATED ALWAYS AS (id * 3) VIRTUAL' : ''
    await using live = await Live.of(
      version,
      `${fence} CREATE TABLE "a""b" ("id" int PRIMARY KEY, "__proto__" text, "con""structor" text, "é 😀" text);
       CREATE TABLE "constructor" (id int PRIMARY KEY, "Select" text${generated}${virtual});
       CREATE TABLE keyless (a int, b text); ALTER TABLE keyless REPLICA IDENTITY FULL;
       INSERT INTO "a""b" VALUES (1, 'p', 'q', 'r'); INSERT INTO "constructor" VALUES (1, 's'); INSERT INTO keyless VALUES (1, 'x'), (1, 'x');`,
    )
    const follower = live.follow()
    await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
    await live.query(
      `INSERT INTO "a""b" VALUES (2, 'p2', NULL, 'r2'); UPDATE "constructor" SET "Select" = E'tab\\there\\nand\\\\' WHERE id = 1; INSERT INTO keyless VALUES (2, 'y')`,
    )
    await live.same(follower, ['"a""b"'])
    expect(follower.rows('public.constructor')).toEqual([{ id: '1', Select: 'tab\there\nand\\' }])
    expect(
      follower
        .rows('public.keyless')
        .map(({ a }) => a)
        .sort(),
    ).toEqual(['1', '1', '2'])
    expect(follower.shapes.get('public.keyless')!.key).toEqual([])
  })

// 10 has neither keys of partitioned tables nor default partitions
for (const version of versions.filter((one) => one >= 11))
  test(`PostgreSQL ${version}: a partitioned table is one table, whatever the order of columns in its partitions`, async () => {
    await using live = await Live.of(
      version,
      `${fence} CREATE TABLE orders (id int, region text, note text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
       CREATE TABLE orders_eu PARTITION OF orders FOR VALUES IN ('eu');
       CREATE TABLE orders_us (note text, region text NOT NULL, id int NOT NULL, junk int); ALTER TABLE orders_us DROP junk;
       ALTER TABLE orders ATTACH PARTITION orders_us FOR VALUES IN ('us');
       CREATE TABLE orders_rest PARTITION OF orders DEFAULT PARTITION BY LIST (region);
       CREATE TABLE orders_asia PARTITION OF orders_rest FOR VALUES IN ('asia');
       INSERT INTO orders VALUES (1, 'eu', 'a'), (2, 'us', 'b'), (3, 'asia', 'c');`,
    )
    const follower = live.follow({ options: { 'table-name': 'orders.*,fence' } })
    await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
    await live.query(
      `INSERT INTO orders VALUES (4, 'us', 'd'), (5, 'asia', 'e'); UPDATE orders SET region = 'eu' WHERE id = 2; DELETE FROM orders WHERE id = 3`,
    )
    await live.same(follower, ['orders'])
    expect([...follower.tables.keys()].sort()).toEqual(['public.fence', 'public.orders'])
    await live.query("CREATE TABLE orders_af PARTITION OF orders_rest FOR VALUES IN ('af')")
    if (version < 13) await live.query('ALTER PUBLICATION dbz_publication ADD TABLE orders_af')
    await live.query(
      "INSERT INTO orders VALUES (6, 'af', 'f'); TRUNCATE orders; INSERT INTO orders VALUES (7, 'us', 'g')",
    )
    await live.same(follower, ['orders'])
    expect(follower.texts('truncate')).toEqual(['!orders'])
  })

for (const version of versions.filter((one) => one >= 15))
  test(`PostgreSQL ${version}: the snapshot takes what the publication takes: its rows, its columns`, async () => {
    const stored = version >= 18 ? ', doubled int GENERATED ALWAYS AS (n * 2) STORED' : ''
    await using live = await Live.of(
      version,
      `${fence} CREATE TABLE filtered (id int PRIMARY KEY, n int, hidden text${stored}); INSERT INTO filtered SELECT i, i, 'h' FROM generate_series(1, 10) i;
       CREATE PUBLICATION chosen FOR TABLE fence, TABLE filtered (id, n${version >= 18 ? ', doubled' : ''}) WHERE (id > 5)`,
    )
    const follower = live.follow({ options: { 'debezium.publication.name': 'chosen', 'table-name': 'filtered,fence' } })
    await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
    await live.query('INSERT INTO filtered VALUES (-3, 3), (11, 11); UPDATE filtered SET n = 60 WHERE id = 6')
    await live.caughtUp(follower)
    const rows = follower.rows('public.filtered')
    expect(rows.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual([6, 7, 8, 9, 10, 11])
    expect(Object.keys(rows[0]!).includes('hidden')).toBe(false)
    expect(follower.texts('schema').filter((text) => text.startsWith('#filtered'))).toHaveLength(1)
    if (version >= 18) expect(rows.every((row) => Number(row.doubled) === 2 * Number(row.n))).toBe(true)
  })

test('a start that died after it had made the slot is taken up, without losing what happened since', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1), (2, 2)`,
  )
  armFailpoints((name) => {
    if (name === 'snapshot.table') throw new Error('killed')
  })
  await live.follow().failure()
  armFailpoints(undefined)
  await live.query('DELETE FROM t WHERE id = 1; UPDATE t SET n = 20; INSERT INTO t VALUES (3, 3)')
  const follower = live.follow()
  await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
  await live.same(follower, ['t'])
  // what the snapshot holds does not come again
  expect(follower.texts().filter((text) => /^.t/.test(text) && !text.startsWith('#'))).toEqual(['+t[2,20]', '+t[3,3]'])
})

test('with overlap every change after the log position comes, for sinks that leave out what they hold', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1)`,
  )
  armFailpoints((name) => {
    if (name === 'snapshot.table') throw new Error('killed')
  })
  await live.follow().failure()
  armFailpoints(undefined)
  await live.query('UPDATE t SET n = 10')
  const follower = live.follow({ overlap: true })
  await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
  await live.caughtUp(follower)
  expect(follower.texts().filter((text) => /^.t/.test(text) && !text.startsWith('#'))).toEqual([
    '+t[1,10]',
    '~t->[1,10]',
  ])
  const update = follower.changes.find((change) => change.kind === 'update')!
  // where the snapshot ends and the stream begins
  const handover = follower.batches.find(({ position }) => position !== undefined && !position.includes('snapshot'))!
    .position!
  expect([positionRules.contains(handover, true)(update), positionRules.contains(handover, false)(update)]).toEqual([
    true,
    false,
  ])
})

test('the options of Debezium that concern the snapshot work', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE t (id int PRIMARY KEY, n int, secret text); INSERT INTO t VALUES (1, 1, 's'), (2, 2, 's'); CREATE TABLE u (id int PRIMARY KEY, a int NOT NULL, b int); INSERT INTO u VALUES (1, 1, 1)`,
  )
  const follower = live.follow({
    options: {
      'debezium.snapshot.select.statement.overrides': 'public.t',
      'debezium.snapshot.select.statement.overrides.public.t': 'SELECT * FROM public.t WHERE id > 1;',
      'debezium.column.exclude.list': 'public.t.secret,public\\.t\\.i.',
      'debezium.snapshot.include.collection.list': 'public.t,public.fence',
      'debezium.message.key.columns': '(.*).u:a',
      'debezium.skipped.operations': 'd',
    },
  })
  await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
  await live.query("UPDATE t SET secret = 'x' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO u VALUES (2, 2, 2)")
  await live.caughtUp(follower)
  expect(follower.texts().filter((text) => !text.includes('fence'))).toEqual([
    '#t(id,n)',
    '+t[2,2]',
    '~t->[1,1]',
    '#u(id,a,b)',
    '+u[2,2,2]',
  ])
  expect(follower.shapes.get('public.u')!.key).toEqual([1])
})
