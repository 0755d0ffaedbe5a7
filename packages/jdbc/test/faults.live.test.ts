import { armFailpoints, CdcError, type Sink } from '@cdc/core'
import { sharedPostgres, startPostgres, startProxy, waitFor } from '@cdc/servers'
import { afterEach, describe, expect, test } from 'vitest'
import { batch, commit, int, never, type Step, table, text, transactionOf } from './feed.ts'
import { context, TestTarget } from './target.ts'

describe('faults', async () => {
  const server = await sharedPostgres(15)
  const target = await TestTarget.make(server)
  const proxy = await startProxy(server)
  const open: Sink[] = []
  const start = async (name: string, more: Record<string, unknown> = {}) => {
    const sink = target.sink(more, proxy.port).create(context(name))
    open.push(sink)
    await sink.open()
    const position = await sink.position?.()
    return { sink, position }
  }
  afterEach(async () => {
    armFailpoints(undefined)
    proxy.resume()
    for (const sink of open.splice(0)) await sink.close()
  })
  const ledger = table('ledger', { writer: int, entry: int }, [])

  /** Runs a pipeline of an append-only ledger that rewinds on every error, as the runtime does; gives the errors. */
  async function runLedger(
    writer: number,
    batches: number,
    rows: number,
    disturb: (done: number) => void | Promise<void>,
  ) {
    const codes = new Set<string>()
    for (let attempt = 0; attempt < 60; attempt++) {
      try {
        const { sink, position } = await start(`ledger${writer}`)
        for (let n = position === undefined ? 0 : Number(position) + 1; n < batches; n++) {
          const steps = Array.from({ length: rows }, (_, i): Step => ({ insert: [writer, n * rows + i], into: ledger }))
          await disturb(n)
          await commit(sink, transactionOf({ schema: ledger }, ...steps), String(n))
        }
        return codes
      } catch (cause) {
        if (!CdcError.is(cause) || !['rewind', 'connection', 'throttled'].includes(cause.kind)) throw cause
        codes.add(cause.code)
        proxy.resume()
        for (const sink of open.splice(0)) await sink.close()
      }
    }
    throw new Error('The ledger does not get on')
  }
  async function expectExact(writer: number, entries: number) {
    const found = await target.run(
      `SELECT count(*)::int, count(DISTINCT entry)::int AS distinct FROM ledger WHERE writer = ${writer}`,
    )
    expect(found).toEqual([{ count: entries, distinct: entries }])
  }

  for (const rows of [3, 100]) {
    test(`an answer to COMMIT that is swallowed neither loses nor repeats (${rows} rows a batch)`, async () => {
      const writer = 100 + rows
      let commits = 0
      armFailpoints((name) => {
        if (name !== 'sink.commit' || ++commits % 4 !== 0) return
        // the COMMIT arrives, and its answer does not
        proxy.stall('down')
        setTimeout(() => proxy.reset(), 60)
      })
      const codes = await runLedger(writer, 12, rows, () => {})
      expect([...codes]).toEqual(['COMMIT_UNKNOWN'])
      await expectExact(writer, 12 * rows)
    })

    test(`a COMMIT that never arrives neither loses nor repeats (${rows} rows a batch)`, async () => {
      const writer = 200 + rows
      let commits = 0
      armFailpoints((name) => {
        if (name !== 'sink.commit' || ++commits % 4 !== 0) return
        proxy.stall('up')
        setTimeout(() => proxy.reset(), 60)
      })
      expect([...(await runLedger(writer, 12, rows, () => {}))]).toEqual(['COMMIT_UNKNOWN'])
      await expectExact(writer, 12 * rows)
    })

    test(`sessions that are ended at each step leave an exact ledger (${rows} rows a batch)`, async () => {
      const writer = 300 + rows
      let [step, due, gap] = [0, 3, 3]
      armFailpoints(async () => {
        if (++step < due) return
        // longer each time, so that every step has its turn and something is done in the end
        due = step + ++gap
        await target.terminate()
      })
      const codes = await runLedger(writer, 12, rows, () => {})
      for (const code of codes) expect(['COMMIT_UNKNOWN', 'TARGET_SHUTDOWN', 'TARGET_CONNECTION_LOST']).toContain(code)
      await expectExact(writer, 12 * rows)
    })
  }

  test('of two processes the one that comes second to a commit stops, and nothing of it is kept', async () => {
    const t = table('t_fence', { id: int, a: text })
    const { sink: first } = await start('fence')
    await commit(first, transactionOf({ schema: t }, { insert: [1, 'first'], into: t }))
    for (const count of [1, 100]) {
      const { sink: second } = await start('fence')
      const rows = (from: number, who: string) =>
        Array.from({ length: count }, (_, i): Step => ({ insert: [from + i, who], into: t }))
      await second.write(batch(transactionOf({ schema: t }, ...rows(1000 * count, 'second')), 'x'), never)
      await commit(first, transactionOf(...rows(2000 * count, 'first')))
      await expect(second.flush('x', never)).rejects.toMatchObject({ code: 'POSITION_CONFLICT', kind: 'conflict' })
    }
    expect(await target.run('SELECT DISTINCT a FROM t_fence')).toEqual([{ a: 'first' }])
  })

  test('of two first writers one stops', async () => {
    const t = table('t_first', { id: int })
    const { sink: one } = await start('first')
    const { sink: two } = await start('first')
    await commit(one, transactionOf({ schema: t }, { insert: [1], into: t }))
    await expect(commit(two, transactionOf({ schema: t }, { insert: [2], into: t }))).rejects.toMatchObject({
      code: 'POSITION_CONFLICT',
    })
  })

  test('an earlier process that still holds the position is named', async () => {
    const { sink } = await start('held')
    await commit(sink, transactionOf({ schema: ledger }))
    const holder = await server.client(target.database)
    await holder.query(`BEGIN`)
    await holder.query(`SELECT 1 FROM cdc_position WHERE sink = 'held' FOR UPDATE`)
    const [{ pid }] = (await holder.query('SELECT pg_backend_pid() AS pid')).rows
    await expect(start('held')).rejects.toMatchObject({
      code: 'POSITION_LOCKED',
      kind: 'throttled',
      hint: expect.stringContaining(`pg_terminate_backend(${pid})`),
    })
    await holder.end()
  })

  test.each([2, 100])('a deadlock is tried again by the sink itself, with %i rows', async (count) => {
    const t = table(`t_deadlock_${count}`, { id: int, a: text })
    const { sink } = await start('deadlock')
    const update = (a: string) => Array.from({ length: count }, (_, id): Step => ({ update: [id, a], of: t }))
    await commit(sink, transactionOf({ schema: t }, ...update('0')))
    const other = await server.client(target.database)
    // the sink finds the deadlock, since the other one waits longer before it looks
    await other.query(`BEGIN; SET deadlock_timeout = '60s'; UPDATE t_deadlock_${count} SET a = 'theirs' WHERE id = 1`)
    const writing = commit(sink, transactionOf(...update('1')))
    await waitFor(
      async () =>
        (
          await target.run(
            `SELECT 1 FROM pg_locks l JOIN pg_stat_activity USING (pid) WHERE NOT granted AND application_name = 'cdc'`,
          )
        ).length > 0,
      { timeout: 5000, describe: 'the sink to wait for the row' },
    )
    await other.query(`UPDATE t_deadlock_${count} SET a = 'theirs' WHERE id = 0; COMMIT`)
    await other.end()
    await writing
    expect(await target.run(`SELECT a, count(*)::int FROM t_deadlock_${count} GROUP BY 1`)).toEqual([{ a: '1', count }])
  })

  test('a target that is restarted is found again', async () => {
    await using own = await startPostgres({ version: 15 })
    const there = await TestTarget.make(own)
    const t = table('t_restart', { id: int })
    const sink = there.sink().create(context())
    await sink.open()
    await sink.position?.()
    await commit(sink, transactionOf({ schema: t }, { insert: [1], into: t }), 'one')
    await own.restart('fast')
    const failure = await commit(sink, transactionOf({ insert: [2], into: t })).catch((cause) => cause)
    expect(['rewind', 'connection']).toContain(failure.kind)
    await sink.close()
    const again = there.sink().create(context())
    await again.open()
    expect(await again.position?.()).toBe('one')
    await again.close()
  })
})
