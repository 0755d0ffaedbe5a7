import { setTimeout as delay } from 'node:timers/promises'
import { postgresVersions, waitFor } from '@cdc/servers'
import { describe, expect, test } from 'vitest'
import { LivePipeline } from './live.ts'

const schema = `
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  CREATE TABLE accounts (id bigint PRIMARY KEY, owner text, balance numeric, opened timestamptz, tags text[], feeling mood, doc jsonb, raw bytea, ratio float8, ok boolean, code char(4));
  INSERT INTO accounts SELECT i, 'o' || i, i / 8.0, timestamptz '2020-01-01' + i * interval '1 h', ARRAY['a', NULL], 'ok', '{"a": 1.50}', '\\x00ff', i / 3.0::float8, i % 2 = 0, 'ab'
    FROM generate_series(1, 25000) i;
  CREATE TABLE named (name text, part int, at date, v int, PRIMARY KEY (name, part));
  INSERT INTO named SELECT chr(65 + i % 26) || CASE WHEN i % 2 = 0 THEN 'é' ELSE '_' END || i % 100, i, '2020-01-01', i FROM generate_series(1, 3000) i;
  CREATE TABLE log (what text, n int);
  INSERT INTO log SELECT 'x', i FROM generate_series(1, 500) i;`

async function filled(live: LivePipeline, file: string): Promise<void> {
  await using run = live.start(file)
  await live.same('accounts', 'named', 'log')
  run.signal('SIGTERM')
  expect(await run.exit()).toBe(0)
}

describe.each(postgresVersions)('PostgreSQL %i', (version) => {
  test('equal tables are equal; what is missing, extra or different is listed by key, without values, and repaired', async () => {
    await using live = await LivePipeline.of(version, schema)
    const file = live.file()
    await filled(live, file)
    const equal = await live.command(['verify', file])
    expect([equal.code, equal.stdout]).toEqual([
      0,
      'jdbc: public.accounts  25,000 rows  equal\njdbc: public.log  500 rows  equal\njdbc: public.named  3,000 rows  equal\n',
    ])
    await live.there(`DELETE FROM accounts WHERE id IN (7, 24000); INSERT INTO accounts (id, owner) VALUES (-5, 'extra');
      UPDATE accounts SET owner = 'secret', balance = 1 WHERE id = 12000; UPDATE named SET v = -1 WHERE part = 77;
      INSERT INTO named VALUES ('zz', 1, NULL, 1); DELETE FROM log WHERE n = 9;`)
    const { code, stdout } = await live.command(['verify', file, '--wait', '0'])
    expect(code).toBe(1)
    expect(stdout).toContain('accounts  25,000 rows  4 rows differ\n')
    for (const line of [
      'missing    id=7',
      'missing    id=24000',
      'extra      id=-5',
      'different  id=12000  owner, balance',
    ])
      expect(stdout).toContain(`  ${line}\n`)
    expect(stdout).toContain('named  3,000 rows  2 rows differ\n')
    expect(stdout).toContain('log  500 rows  not equal (500 rows at the source, 499 at the target)\n')
    expect(stdout).not.toContain('secret')
    const shown = await live.command(['verify', file, '--wait', '0', '--table', 'public.accounts', '--values'])
    expect(shown.stdout).toContain('owner: "o12000" → "secret"')
    const json = await live.command(['verify', file, '--wait', '0', '--json'])
    expect(JSON.parse(json.stdout)[0]).toMatchObject({ table: 'public.accounts', missing: 2, extra: 1, different: 1 })

    // the pipeline runs meanwhile
    await live.there("INSERT INTO log VALUES ('x', 9)")
    await using run = live.start(file)
    await run.says('"streaming"')
    // an idle pipeline says where it is every 10 s; one with something to do at once
    const ticks = setInterval(() => void live.at(`INSERT INTO log VALUES ('tick', 0)`), 200)
    const keyed = ['--table', 'public.(accounts|named)']
    const repaired = await live.command(['verify', file, '--repair', '--yes', ...keyed])
    clearInterval(ticks)
    expect([repaired.code, repaired.stdout]).toEqual([0, expect.stringContaining('  4 repaired\n')])
    await live.same('accounts', 'named', 'log')
    await live.at('UPDATE accounts SET balance = 5 WHERE id < 100')
    await live.same('accounts')
    run.signal('SIGTERM')
    expect(await run.exit()).toBe(0)
  })
})

test('under load lag is no difference, and a difference is one', async () => {
  await using live = await LivePipeline.of(15, schema)
  const file = live.file()
  await using run = live.start(file)
  await live.same('accounts', 'named', 'log')
  await live.there(`UPDATE named SET v = -1 WHERE part = 1500`)
  let loading = true
  const load = (async () => {
    for (let i = 0; loading; i++) {
      await live.at(`UPDATE accounts SET balance = balance + 1 WHERE id % 50 = ${i % 50};
        DELETE FROM accounts WHERE id = ${20000 + i}; INSERT INTO named VALUES ('new', ${10000 + i}, NULL, ${i}); INSERT INTO log VALUES ('y', ${i})`)
      await delay(20)
    }
  })()
  try {
    const { code, stdout } = await live.command(['verify', file])
    expect(stdout).toMatch(/accounts {2}[\d,]+ rows {2}equal/)
    expect(stdout).toMatch(/named {2}[\d,]+ rows {2}1 rows differ\n {2}different {2}name=\S+, part=1500 {2}v\n/)
    expect(code).toBe(1)
    const repair = await live.command(['verify', file, '--repair', '--yes', '--table', 'public.named'])
    expect([repair.code, repair.stdout]).toEqual([0, expect.stringContaining('  1 repaired\n')])
  } finally {
    loading = false
    await load
  }
  await live.same('accounts', 'named', 'log')
  run.signal('SIGTERM')
  expect(await run.exit()).toBe(0)
  expect(run.stderr).not.toContain('"level":"error"')
})

test('a pipeline that stands still and is behind is told from differences, and nothing is repaired then', async () => {
  await using live = await LivePipeline.of(15, schema)
  const file = live.file()
  await filled(live, file)
  await live.at(`UPDATE accounts SET owner = 'later' WHERE id = 3`)
  const { code, stderr, stdout } = await live.command(['verify', file, '--wait', '300ms', '--repair', '--yes'])
  expect(code).toBe(1)
  expect(stdout).toContain('0 repaired; 1 were not')
  expect(stderr).toContain('is it running? What differs may be lag.')
  expect(await live.there('SELECT owner FROM accounts WHERE id = 3')).toEqual([{ owner: 'o3' }])
})

test('other types at the target, another name and a column of its own are no difference', async () => {
  await using live = await LivePipeline.of(
    15,
    `CREATE TABLE t (id int PRIMARY KEY, price numeric(10,2), day date, doc json, note varchar(9), code char(3));
    INSERT INTO t SELECT i, i / 4.0, '2020-02-02', '{"b": 1, "a":2}', 'n', 'x' FROM generate_series(1, 300) i`,
  )
  await live.there(
    `CREATE SCHEMA r; CREATE TABLE r.t (id bigint PRIMARY KEY, price numeric, day timestamp, doc jsonb, note text, code char(5), own int DEFAULT 1)`,
  )
  const file = live.file({ more: 'routes: [{from: public.(.*), to: r.$1}]\n' })
  await using run = live.start(file)
  await waitFor(async () => (await live.there('SELECT count(*)::int n FROM r.t'))[0].n === 300, {
    describe: 'the rows',
  })
  const { code, stdout } = await live.command(['verify', file])
  expect([code, stdout]).toEqual([0, 'jdbc: public.t → r.t  300 rows  equal\n'])
  run.signal('SIGTERM')
  await run.exit()
})

test('what cannot be compared is a coded error', async () => {
  await using live = await LivePipeline.of(15, schema)
  const file = live.file()
  expect((await live.command(['verify', file])).stderr).toContain('VERIFY_IMPOSSIBLE The target has no table')
  expect((await live.command(['verify', file, '--sink', 'x'])).stderr).toContain('There are: jdbc.')
  const print = live.file({ sink: { connector: 'print', url: undefined, username: undefined, password: undefined } })
  expect((await live.command(['verify', print])).stderr).toContain('NOT_SUPPORTED')
})
