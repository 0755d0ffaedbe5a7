import type { PositionParts, Sink } from '@cdc/core'
import { sharedPostgres } from '@cdc/servers'
import { afterEach, describe, expect, test } from 'vitest'
import { commit, int, type Step, table, text, transactionOf } from './feed.ts'
import { context, TestTarget } from './target.ts'

/** Positions `a=1,b=2`. */
const parts: PositionParts = {
  parts: (position) => new Map(position.split(',').map((part) => [part.split('=')[0]!, part])),
  join: (all) => [...all.values()].sort().join(),
}

describe('a position in parts', async () => {
  const target = await TestTarget.make(await sharedPostgres(15))
  const open: Sink[] = []
  const start = async (name: string, shared = true) => {
    const sink = target.sink().create({ ...context(name), parts: { ...parts, shared } })
    open.push(sink)
    await sink.open()
    return { sink, position: await sink.position?.() }
  }
  afterEach(async () => {
    for (const sink of open.splice(0)) await sink.close()
  })
  const ledger = (name: string) => table(name, { id: int, by: text }, [])
  const rows = (into: ReturnType<typeof table>, by: string, count = 1) =>
    transactionOf({ schema: into }, ...Array.from({ length: count }, (_, i): Step => ({ insert: [i, by], into })))
  const writers = (name: string) => target.run(`SELECT by, count(*)::int FROM ${name} GROUP BY by ORDER BY by`)

  test('is moved by several processes side by side, each its own parts', async () => {
    const t = ledger('t_side')
    const [one, two] = [await start('side'), await start('side')]
    expect([one.position, two.position]).toEqual([undefined, undefined])
    await commit(one.sink, rows(t, 'one'), 'a=1,b=1')
    await commit(two.sink, rows(t, 'two', 200), 'c=1')
    await commit(one.sink, rows(t, 'one', 200), 'a=2,b=1')
    await commit(two.sink, rows(t, 'two'), 'c=2')
    expect((await start('side')).position).toBe('a=2,b=1,c=2')
    expect(await writers('t_side')).toEqual([
      { by: 'one', count: 201 },
      { by: 'two', count: 201 },
    ])
  })

  test.each([1, 200])('is kept from a process that has lost a part: of %i rows nothing stays', async (count) => {
    const name = `lost${count}`
    const t = ledger(name)
    const { sink: late } = await start(name)
    await commit(late, rows(t, 'late', count), 'a=1,b=1')
    const { sink: next } = await start(name)
    // who takes over says so with its first flush, though nothing has moved
    await commit(next, [], 'b=1')
    await expect(commit(late, rows(t, 'late', count), 'a=2,b=2')).rejects.toMatchObject({
      code: 'PART_TAKEN',
      kind: 'rewind',
    })
    await commit(next, rows(t, 'next', count), 'b=2')
    expect((await start(name)).position).toBe('a=1,b=2')
    const { sink: rest } = await start(name)
    await commit(rest, rows(t, 'rest', count), 'a=2')
    expect(await writers(name)).toEqual([
      { by: 'late', count },
      { by: 'next', count },
      { by: 'rest', count },
    ])
  })

  test('is begun by one of two that find a part new', async () => {
    const t = ledger('t_new')
    const [one, two] = [await start('new'), await start('new')]
    await commit(one.sink, rows(t, 'one'), 'a=1')
    await expect(commit(two.sink, rows(t, 'two'), 'a=1')).rejects.toMatchObject({ code: 'PART_TAKEN' })
    expect(await writers('t_new')).toEqual([{ by: 'one', count: 1 }])
  })

  test('takes over a whole one, and becomes whole again, with the process before fenced each time', async () => {
    const t = ledger('t_turn')
    const whole = await start('turn', false)
    await commit(whole.sink, rows(t, 'whole'), 'a=1,b=1')
    const shared = await start('turn')
    const other = await start('turn')
    expect(shared.position).toBe('a=1,b=1')
    await commit(shared.sink, rows(t, 'shared'), 'a=2')
    await expect(commit(other.sink, rows(t, 'other'), 'b=2')).rejects.toMatchObject({ code: 'PART_TAKEN' })
    await expect(commit(whole.sink, rows(t, 'whole'), 'a=2,b=1')).rejects.toMatchObject({ code: 'POSITION_CONFLICT' })
    const again = await start('turn', false)
    expect(again.position).toBe('a=2,b=1')
    await commit(again.sink, rows(t, 'again'), 'a=3,b=3')
    await expect(commit(shared.sink, rows(t, 'shared'), 'a=3')).rejects.toMatchObject({ code: 'PART_TAKEN' })
    expect((await start('turn', false)).position).toBe('a=3,b=3')
    expect((await writers('t_turn')).map(({ by }) => by)).toEqual(['again', 'shared', 'whole'])
  })

  test('does not keep two processes from making a table at once: one of them tries again', async () => {
    const t = ledger('t_made')
    const begun = await start('made')
    await commit(begun.sink, [], 'x=1')
    const settled = await Promise.allSettled(
      ['a=1', 'b=1', 'c=1'].map(async (position) => commit((await start('made')).sink, rows(t, position), position)),
    )
    const failed = settled.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    for (const { reason } of failed) expect(reason).toMatchObject({ kind: 'rewind' })
    expect(await writers('t_made')).toHaveLength(3 - failed.length)
    await expect(
      target.sink().admin!({ ...context('made'), parts: { ...parts, shared: true } }).reset!([], { rows: false }),
    ).resolves.toEqual(['Forgot the position'])
    expect((await start('made')).position).toBeUndefined()
  })
})
