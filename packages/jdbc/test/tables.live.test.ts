import type { Column, Sink, Table } from '@cdc/core'
import { sharedPostgres } from '@cdc/servers'
import { afterEach, describe, expect, test } from 'vitest'
import { commit, int, snapshotOf, table, text, transactionOf } from './feed.ts'
import { context, TestTarget } from './target.ts'

describe('tables of the target', async () => {
  const target = await TestTarget.make(await sharedPostgres(15))
  const open: Sink[] = []
  let sinks = 0
  const start = async (more: Record<string, unknown> = {}, name = `sink${sinks++}`) => {
    const sink = target.sink(more).create(context(name))
    open.push(sink)
    await sink.open()
    await sink.position?.()
    return sink
  }
  afterEach(async () => {
    for (const sink of open.splice(0)) await sink.close()
  })
  const columnsOf = (name: string) =>
    target.run(
      `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS "notNull" FROM pg_attribute
       WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
      [name],
    )
  const withColumns = (of: Table, ...columns: Column[]): Table => ({ ...of, columns: [...of.columns, ...columns] })

  test('are created with the types of the source where they are known, else with the nearest', async () => {
    await target.run(`CREATE TYPE public.here AS ENUM ('a')`)
    const t: Table = {
      schema: 'made',
      name: 'Of "all"',
      key: [1, 0],
      columns: [
        { name: 'Id', type: { kind: 'int64' }, native: 'bigint', nullable: false },
        { name: 'part', type: { kind: 'string', length: 20 }, native: 'character varying(20)' },
        { name: 'price', type: { kind: 'decimal', precision: 10, scale: 2 }, native: 'numeric(10,2)', nullable: false },
        { name: 'at', type: { kind: 'timestamptz', precision: 3 }, native: 'timestamp(3) with time zone' },
        { name: 'here', type: { kind: 'enum' }, native: 'public.here' },
        { name: 'gone', type: { kind: 'enum' }, native: 'public.elsewhere' },
        { name: 'spans', type: { kind: 'other' }, native: 'int4range' },
        { name: 'prices', type: { kind: 'array', element: { kind: 'decimal' } }, native: 'numeric(10,2)[]' },
        { name: 'odd', type: { kind: 'int32' }, native: 'int unsigned' },
        { name: 'evil', type: { kind: 'string' }, native: 'text); DROP TABLE x; --' },
        { name: 'padless', type: { kind: 'string' }, native: 'bpchar' },
        { name: 'relation', type: { kind: 'other' }, native: 'regclass' },
      ],
    }
    const sink = await start()
    await commit(
      sink,
      snapshotOf(t, [
        ['1', 'a', '1.50', null, 'a', 'z', '[1,3)', ['1.10', null], 7, 'e', 'longer', 'not.here'].map((c, i) =>
          i === 0 ? 1n : c,
        ),
      ]),
    )
    expect(await columnsOf(`made."Of ""all"""`)).toEqual([
      { name: 'Id', type: 'bigint', notNull: true },
      { name: 'part', type: 'character varying(20)', notNull: true },
      { name: 'price', type: 'numeric(10,2)', notNull: true },
      { name: 'at', type: 'timestamp(3) with time zone', notNull: false },
      { name: 'here', type: 'here', notNull: false },
      { name: 'gone', type: 'text', notNull: false },
      { name: 'spans', type: 'int4range', notNull: false },
      { name: 'prices', type: 'numeric(10,2)[]', notNull: false },
      { name: 'odd', type: 'integer', notNull: false },
      { name: 'evil', type: 'text', notNull: false },
      { name: 'padless', type: 'bpchar', notNull: false },
      { name: 'relation', type: 'text', notNull: false },
    ])
  })

  test('get new columns with their constant defaults, wider types, and lose NOT NULL; again changes nothing', async () => {
    const before: Table = {
      ...table('t_evolve', { id: int }),
      columns: [
        { name: 'id', type: int, native: 'integer' },
        { name: 'n', type: int, native: 'integer', nullable: false },
        { name: 'old', type: text, native: 'text', nullable: false },
      ],
    }
    const sink = await start({}, 'evolver')
    await commit(sink, transactionOf({ schema: before }, { insert: [1, 1, 'x'], into: before }))
    const after: Table = {
      ...before,
      columns: [
        before.columns[0]!,
        { name: 'n', type: { kind: 'int64' }, native: 'bigint', nullable: true },
        { name: 'old', type: text, native: 'text', nullable: true },
        { name: 'state', type: text, native: 'public.gone_type', default: "'new'::public.gone_type", nullable: false },
        {
          name: 'at',
          type: { kind: 'timestamptz' },
          native: 'timestamp with time zone',
          default: 'now()',
          nullable: false,
        },
      ],
    }
    await commit(
      sink,
      transactionOf({ schema: after, previous: before }, { insert: [2, null, null, 'done', null], into: after }),
    )
    expect(await target.run('SELECT * FROM t_evolve ORDER BY id')).toEqual([
      { id: 1, n: '1', old: 'x', state: 'new', at: null },
      { id: 2, n: null, old: null, state: 'done', at: null },
    ])
    const shape = await columnsOf('t_evolve')
    const again = await start({}, 'evolver')
    await commit(again, transactionOf({ schema: before }, { insert: [3, 1, 'y'], into: before }))
    await commit(
      again,
      transactionOf({ schema: after, previous: before }, { insert: [4, 1n, 'y', 'z', null], into: after }),
    )
    const relaxed = shape.map((column) =>
      column.name === 'state' ? { ...column, notNull: expect.anything() } : column,
    )
    expect(await columnsOf('t_evolve')).toEqual(relaxed)
  })

  test('stop the pipeline where a column may have been renamed, and go on when the target was changed', async () => {
    const before = table('t_rename', { id: int, a: text })
    const after = table('t_rename', { id: int, b: text })
    const sink = await start({}, 'renamer')
    await commit(sink, transactionOf({ schema: before }, { insert: [1, 'x'], into: before }))
    await expect(commit(sink, transactionOf({ schema: after, previous: before }))).rejects.toMatchObject({
      code: 'COLUMN_RENAMED',
      hint: expect.stringContaining('ALTER TABLE "public"."t_rename" RENAME COLUMN "a" TO "b"'),
    })
    await sink.close()
    await target.run('ALTER TABLE t_rename RENAME a TO b')
    const again = await start({}, 'renamer')
    await commit(again, transactionOf({ schema: after, previous: before }, { insert: [2, 'y'], into: after }))
    expect(await target.run('SELECT count(b)::int FROM t_rename')).toEqual([{ count: 2 }])
  })

  test.each([
    ['is newer than the rows here', 'newer', (after: Table) => after],
    ['is older than the rows here', 'older', () => table('t_kept_older', { id: int })],
    ['is not known', 'unknown', () => undefined],
  ])(
    'tell a renamed column from a new one after a restart, though the shape that the source knows %s',
    async (...given) => {
      const [, which, known] = given
      const name = `t_kept_${which}`
      const before = table(name, { id: int, a: text })
      const after = table(name, { id: int, b: text })
      const sink = await start({}, `kept-${which}`)
      await commit(sink, transactionOf({ schema: before }, { insert: [1, 'x'], into: before }))
      await sink.close()
      const again = await start({}, `kept-${which}`)
      const previous = known(after)
      const step = { schema: after, ...(previous === undefined ? {} : { previous }) }
      await expect(commit(again, transactionOf(step, { insert: [2, 'y'], into: after }))).rejects.toMatchObject({
        code: 'COLUMN_RENAMED',
      })
      await again.close()
      await target.run(`ALTER TABLE ${name} RENAME a TO b`)
      await commit(await start({}, `kept-${which}`), transactionOf(step, { insert: [2, 'y'], into: after }))
      expect(await target.run(`SELECT * FROM ${name} ORDER BY id`)).toEqual([
        { id: 1, b: 'x' },
        { id: 2, b: 'y' },
      ])
    },
  )

  test('take changes from before a rename that come again after the target was changed into the renamed column', async () => {
    const before = table('t_renamed', { id: int, a: text })
    const after = table('t_renamed', { id: int, b: text })
    const later = table('t_renamed', { id: int, c: text })
    const sink = await start({}, 'renamed')
    await commit(sink, transactionOf({ schema: before }, { insert: [1, 'x'], into: before }))
    const steps = [
      { insert: [2, 'y'], into: before },
      { schema: after, previous: before },
      { insert: [3, 'z'], into: after },
      { schema: later, previous: after },
      { insert: [4, 'w'], into: later },
    ]
    const again = transactionOf({ schema: before, previous: before }, ...steps)
    await expect(commit(sink, transactionOf(...steps))).rejects.toMatchObject({ code: 'COLUMN_RENAMED' })
    await sink.close()
    await target.run('ALTER TABLE t_renamed RENAME a TO b')
    const second = await start({}, 'renamed')
    await expect(commit(second, again)).rejects.toMatchObject({ code: 'COLUMN_RENAMED' })
    await second.close()
    await target.run('ALTER TABLE t_renamed RENAME b TO c')
    await commit(await start({}, 'renamed'), again)
    expect(await target.run('SELECT * FROM t_renamed ORDER BY id')).toEqual([
      { id: 1, c: 'x' },
      { id: 2, c: 'y' },
      { id: 3, c: 'z' },
      { id: 4, c: 'w' },
    ])
  })

  test('have a column that came and was renamed in one transaction, for whoever is asked to rename it', async () => {
    const first = table('t_renamed_new', { id: int })
    const before = table('t_renamed_new', { id: int, a: text })
    const after = table('t_renamed_new', { id: int, b: text })
    const sink = await start({}, 'renamed-new')
    await commit(sink, transactionOf({ schema: first }, { insert: [1], into: first }))
    const steps = [
      { schema: before, previous: first },
      { insert: [2, 'y'], into: before },
      { schema: after, previous: before },
      { insert: [3, 'z'], into: after },
    ]
    await expect(commit(sink, transactionOf(...steps))).rejects.toMatchObject({ code: 'COLUMN_RENAMED' })
    await sink.close()
    await target.run('ALTER TABLE t_renamed_new RENAME a TO b')
    await commit(await start({}, 'renamed-new'), transactionOf(...steps))
    expect(await target.run('SELECT * FROM t_renamed_new ORDER BY id')).toEqual([
      { id: 1, b: null },
      { id: 2, b: 'y' },
      { id: 3, b: 'z' },
    ])
  })

  test.each([
    ['TABLE_MISSING', '', { 'sink.create-tables': 'never' }, 'CREATE TABLE "public"."t_bad"'],
    [
      'COLUMN_MISSING',
      'CREATE TABLE t_bad (id int PRIMARY KEY)',
      { 'sink.schema-evolution': 'none' },
      'ADD COLUMN "a" text',
    ],
    ['COLUMN_TYPE', 'CREATE TABLE t_bad (id int PRIMARY KEY, a int)', {}, 'ALTER COLUMN "a" TYPE text'],
    [
      'COLUMN_EXTRA',
      'CREATE TABLE t_bad (id int PRIMARY KEY, a text, must int NOT NULL)',
      {},
      'ALTER COLUMN "must" DROP NOT NULL',
    ],
    ['KEY_UNPROVEN', 'CREATE TABLE t_bad (id int, a text UNIQUE)', {}, 'ADD PRIMARY KEY ("id")'],
    ['TABLE_UNUSABLE', `CREATE VIEW t_bad AS SELECT 1 AS id, 'x'::text AS a`, {}, 'table-name'],
  ])(
    'that cannot be written give %s with the statement to run, and nothing is changed',
    async (code, sql, more, hint) => {
      const t = table('t_bad', { id: int, a: text })
      if (sql !== '') await target.run(sql)
      const sink = await start(more)
      const failure = commit(sink, transactionOf({ schema: t }, { insert: [1, 'x'], into: t }))
      await expect(failure).rejects.toMatchObject({ code, hint: expect.stringContaining(hint) })
      await sink.close()
      const checks = await target.sink(more).admin?.(context()).check([t])
      expect(checks?.at(-1)).toMatchObject({ status: 'failed', code })
      await target.run(code === 'TABLE_UNUSABLE' ? 'DROP VIEW t_bad' : 'DROP TABLE IF EXISTS t_bad')
    },
  )

  test('need rights, and the error says which to grant', async () => {
    const t = table('t_rights', { id: int, a: text })
    await target.run(`CREATE TABLE t_rights (id int PRIMARY KEY, a text); CREATE ROLE poor LOGIN PASSWORD 'poor';
      GRANT SELECT ON t_rights TO poor; CREATE SCHEMA poor AUTHORIZATION poor`)
    const sink = await start({ username: 'poor', password: 'poor', 'sink.state-table': 'poor.position' })
    await expect(commit(sink, transactionOf({ schema: t }, { insert: [1, 'x'], into: t }))).rejects.toMatchObject({
      code: 'RIGHT_MISSING',
      message: expect.stringContaining('INSERT, UPDATE, DELETE on public.t_rights'),
    })
    await sink.close()
    await target.run('DROP OWNED BY poor; DROP ROLE poor')
  })

  test.each([1, 60])('refuse a value with its column and without the value itself, among %i', async (count) => {
    const t = table(`t_value_${count}`, { id: int, small: { kind: 'int32' }, note: text })
    await target.run(`CREATE TABLE t_value_${count} (id int PRIMARY KEY, small smallint, note varchar(5))`)
    const rows = (bad: unknown[]) =>
      Array.from({ length: count }, (_, i) => ({ insert: (i === count - 1 ? bad : [i, 1, 'x']) as never, into: t }))
    for (const [column, bad] of [
      ['small', [99, 424242, 'x']],
      ['note', [99, 1, 'canary-canary']],
    ] as const) {
      const sink = await start()
      const failure: Error & { where?: unknown } = await commit(
        sink,
        transactionOf({ schema: t }, ...rows([...bad])),
      ).catch((cause) => cause)
      expect(failure).toMatchObject({ code: 'VALUE_REFUSED', kind: 'data' })
      if (count > 1) expect(failure.where).toMatchObject({ table: `public.t_value_${count}`, column })
      const shown = JSON.stringify([failure, failure.message, String(failure.cause), (failure.cause as Error)?.stack])
      expect(shown).not.toMatch(/canary|424242/)
      await sink.close()
    }
  })

  test('refuse a row that breaks a constraint, by its name', async () => {
    const t = table('t_check', { id: int, a: text })
    await target.run(`CREATE TABLE t_check (id int PRIMARY KEY, a text CONSTRAINT short CHECK (length(a) < 9))`)
    const sink = await start()
    const failure: Error = await commit(
      sink,
      transactionOf({ schema: t }, { insert: [1, 'canary-canary'], into: t }),
    ).catch((cause) => cause)
    expect(failure).toMatchObject({ code: 'CONSTRAINT_VIOLATED', where: { table: 'public.t_check' } })
    expect(`${failure.message}${failure.cause}`).not.toContain('canary')
  })

  test('with names of more than 63 bytes are refused', async () => {
    const t = table('ä'.repeat(32), { id: int })
    const sink = await start()
    await expect(commit(sink, transactionOf({ schema: t }))).rejects.toMatchObject({ code: 'IDENTIFIER_TOO_LONG' })
  })

  test('TRUNCATE is an error or nothing where the options say so', async () => {
    const t = table('t_truncate', { id: int })
    const skipping = await start({ 'sink.truncate': 'skip' })
    await commit(skipping, transactionOf({ schema: t }, { insert: [1], into: t }, { truncate: t }))
    expect(await target.run('SELECT count(*)::int FROM t_truncate')).toEqual([{ count: 1 }])
    const failing = await start({ 'sink.truncate': 'fail' })
    await expect(commit(failing, transactionOf({ truncate: t }))).rejects.toMatchObject({ code: 'TRUNCATE_REFUSED' })
  })

  test('are planned, checked and reset for the operator', async () => {
    const known = table('t_admin', { id: int, a: text })
    const added = withColumns(known, { name: 'b', type: text, native: 'text' })
    const sink = await start({}, 'admin')
    await commit(sink, transactionOf({ schema: known }, { insert: [1, 'x'], into: known }), 'here')
    await sink.close()
    const admin = target.sink().admin!(context('admin'))
    const fresh = table('t_fresh', { id: int })
    expect((await admin.plan([added, fresh])).map(({ sql }) => sql)).toEqual([
      'ALTER TABLE "public"."t_admin" ADD COLUMN "b" text',
      expect.stringMatching(/^CREATE TABLE "public"."t_fresh"/),
    ])
    expect(await admin.check([added, fresh])).toMatchObject([
      { name: 'connection to the target', status: 'ok' },
      { name: 'position', status: 'ok', message: 'here' },
      { status: 'ok' },
      { status: 'ok', message: 'public.t_fresh will be created' },
    ])
    expect(await target.run(`SELECT to_regclass('t_fresh') AS there`)).toEqual([{ there: null }])
    expect(await admin.reset([known, fresh], { rows: true })).toEqual(['Emptied public.t_admin', 'Forgot the position'])
    expect(await target.run('SELECT count(*)::int FROM t_admin')).toEqual([{ count: 0 }])
    const again = target.sink().create(context('admin'))
    open.push(again)
    await again.open()
    expect(await again.position?.()).toBeUndefined()
  })
})
