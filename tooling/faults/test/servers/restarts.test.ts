import { startPostgres, startProxy, waitFor } from '@cdc/servers'
import { describe, expect, test, vi } from 'vitest'
import { Rig } from './rig.ts'

vi.setConfig({ testTimeout: 240_000 })

describe('a pipeline goes on by itself and is exact when', async () => {
  const [source, target] = await Promise.all([startPostgres({ version: 18 }), startPostgres({ version: 15 })])
  const rig = await Rig.of({ source, target })
  const run = rig.start()

  /** Writes before, while and after something happens, and expects all of it to arrive once. */
  async function through(happens: () => Promise<unknown>, streamsAnew = true): Promise<void> {
    await run.streaming()
    const streams = run.count('streaming')
    await rig.write()
    await happens()
    await rig.write()
    if (streamsAnew) await run.streaming(streams + 1)
    await rig.same()
    expect(run.ended).toBe(false)
  }

  test.each(['fast', 'immediate'] as const)('the source is restarted: %s', (mode) =>
    through(() => source.restart(mode)),
  )

  test.each(['fast', 'immediate'] as const)('the target is restarted: %s', (mode) =>
    through(() => target.restart(mode)),
  )

  test('the source is down for longer than the first attempts take', () =>
    through(async () => {
      await source.halt('immediate')
      const failures = run.codes.length
      await waitFor(() => run.codes.length > failures + 4)
      await source.start()
    }))

  test('the walsender is ended', () =>
    through(async () => rig.at(`SELECT pg_terminate_backend(${(await rig.pids('walsender'))[0]})`)))

  test('the ordinary session is ended', () =>
    through(async () => rig.at(`SELECT pg_terminate_backend(${(await rig.pids('client backend'))[0]})`)))

  test('the session at the target is ended', () =>
    through(() =>
      rig.there(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      ),
    ))

  test('the session at the target is ended in the middle of a transaction', () =>
    through(async () => {
      // the target is in the middle of it for as long as a lock is held
      const holder = await target.client(rig.targetDatabase)
      await holder.query('BEGIN; LOCK TABLE items')
      await rig.write(30_000, 100)
      await waitFor(
        async () => {
          const [waiting] = await rig.there(
            `SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'items'::regclass LIMIT 1`,
          )
          return waiting && rig.there(`SELECT pg_terminate_backend(${waiting.pid})`)
        },
        { describe: 'the sink to wait for the lock', timeout: 120_000 },
      )
      await holder.end()
    }))

  test.each(['source', 'target'] as const)('the %s is frozen for a while', (which) =>
    through(async () => {
      const server = which === 'source' ? source : target
      const writing = rig.write(5000)
      server.signal('SIGSTOP')
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      server.signal('SIGCONT')
      await writing
    }, false),
  )

  test.each([
    ['source', 'fast'],
    ['source', 'immediate'],
    ['target', 'fast'],
    ['target', 'immediate'],
  ] as const)('the %s is restarted in the middle of the snapshot: %s', async (which, mode) => {
    await using other = await Rig.of({
      source,
      target,
      sql: `INSERT INTO ledger SELECT -i, repeat('x', 100) FROM generate_series(100, 20000) i;
        INSERT INTO items SELECT i, repeat('x', 100) FROM generate_series(1000, 20000) i`,
    })
    await using proxy = await startProxy(source)
    // slow enough to be met in the middle
    proxy.throttle(300_000, 'down')
    const first = other.start({ source: { port: proxy.port } })
    await first.until(
      () => first.reports.some((report) => report.type === 'snapshot-progress' && report.rows > 0),
      'rows of the snapshot',
    )
    expect(first.count('snapshot-finished')).toBe(0)
    await (which === 'source' ? source : target).restart(mode)
    proxy.resume()
    await other.write()
    await first.streaming()
    await other.same()
    await first.stop()
    expect(first.count('snapshot-started')).toBe(2)
  })

  test('it has been one run, and nothing is left', async () => {
    await run.stop()
    await rig[Symbol.asyncDispose]()
    expect(await source.query('SELECT slot_name FROM pg_replication_slots')).toEqual([])
    await Promise.all([source.stop(), target.stop()])
  })
})
