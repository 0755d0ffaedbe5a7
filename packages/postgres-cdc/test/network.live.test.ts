import { CdcError } from '@cdc/core'
import { startProxy, waitFor } from '@cdc/servers'
import { expect, test } from 'vitest'
import type { Follower } from './follower.ts'
import { fence, Live } from './live.ts'

test('packets that are split anywhere change nothing', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t SELECT i, 'é' || i FROM generate_series(1, 500) i`,
  )
  const proxy = await startProxy(live.server)
  try {
    proxy.fragment(7)
    const follower = live.follow({ options: { port: proxy.port } })
    await follower.until(() => follower.reports.some(({ type }) => type === 'streaming'))
    await live.query("UPDATE t SET s = s || '😀' WHERE id <= 100; DELETE FROM t WHERE id > 450")
    await live.same(follower, ['t'])
    await follower.stop()
  } finally {
    await proxy.close()
  }
})

test('connections that break again and again, in the snapshot and in the stream, lose nothing', async () => {
  await using live = await Live.of(
    15,
    `${fence} CREATE TABLE a (id int PRIMARY KEY, s text); INSERT INTO a SELECT i, repeat('a', 100) FROM generate_series(1, 2000) i;
     CREATE TABLE b (id int PRIMARY KEY, s text); INSERT INTO b SELECT i, repeat('b', 100) FROM generate_series(1, 2000) i;
     CREATE TABLE ledger (id int PRIMARY KEY)`,
  )
  const proxy = await startProxy(live.server)
  let previous: Follower | undefined
  let cuts = 0
  try {
    for (let attempt = 0; attempt < 12; attempt++) {
      const follower = live.follow({ previous, options: { port: proxy.port }, limits: { rows: 300, bytes: 1 << 20 } })
      // a sink that takes tables whole holds nothing of one that was not done
      const whole = new Set(follower.tables.keys())
      proxy.cutAfter(150_000 + attempt * 60_000)
      await live.query(
        `INSERT INTO ledger SELECT ${attempt} * 1000 + i FROM generate_series(1, 300) i; UPDATE a SET s = s || '.' WHERE id % 12 = ${attempt}`,
      )
      await waitFor(
        () =>
          follower.ended !== undefined ||
          follower.rows('public.ledger').some(({ id }) => id === String(attempt * 1000 + 300)),
        { describe: 'the end of an attempt' },
      )
      if (follower.ended === undefined) await follower.stop()
      else {
        cuts++
        expect(
          CdcError.is(follower.ended.failure) && follower.ended.failure.kind,
          String(follower.ended.failure),
        ).toMatch(/connection|throttled|rewind/)
      }
      for (const [name] of follower.tables) {
        const done = follower.position !== undefined && isDone(follower, name)
        if (!done && !whole.has(name)) follower.tables.delete(name)
      }
      previous = follower
    }
    const last = live.follow({ previous })
    await live.same(last, ['a', 'b', 'ledger'])
    expect(cuts).toBeGreaterThan(2)
  } finally {
    await proxy.close()
  }
})

/** Does the position say that the table's snapshot is in? */
function isDone(follower: Follower, name: string): boolean {
  const { snapshot } = JSON.parse(follower.position!) as { snapshot?: { pending: string } }
  if (snapshot === undefined) return true
  return follower.changes.some(
    (change) =>
      change.kind === 'insert' &&
      `${change.table.schema}.${change.table.name}` === name &&
      /last/.test(change.origin.snapshot ?? ''),
  )
}
