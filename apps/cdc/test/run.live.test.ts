import { setTimeout as delay } from 'node:timers/promises'
import { postgresVersions } from '@cdc/servers'
import { describe, expect, test } from 'vitest'
import { LivePipeline } from './live.ts'

const schema = `
  CREATE TABLE accounts (id bigint PRIMARY KEY, owner text NOT NULL, balance numeric(12,2), opened date, tags text[]);
  INSERT INTO accounts SELECT i, 'owner ' || i, i / 7.0, date '2020-01-01' + (i % 900)::int, ARRAY['a', i::text]
    FROM generate_series(1, 20000) i;
  CREATE TABLE events (at timestamptz NOT NULL, what text NOT NULL);
  INSERT INTO events SELECT timestamptz '2024-01-01' + i * interval '1 s', 'event ' || i FROM generate_series(1, 5000) i;`

const changes = (round: number) => `
  UPDATE accounts SET balance = balance + ${round}, tags = tags || ARRAY['r${round}'] WHERE id % 97 = ${round};
  DELETE FROM accounts WHERE id % 89 = ${round};
  UPDATE accounts SET id = id + 100000 WHERE id % 83 = ${round} AND id < 100000;
  INSERT INTO accounts SELECT 200000 + ${round} * 1000 + i, 'new', i, NULL, NULL FROM generate_series(1, 200) i;
  INSERT INTO events SELECT now(), 'round ${round}, ' || i FROM generate_series(1, 100) i;`

describe.each(postgresVersions)('PostgreSQL %i', (version) => {
  test('a snapshot and every change after it arrive, and SIGTERM stops the run with 0', async () => {
    await using live = await LivePipeline.of(version, schema)
    await using run = live.start(live.file())
    await run.says('"streaming"')
    await live.at(changes(1))
    await live.same('accounts', 'events')
    run.signal('SIGTERM')
    expect(await run.exit()).toBe(0)
    expect(run.logs.at(-1)).toMatchObject({ reason: 'stopped' })
    expect(run.stderr).not.toContain('"level":"error"')
  })

  test('kill -9 at any moment loses and repeats nothing, also in a table without a key', async () => {
    await using live = await LivePipeline.of(version, schema)
    const file = live.file()
    for (const round of [1, 2, 3, 4]) {
      await using run = live.start(file)
      await run.says('pipeline starting')
      await live.at(changes(round))
      // not a wait for something: the moment of the kill is what varies
      await delay(150 * round)
      run.signal('SIGKILL')
      expect(await run.exit()).toBe('SIGKILL')
    }
    await using run = live.start(file)
    await run.says('"streaming"')
    await live.same('accounts', 'events')
    run.signal('SIGINT')
    expect(await run.exit()).toBe(0)
  })
})

describe('killed at a named place', () => {
  test.each([
    'slot.create:kill',
    'slot.created:kill',
    'snapshot.table:kill',
    'snapshot.table:kill:2',
    'snapshot.handover:kill',
    'sink.write:kill:2',
    'sink.flush:kill:2',
    'sink.commit:kill',
    'sink.commit:kill:3',
    'sink.committed:kill',
    'sink.committed:kill:3',
    'checkpoint.save:kill:2',
    'checkpoint.write:kill:2',
    'checkpoint.rename:kill:2',
    'checkpoint.dirsync:kill:2',
    'checkpoint.saved:kill:2',
    'acknowledge:kill',
    'acknowledge:kill:2',
  ])('%s: the next run makes the target equal', async (failpoint) => {
    await using live = await LivePipeline.of(15, schema)
    const file = live.file({ source: { 'scan.snapshot.parallelism': 2 } })
    {
      await using run = live.start(file, { CDC_FAILPOINTS: failpoint })
      await run.says('pipeline starting')
      // changes until the place was reached
      for (let round = 1; run.child.exitCode === null && run.child.signalCode === null && round < 60; round++) {
        await live.at(changes(round))
        await delay(200)
      }
      expect(await run.exit()).toBe('SIGKILL')
    }
    await using run = live.start(file)
    await live.at(changes(70))
    await run.says('"streaming"')
    await live.same('accounts', 'events')
    run.signal('SIGTERM')
    expect(await run.exit()).toBe(0)
  })
})

test('sinks of one pipeline, routes, metadata and state in a table work together', async () => {
  await using live = await LivePipeline.of(15, schema)
  const { host, port, user } = live.server
  await live.there('CREATE SCHEMA replica')
  const file = live.file({
    more: `metadata: {source_table: table_name}
routes: [{from: 'public.(.*)', to: replica.$1}]
state: postgresql://${user}:\${env:SECRET}@${host}:${port}/${live.target}
`,
  })
  await using run = live.start(file)
  await run.says('"streaming"')
  run.signal('SIGTERM')
  expect(await run.exit()).toBe(0)
  const [row] = await live.there('SELECT count(*)::int AS rows, min(source_table) AS name FROM replica.accounts')
  expect(row).toEqual({ rows: 20000, name: 'accounts' })
  const [state] = await live.there(`SELECT count(*)::int AS entries FROM cdc_state WHERE pipeline = '${live.name}'`)
  expect(state.entries).toBeGreaterThan(0)
})
