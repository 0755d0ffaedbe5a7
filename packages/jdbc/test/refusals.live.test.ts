import type { CdcError, Change, Row, RowChange, Sink, Table, Truncate } from '@cdc/core'
import { sharedPostgres } from '@cdc/servers'
import { afterEach, describe, expect, test } from 'vitest'
import { batch, commit, int, never, type Step, snapshotOf, table, text, transactionOf } from './feed.ts'
import { context, TestTarget } from './target.ts'

interface Refused {
  readonly change: RowChange | Truncate
  readonly error: CdcError
}

describe('changes that the target cannot take, where that is tolerated', async () => {
  const target = await TestTarget.make(await sharedPostgres(15))
  const open: Sink[] = []
  let sinks = 0
  const start = async (more: Record<string, unknown> = {}, seen?: () => Promise<void>) => {
    const refused: Refused[] = []
    const reject = async (change: RowChange | Truncate, error: CdcError) => {
      await seen?.()
      refused.push({ change, error })
    }
    const sink = target.sink(more).create({ ...context(`tolerant${sinks++}`), reject })
    open.push(sink)
    await sink.open()
    await sink.position?.()
    return { sink, refused }
  }
  afterEach(async () => {
    for (const sink of open.splice(0)) await sink.close()
  })
  const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))
  const ids = async (of: Table) => (await target.rows(of)).map(([id]) => Number(id)).sort((a, b) => a - b)
  const told = (refused: readonly Refused[]) =>
    refused.map(({ change, error }) => [
      change.kind === 'truncate' ? change.kind : change.kind === 'delete' ? change.before[0] : change.after[0],
      error.code,
    ])

  for (const count of [3, 300, 6000]) {
    test(`of ${count} rows those that do not fit are refused, each with its column, and no other`, async () => {
      const t = table(`r_long_${count}`, { id: int, note: text })
      await target.run(`CREATE TABLE r_long_${count} (id int PRIMARY KEY CHECK (id <> 2), note varchar(5))`)
      const { sink, refused } = await start()
      const bad = count - 1
      const steps = many(count, (i): Step => ({ insert: [i, i === bad ? 'too long' : 'ok'], into: t }))
      await commit(sink, [...transactionOf({ schema: t }, ...steps)])
      expect(told(refused)).toEqual(
        bad === 2
          ? [[2, 'VALUE_REFUSED']]
          : [
              [2, 'CONSTRAINT_VIOLATED'],
              [bad, 'VALUE_REFUSED'],
            ],
      )
      expect(refused.at(-1)!.error.message).not.toContain('too long')
      expect(await ids(t)).toEqual(many(count, (i) => i).filter((i) => i !== 2 && i !== bad))
    })
  }

  test('each of many transactions is taken or refused for itself, and a later change of a row heals it', async () => {
    const t = table('r_many', { id: int, note: text })
    await target.run('CREATE TABLE r_many (id int PRIMARY KEY, note varchar(5))')
    const { sink, refused } = await start()
    const changes: Change[] = [...transactionOf({ schema: t })]
    for (let i = 0; i < 200; i++)
      changes.push(...transactionOf({ insert: [i, i % 50 === 7 ? 'too long' : 'ok'], into: t }))
    changes.push(...transactionOf({ update: [57, 'short'], before: [57, 'too long'], of: t }))
    await commit(sink, changes)
    expect(told(refused).map(([id]) => id)).toEqual([7, 57, 107, 157])
    expect(await ids(t)).toEqual(many(200, (i) => i).filter((i) => ![7, 107, 157].includes(i)))
    // part of a row that is not there for that reason is refused too, and not an end
    await commit(sink, transactionOf({ update: [7, undefined], of: t }, { delete: [107, undefined], from: t }))
    const wide = table('r_many', { id: int, note: text, more: int })
    await commit(sink, transactionOf({ schema: wide, previous: t }, { update: [7, undefined, 1], of: wide }))
    expect(told(refused).at(-1)).toEqual([7, 'ROW_MISSING'])
  })

  test('rows and position are one transaction, and what is left out is kept elsewhere before it', async () => {
    const t = table('r_before', { id: int, note: text })
    await target.run('CREATE TABLE r_before (id int PRIMARY KEY, note varchar(5))')
    const seen: unknown[] = []
    const look = async () => void seen.push(...(await target.run('SELECT count(*)::int FROM r_before')))
    const { sink } = await start({}, look)
    const position = await commit(
      sink,
      transactionOf({ schema: t }, { insert: [1, 'a'], into: t }, { insert: [2, 'too long'], into: t }),
    )
    expect(seen).toEqual([{ count: 0 }])
    expect(await ids(t)).toEqual([1])
    const again = target.sink().create(context(`tolerant${sinks - 1}`))
    open.push(again)
    await again.open()
    expect(await again.position?.()).toBe(position)
  })

  test('where it cannot be kept, nothing is committed', async () => {
    const t = table('r_not_kept', { id: int, note: text })
    await target.run('CREATE TABLE r_not_kept (id int PRIMARY KEY, note varchar(5))')
    const { sink } = await start({}, () => Promise.reject(new Error('disk full')))
    const steps: Step[] = [{ schema: t }, { insert: [1, 'a'], into: t }, { insert: [2, 'too long'], into: t }]
    await expect(commit(sink, transactionOf(...steps))).rejects.toThrow('disk full')
    await sink.close()
    expect(await ids(t)).toEqual([])
  })

  test('a snapshot leaves out the rows that do not fit, of tables with a key and without one', async () => {
    for (const key of [['id'], []]) {
      const t = table(`r_snapshot_${key.length}`, { id: int, note: text }, key)
      await target.run(`CREATE TABLE ${t.name} (id int, note varchar(5)${key.length > 0 ? ', PRIMARY KEY (id)' : ''})`)
      const { sink, refused } = await start()
      const rows = (from: number): Row[] => many(3000, (i) => [from + i, (from + i) % 1000 === 500 ? 'too long' : 'ok'])
      const [schema, ...first] = snapshotOf(t, rows(0))
      await sink.write({ ...batch([schema!, ...first]), open: 'table' }, never)
      await sink.flush(undefined, never)
      const second = snapshotOf(t, rows(3000)).slice(1)
      await commit(sink, second)
      expect(told(refused).map(([id]) => id)).toEqual([500, 1500, 2500, 3500, 4500, 5500])
      expect(await ids(t)).toHaveLength(5994)
    }
  })

  test('what only looks wrong while a transaction is cut in halves is not refused', async () => {
    const parent = table('r_parent', { id: int, name: text })
    const child = table('r_child', { id: int, parent: int, note: text })
    await target.run(`CREATE TABLE r_parent (id int PRIMARY KEY, name varchar(5) UNIQUE DEFERRABLE INITIALLY IMMEDIATE);
      CREATE TABLE r_child (id int PRIMARY KEY, parent int REFERENCES r_parent, note varchar(5))`)
    const { sink, refused } = await start()
    const pair = (i: number): Step[] => [
      { insert: [i, `p${i}`], into: parent },
      { insert: [i, i, 'n'], into: child },
    ]
    await commit(sink, transactionOf({ schema: parent }, { schema: child }, ...many(40, pair).flat()))
    // children before parents, as a source with deferred constraints has it, and one row that is truly wrong
    const late = (i: number): Step[] => [{ insert: [i, i, i === 110 ? 'too long' : 'n'], into: child }]
    const steps = [
      ...many(20, (i) => late(100 + i)).flat(),
      ...many(20, (i): Step => ({ insert: [100 + i, `p${100 + i}`], into: parent })),
    ]
    await commit(sink, transactionOf(...steps))
    expect(told(refused)).toEqual([[110, 'VALUE_REFUSED']])
    expect(await ids(child)).toHaveLength(59)
    // an orphan is an orphan, whatever is beside it
    await commit(sink, transactionOf(...pair(200), { insert: [300, 999, 'n'], into: child }, ...pair(201)))
    expect(told(refused).slice(1)).toEqual([[300, 'CONSTRAINT_VIOLATED']])
    expect(await ids(parent)).toContain(201)
  })

  test('a unique value that is taken is refused, and values that are swapped beside it are not', async () => {
    const t = table('r_unique', { id: int, tag: text })
    await target.run('CREATE TABLE r_unique (id int PRIMARY KEY, tag text UNIQUE)')
    const { sink, refused } = await start()
    await commit(sink, transactionOf({ schema: t }, ...many(60, (i): Step => ({ insert: [i, `t${i}`], into: t }))))
    await target.run(`INSERT INTO r_unique VALUES (-1, 'foreign')`)
    await commit(
      sink,
      transactionOf(
        { update: [0, 'x'], of: t },
        { update: [1, 't0'], of: t },
        { update: [0, 't1'], of: t },
        { insert: [100, 'foreign'], into: t },
        ...many(50, (i): Step => ({ insert: [200 + i, `n${i}`], into: t })),
      ),
    )
    expect(told(refused)).toEqual([[100, 'CONSTRAINT_VIOLATED']])
    expect(await target.run('SELECT tag FROM r_unique WHERE id IN (0, 1) ORDER BY id')).toEqual([
      { tag: 't1' },
      { tag: 't0' },
    ])
    expect(await ids(t)).toHaveLength(111)
  })

  const deferredPair = async (name: string) => {
    const parent = table(`${name}_parent`, { id: int, name: text })
    const child = table(`${name}_child`, { id: int, parent: int })
    await target.run(`CREATE TABLE ${name}_parent (id int PRIMARY KEY, name text UNIQUE DEFERRABLE INITIALLY DEFERRED);
      CREATE TABLE ${name}_child (id int PRIMARY KEY,
        parent int REFERENCES ${name}_parent DEFERRABLE INITIALLY DEFERRED)`)
    return { parent, child }
  }

  test('a row that a deferred constraint minds only at COMMIT is refused, and what its transaction mends is not', async () => {
    const { parent, child } = await deferredPair('r_deferred')
    const { sink, refused } = await start()
    await commit(sink, transactionOf({ schema: parent }, { insert: [0, 'p0'], into: parent }))
    // one change alone: the quick way; its table is new in the middle of things
    await commit(sink, transactionOf({ schema: child }, { insert: [1, 999], into: child }))
    expect(told(refused)).toEqual([[1, 'CONSTRAINT_VIOLATED']])
    expect(refused[0]!.error.where.table).toBe('public.r_deferred_child')
    // children long before their parents, an orphan among them, and a name that is taken until the end but for one
    const changes = [
      ...transactionOf(
        ...many(50, (i): Step => ({ insert: [100 + i, i === 17 ? 998 : 100 + i], into: child })),
        ...many(50, (i): Step => ({ insert: [100 + i, i === 0 ? 'p0' : `n${i}`], into: parent })),
        { update: [0, 'moved'], before: [0, 'p0'], of: parent },
        { insert: [200, 'n7'], into: parent },
      ),
      ...transactionOf({ insert: [300, 'n300'], into: parent }, { insert: [300, 300], into: child }),
    ]
    const position = await commit(sink, changes)
    expect(told(refused).slice(1)).toEqual([
      [117, 'CONSTRAINT_VIOLATED'],
      [200, 'UNIQUE_SWAP'],
    ])
    expect(await ids(child)).toEqual([...many(50, (i) => 100 + i).filter((id) => id !== 117), 300])
    expect(await ids(parent)).toEqual([0, ...many(50, (i) => 100 + i), 300])
    const again = target.sink().create(context(`tolerant${sinks - 1}`))
    open.push(again)
    await again.open()
    expect(await again.position?.()).toBe(position)
  })

  test('a transaction of many batches is whole before deferred constraints are asked', async () => {
    const { parent, child } = await deferredPair('r_spread')
    const { sink, refused } = await start()
    const changes = transactionOf(
      { schema: child },
      ...many(6000, (i): Step => ({ insert: [i, i === 4321 ? -1 : i], into: child })),
      { schema: parent },
      ...many(6000, (i): Step => ({ insert: [i, `p${i}`], into: parent })),
    )
    for (let from = 0; from < 10_000; from += 2500)
      await sink.write({ ...batch(changes.slice(from, from + 2500)), open: 'transaction' }, never)
    await commit(sink, changes.slice(10_000))
    expect(told(refused)).toEqual([[4321, 'CONSTRAINT_VIOLATED']])
    expect(await ids(child)).toHaveLength(5999)
    expect(await ids(parent)).toHaveLength(6000)
  })

  test('what a deferred trigger raises is refused', async () => {
    const t = table('r_late', { id: int, note: text })
    await target.run(`CREATE TABLE r_late (id int PRIMARY KEY, note text);
      CREATE FUNCTION r_mind_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.note = 'bad' THEN RAISE 'no: %', NEW.note; END IF; RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER r_late AFTER INSERT ON r_late DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION r_mind_late();`)
    const { sink, refused } = await start()
    await commit(sink, transactionOf({ schema: t }, { insert: [1, 'bad'], into: t }))
    await commit(
      sink,
      transactionOf(...many(100, (i): Step => ({ insert: [10 + i, i % 60 === 50 ? 'bad' : 'ok'], into: t }))),
    )
    expect(told(refused).map(([id]) => id)).toEqual([1, 60])
    expect(await ids(t)).toHaveLength(99)
  })

  test('what a trigger raises is refused, one change or many', async () => {
    const t = table('r_trigger', { id: int, note: text })
    await target.run(`CREATE TABLE r_trigger (id int PRIMARY KEY, note text);
      CREATE FUNCTION r_mind() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.note = 'bad' THEN RAISE 'no: %', NEW.note; END IF; RETURN NEW; END $$;
      CREATE TRIGGER r_mind BEFORE INSERT OR UPDATE ON r_trigger FOR EACH ROW EXECUTE FUNCTION r_mind();`)
    const { sink, refused } = await start()
    await commit(sink, transactionOf({ schema: t }, { insert: [1, 'ok'], into: t }))
    await commit(sink, transactionOf({ insert: [2, 'bad'], into: t }))
    await commit(
      sink,
      transactionOf(...many(100, (i): Step => ({ insert: [10 + i, i === 50 ? 'bad' : 'ok'], into: t }))),
    )
    expect(told(refused)).toEqual([
      [2, 'STATEMENT_REFUSED'],
      [60, 'STATEMENT_REFUSED'],
    ])
    expect(await ids(t)).toHaveLength(100)
  })

  test('a TRUNCATE that sink.truncate forbids is set aside', async () => {
    const t = table('r_truncate', { id: int })
    const { sink, refused } = await start({ 'sink.truncate': 'fail' })
    await commit(
      sink,
      transactionOf({ schema: t }, { insert: [1], into: t }, { truncate: t }, { insert: [2], into: t }),
    )
    expect(told(refused)).toEqual([['truncate', 'TRUNCATE_REFUSED']])
    expect(await ids(t)).toEqual([1, 2])
  })

  test('every row may be wrong', async () => {
    const t = table('r_all', { id: int, note: text })
    await target.run('CREATE TABLE r_all (id int PRIMARY KEY, note varchar(1))')
    const { sink, refused } = await start()
    await commit(sink, transactionOf({ schema: t }, ...many(2500, (i): Step => ({ insert: [i, 'long'], into: t }))))
    expect(refused).toHaveLength(2500)
    expect(await ids(t)).toEqual([])
  })
})
