import type { Cell, Change, Row, Sink, Table } from '@cdc/core'
import { postgresVersions, sharedPostgres } from '@cdc/servers'
import { Random } from '@cdc/testkit'
import { afterEach, describe, expect, test } from 'vitest'
import { batch, commit, int, never, type Step, snapshotOf, table, text, transactionOf } from './feed.ts'
import { context, TestTarget } from './target.ts'

describe.each(postgresVersions.map((version) => ({ version })))('on PostgreSQL $version', async ({ version }) => {
  const target = await TestTarget.make(await sharedPostgres(version))
  const open: Sink[] = []
  let sinks = 0
  const start = async (more: Record<string, unknown> = {}) => {
    const sink = target.sink(more).create(context(`sink${sinks++}`))
    open.push(sink)
    await sink.open()
    await sink.position?.()
    return sink
  }
  afterEach(async () => {
    for (const sink of open.splice(0)) await sink.close()
  })
  const rows = async (of: Table) => (await target.rows(of)).sort((a, b) => String(a[0]).localeCompare(String(b[0])))
  const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))

  for (const unique of [false, true]) {
    for (const size of [4, 120]) {
      const name = `t_reduce_${unique}_${size}`
      test(`random changes of ${size} keys ${unique ? 'under a second unique index ' : ''}end as one by one`, async () => {
        const t = table(name, { id: int, tag: text, note: text, n: int })
        if (unique)
          await target.run(
            `CREATE TABLE ${name} (id int PRIMARY KEY, tag text UNIQUE, note text, n int, own text DEFAULT 'kept')`,
          )
        const sink = await start()
        const model = new Map<number, Row>()
        const random = new Random(size * 7 + (unique ? 1 : 0))
        for (let round = 0; round < 30; round++) {
          const changes: Change[] = []
          for (let i = 0; i < random.int(1, 8); i++) changes.push(...randomTransaction(random, t, model, size))
          await commit(sink, [...transactionOf({ schema: t }), ...changes])
          const found = new Map((await target.rows(t)).map((row) => [row[0] as number, row]))
          expect(new Map([...found].sort((a, b) => a[0] - b[0])), `round ${round}`).toEqual(
            new Map([...model].sort((a, b) => a[0] - b[0])),
          )
        }
      })
    }
  }

  test('rows of a deferrable key move up by one, with cells that only the target knows', async () => {
    const t = table('t_shift', { id: int, note: text })
    await target.run(`CREATE TABLE t_shift (id int PRIMARY KEY DEFERRABLE, note text, own text)`)
    const sink = await start()
    await commit(sink, transactionOf({ schema: t }, ...many(1000, (i) => ({ insert: [i, `n${i}`], into: t }))))
    await target.run(`UPDATE t_shift SET own = 'o' || id`)
    const shift = many(1000, (i): Step => ({ update: [i + 1, undefined], before: [i, undefined], of: t }))
    await commit(sink, transactionOf(...shift))
    const found = await target.run(
      `SELECT count(*)::int, bool_and(note = 'n' || (id - 1) AND own = 'o' || (id - 1)) ok FROM t_shift`,
    )
    expect(found).toEqual([{ count: 1000, ok: true }])
  })

  test('a deferrable key is no hindrance for inserts, updates and deletes in any number', async () => {
    const t = table('t_deferrable', { id: int, note: text })
    await target.run('CREATE TABLE t_deferrable (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, note text)')
    const sink = await start()
    for (const count of [3, 300]) {
      await commit(sink, transactionOf({ schema: t }, ...many(count, (i) => ({ insert: [i, 'a'], into: t }))))
      await commit(sink, transactionOf(...many(count, (i) => ({ update: [i, 'b'], of: t }))))
      expect(await target.run('SELECT note, count(*)::int FROM t_deferrable GROUP BY 1')).toEqual([
        { note: 'b', count },
      ])
      await commit(sink, transactionOf(...many(count, (i) => ({ delete: [i, undefined], from: t }))))
    }
    expect(await rows(t)).toEqual([])
  })

  test('rows swap unique values in one batch, few and many', async () => {
    const t = table('t_swap', { id: int, email: text })
    await target.run('CREATE TABLE t_swap (id int PRIMARY KEY, email text UNIQUE)')
    const sink = await start()
    for (const count of [2, 100]) {
      await commit(
        sink,
        transactionOf({ schema: t }, { truncate: t }, ...many(count, (i) => ({ insert: [i, `e${i}`], into: t }))),
      )
      await commit(
        sink,
        transactionOf(
          { update: [0, 'free'], of: t },
          ...many(count - 1, (i): Step => ({ update: [i + 1, `e${i}`], of: t })),
          { update: [0, `e${count - 1}`], of: t },
        ),
      )
      const wrong = await target.run(`SELECT * FROM t_swap WHERE email <> 'e' || ((id + ${count - 1}) % ${count})`)
      expect(wrong).toEqual([])
    }
  })

  test('parents come before children and go after them, in one batch', async () => {
    const parent = table('t_parent', { id: int, name: text })
    const child = table('t_child', { id: int, parent: int })
    await target.run(`CREATE TABLE t_parent (id int PRIMARY KEY, name text);
      CREATE TABLE t_child (id int PRIMARY KEY, parent int NOT NULL REFERENCES t_parent ON DELETE CASCADE)`)
    const sink = await start()
    const one = (i: number): Step[] => [
      { insert: [i, 'p'], into: parent },
      { insert: [i, i], into: child },
    ]
    await commit(sink, transactionOf({ schema: child }, { schema: parent }, ...many(200, one).flat()))
    expect(await rows(child)).toHaveLength(200)
    // children move to new parents, whose old ones then go: a cascade must take none of them
    const move = (i: number): Step[] => [
      { insert: [i + 1000, 'q'], into: parent },
      { update: [i, i + 1000], of: child },
      { delete: [i, undefined], from: parent },
    ]
    await commit(sink, transactionOf(...many(100, move).flat()))
    await commit(
      sink,
      transactionOf({ delete: [150, undefined], from: child }, { delete: [150, undefined], from: parent }),
    )
    expect(await target.run('SELECT count(*)::int, sum(parent)::int FROM t_child')).toEqual([
      { count: 199, sum: 119_750 },
    ])
    expect(await target.run('SELECT count(*)::int FROM t_parent')).toEqual([{ count: 199 }])
  })

  test('unique values are swapped beside tables that foreign keys tie together', async () => {
    const parent = table('t_tied_parent', { id: int, n: int })
    const child = table('t_tied_child', { id: int, parent: int })
    const seat = table('t_tied_seat', { id: int, place: int })
    await target.run(`CREATE TABLE t_tied_parent (id int PRIMARY KEY, n int); CREATE TABLE t_tied_seat (id int PRIMARY KEY, place int UNIQUE);
      CREATE TABLE t_tied_child (id int PRIMARY KEY, parent int REFERENCES t_tied_parent)`)
    const sink = await start()
    const seats = many(3, (i): Step => ({ insert: [i, i], into: seat }))
    await commit(sink, transactionOf({ schema: parent }, { schema: child }, { schema: seat }, ...seats))
    await commit(
      sink,
      transactionOf(
        { insert: [1, 0], into: parent },
        { insert: [1, 1], into: child },
        { update: [0, 1], of: seat },
        { update: [1, 2], of: seat },
        { update: [2, 0], of: seat },
        { delete: [1, 1], from: child },
        { delete: [1, 0], from: parent },
        { insert: [2, 0], into: parent },
        { insert: [3, 2], into: child },
      ),
    )
    expect(await rows(seat)).toEqual([
      [0, 1],
      [1, 2],
      [2, 0],
    ])
    expect(await rows(child)).toEqual([[3, 2]])
  })

  test('a key that children point at changes in place', async () => {
    const parent = table('t_renumbered', { id: int, name: text })
    await target.run(`CREATE TABLE t_renumbered (id int PRIMARY KEY, name text);
      CREATE TABLE t_renumbered_child (id int REFERENCES t_renumbered ON UPDATE CASCADE)`)
    const sink = await start()
    await commit(sink, transactionOf({ schema: parent }, { insert: [1, 'kept'], into: parent }))
    await target.run('INSERT INTO t_renumbered_child VALUES (1)')
    await commit(sink, transactionOf({ update: [2, undefined], before: [1, undefined], of: parent }))
    expect(await rows(parent)).toEqual([[2, 'kept']])
    expect(await target.run('SELECT id FROM t_renumbered_child')).toEqual([{ id: 2 }])
  })

  test('tables that point at each other are written in the order of the source', async () => {
    const left = table('t_left', { id: int, right: int })
    const right = table('t_right', { id: int, left: int })
    await target.run(`CREATE TABLE t_left (id int PRIMARY KEY, "right" int); CREATE TABLE t_right (id int PRIMARY KEY, "left" int REFERENCES t_left);
      ALTER TABLE t_left ADD FOREIGN KEY ("right") REFERENCES t_right`)
    const sink = await start()
    const one = (i: number): Step[] => [
      { insert: [i, null], into: left },
      { insert: [i, i], into: right },
      { update: [i, i], of: left },
    ]
    await commit(sink, transactionOf({ schema: left }, { schema: right }, ...many(50, one).flat()))
    expect(await target.run('SELECT count("right")::int FROM t_left')).toEqual([{ count: 50 }])
  })

  test('TRUNCATE empties tables together, and by DELETE where others point at one', async () => {
    const a = table('t_trunc_a', { id: int })
    const b = table('t_trunc_b', { id: int })
    await target.run(`CREATE TABLE t_trunc_a (id int PRIMARY KEY); CREATE TABLE t_trunc_b (id int PRIMARY KEY REFERENCES t_trunc_a);
      CREATE TABLE t_trunc_c (id int REFERENCES t_trunc_b)`)
    const sink = await start()
    const fill = [{ schema: a }, { schema: b }, { insert: [1], into: a }, { insert: [1], into: b }] as const
    await commit(sink, transactionOf(...fill, { truncate: a }, { truncate: b }, { insert: [2], into: a }))
    expect(await rows(a)).toEqual([[2]])
    expect(await rows(b)).toEqual([])
  })

  test('a key of all columns, a generated column and an identity ALWAYS are written as they should', async () => {
    const pair = table('t_pair', { a: int, b: int }, ['a', 'b'])
    const special = table('t_special', { id: int, twice: int, serial: int, note: text })
    const generated = version >= 12 ? 'GENERATED ALWAYS AS (id * 2) STORED' : ''
    await target.run(`CREATE TABLE t_pair (a int, b int, PRIMARY KEY (a, b));
      CREATE TABLE t_special (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, twice int ${generated}, serial int, note text)`)
    const sink = await start()
    for (const count of [2, 60]) {
      const insert = (i: number): Step[] => [
        { insert: [i, i + 1], into: pair },
        { insert: [i, i * 2, i, 'a'], into: special },
      ]
      const update = (i: number): Step[] => [
        { update: [i, i + 2], before: [i, i + 1], of: pair },
        { update: [i, i * 2, i, 'b'], of: special },
      ]
      await commit(
        sink,
        transactionOf({ schema: pair }, { schema: special }, { truncate: pair }, { truncate: special }),
      )
      await commit(sink, transactionOf(...many(count, insert).flat()))
      await commit(sink, transactionOf(...many(count, update).flat()))
      expect(await target.run(`SELECT note, sum(twice)::int s FROM t_special GROUP BY 1`)).toEqual([
        { note: 'b', s: count * (count - 1) },
      ])
      expect(await target.run('SELECT count(*)::int FROM t_pair WHERE b = a + 2')).toEqual([{ count }])
    }
  })

  test('a number that changes its scale is the same key, few and many', async () => {
    const t = table('t_loose', { id: { kind: 'decimal' }, note: text })
    const sink = await start()
    for (const count of [1, 60]) {
      await commit(
        sink,
        transactionOf({ schema: t }, { truncate: t }, ...many(count, (i) => ({ insert: [`${i}.0`, 'a'], into: t }))),
      )
      await commit(
        sink,
        transactionOf(
          ...many(count, (i): Step => ({ update: [`${i}.00`, 'b'], before: [`${i}.0`, undefined], of: t })),
        ),
      )
      expect(await target.run(`SELECT count(*)::int, count(DISTINCT id)::int d FROM t_loose WHERE note = 'b'`)).toEqual(
        [{ count, d: count }],
      )
    }
  })

  test('rows of a table without a key are appended, and a change of one is refused', async () => {
    const t = table('t_keyless', { a: int, b: text }, [])
    const sink = await start()
    await commit(sink, transactionOf({ schema: t }, ...many(50, () => ({ insert: [1, 'x'], into: t }))))
    expect(await rows(t)).toHaveLength(50)
    await expect(commit(sink, transactionOf({ update: [1, 'y'], before: [1, 'x'], of: t }))).rejects.toMatchObject({
      code: 'KEY_MISSING',
      message: expect.stringContaining('please declare primary key for sink table'),
    })
  })

  test('an update of part of a row that is missing is an error, few and many; a whole one heals it', async () => {
    const t = table('t_drift', { id: int, a: text, b: text })
    for (const count of [1, 60]) {
      const sink = await start()
      await commit(sink, transactionOf({ schema: t }, ...many(count, (i) => ({ insert: [i, 'a', 'b'], into: t }))))
      await target.run('DELETE FROM t_drift WHERE id = 0')
      await commit(sink, transactionOf(...many(count, (i) => ({ update: [i, 'c', 'd'], of: t }))))
      expect(await rows(t)).toHaveLength(count)
      await target.run('DELETE FROM t_drift WHERE id = 0')
      const partly = transactionOf(...many(count, (i): Step => ({ update: [i, 'e', undefined], of: t })))
      await expect(commit(sink, partly)).rejects.toMatchObject({
        code: 'ROW_MISSING',
        where: { table: 'public.t_drift' },
      })
      await sink.close()
      await target.run('TRUNCATE t_drift')
    }
  })

  test('a snapshot goes over rows of somebody else, and replaces rows of its own', async () => {
    const t = table('t_snapshot', { id: int, a: text })
    await target.run(
      `CREATE TABLE t_snapshot (id int PRIMARY KEY, a text); INSERT INTO t_snapshot VALUES (1, 'old'), (99, 'theirs')`,
    )
    const over = await start()
    await commit(
      over,
      snapshotOf(
        t,
        many(100, (i) => [i, 'new']),
      ),
    )
    expect(await target.run(`SELECT a, count(*)::int FROM t_snapshot GROUP BY 1`)).toEqual([{ a: 'new', count: 100 }])

    const own = table('t_own', { id: int, a: text })
    const first = target.sink().create(context('own'))
    open.push(first)
    await first.open()
    expect(await first.position?.()).toBeUndefined()
    await commit(
      first,
      snapshotOf(
        own,
        many(100, (i) => [i, 'one']),
      ),
    )
    await target.sink().admin?.(context('own')).reset([own], { rows: false })
    const second = target.sink().create(context('own'))
    open.push(second)
    await second.open()
    expect(await second.position?.()).toBeUndefined()
    await commit(
      second,
      snapshotOf(
        own,
        many(50, (i) => [i, 'two']),
      ),
    )
    expect(await target.run(`SELECT a, count(*)::int FROM t_own GROUP BY 1`)).toEqual([{ a: 'two', count: 50 }])
  })

  test('one target transaction holds a source transaction of several batches', async () => {
    const t = table('t_spanning', { id: int, a: text })
    const sink = await start()
    const changes = transactionOf({ schema: t }, ...many(12_000, (i) => ({ insert: [i, 'a'], into: t })))
    for (let from = 0; from < changes.length; from += 2000) {
      await sink.write(batch(changes.slice(from, from + 2000)), never)
      await sink.flush(undefined, never)
    }
    expect(await rows(t)).toEqual([])
    await sink.flush('end', never)
    expect(await target.run('SELECT count(*)::int FROM t_spanning')).toEqual([{ count: 12_000 }])
  })
})

/** A transaction that the source could have made: it changes the model, and gives what would be sent. */
function randomTransaction(random: Random, t: Table, model: Map<number, Row>, size: number): Change[] {
  const steps: Step[] = []
  const tag = (id: number) => `tag${id}`
  const keys = () => [...model.keys()]
  for (let i = 0; i < random.int(1, 6); i++) {
    const present = keys()
    const id = random.int(0, size - 1)
    const kind = random.int(0, 6)
    const note = (): Cell => (random.chance(0.2) ? null : `note ${random.int(0, 1e6)}`)
    if (kind <= 1 && !model.has(id) && ![...model.values()].some((row) => row[1] === tag(id))) {
      const row = [id, tag(id), note(), random.int(0, 9)]
      model.set(id, row)
      steps.push({ insert: row, into: t })
    } else if (present.length === 0) {
    } else if (kind === 2) {
      const gone = random.pick(present)
      model.delete(gone)
      steps.push({ delete: [gone, undefined, undefined, undefined], from: t })
    } else if (kind === 3 && present.length > 1) {
      // two rows swap their tags by way of a free one
      const [a, b] = [random.pick(present), random.pick(present)]
      if (a === b) continue
      const [rowA, rowB] = [model.get(a)!, model.get(b)!]
      steps.push({ update: [a, 'free', undefined, rowA[3]], of: t })
      steps.push({ update: [b, rowA[1], rowB[2], rowB[3]], of: t })
      steps.push({ update: [a, rowB[1], undefined, rowA[3]], of: t })
      model.set(a, [a, rowB[1], rowA[2], rowA[3]])
      model.set(b, [b, rowA[1], rowB[2], rowB[3]])
    } else if (kind === 4 && !model.has(id)) {
      const from = random.pick(present)
      const old = model.get(from)!
      model.delete(from)
      model.set(id, [id, ...old.slice(1)])
      steps.push({
        update: [id, old[1], random.chance(0.5) ? undefined : old[2], old[3]],
        before: [from, undefined, undefined, undefined],
        of: t,
      })
    } else if (kind === 5 && present.length > 1) {
      // two rows swap their keys, under a deferrable key
      const [a, b] = [random.pick(present), random.pick(present)]
      if (a === b) continue
      const [rowA, rowB] = [model.get(a)!, model.get(b)!]
      steps.push({ update: [b, rowA[1], rowA[2], rowA[3]], before: [a, undefined, undefined, undefined], of: t })
      steps.push({ update: [a, rowB[1], undefined, rowB[3]], before: [b, undefined, undefined, undefined], of: t })
      model.set(b, [b, rowA[1], rowA[2], rowA[3]])
      model.set(a, [a, rowB[1], rowB[2], rowB[3]])
    } else {
      const changed = random.pick(present)
      const old = model.get(changed)!
      const next = [changed, old[1], random.chance(0.5) ? old[2] : note(), random.int(0, 9)]
      const sent = next[2] === old[2] && random.chance(0.7) ? undefined : next[2]
      model.set(changed, next)
      steps.push({ update: [changed, next[1], sent, next[3]], of: t })
    }
  }
  return transactionOf(...steps)
}
