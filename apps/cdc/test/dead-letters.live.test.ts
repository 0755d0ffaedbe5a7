import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { waitFor } from '@cdc/servers'
import { describe, expect, test } from 'vitest'
import { LivePipeline } from './live.ts'
import { pipelineFile, told } from './pipeline-file.ts'

const schema = `
  CREATE TABLE orders (id int PRIMARY KEY, note text, total numeric(10,2));
  INSERT INTO orders SELECT i, CASE WHEN i % 100 = 50 THEN 'much too long' ELSE 'ok' END, i FROM generate_series(1, 1000) i;`
const narrow = `CREATE TABLE orders (id int PRIMARY KEY, note varchar(5), total numeric(8,2))`
const tolerant = { 'errors.tolerance': 'all' }
const rows = (live: LivePipeline) => async () =>
  (await live.there('SELECT count(*)::int AS rows FROM orders'))[0].rows as number

describe('errors.tolerance', () => {
  test('none, the default: the run stops with 5 and names table and column, and nothing is written', async () => {
    await using live = await LivePipeline.of(15, schema)
    await live.there(narrow)
    const { code, logs } = await live.command(['run', live.file()])
    expect(code).toBe(5)
    expect(logs.at(-1)).toMatchObject({ code: 'VALUE_REFUSED', table: 'public.orders', column: 'note' })
    expect(await rows(live)()).toBe(0)
  })

  test('all: what does not fit is set aside, listed, shown, replayed when it fits, and the rest is purged', async () => {
    await using live = await LivePipeline.of(15, schema)
    await live.there(narrow)
    const file = live.file({ sink: tolerant })
    {
      await using run = live.start(file)
      await run.says('"streaming"')
      await waitFor(async () => (await rows(live)()) === 990, { describe: 'the snapshot' })
      await live.at(`BEGIN; INSERT INTO orders VALUES (2001, 'ok', 1); INSERT INTO orders VALUES (2002, 'ok', 12345678);
        UPDATE orders SET note = 'secretly long' WHERE id = 2001; DELETE FROM orders WHERE id = 1; COMMIT;`)
      await run.says('"code":"VALUE_REFUSED","position"')
      await waitFor(async () => (await live.there('SELECT 1 FROM orders WHERE id = 1')).length === 0, {
        describe: 'the rest of the transaction',
      })
      // beside the pipeline
      const { stdout } = await live.command(['dead-letters', 'list', file])
      expect(stdout).toMatch(/^12 {2}jdbc {2}public\.orders {2}VALUE_REFUSED {2}/)
      expect((await live.command(['dead-letters', 'replay', file, '--yes'])).code).toBe(7)
      expect((await live.command(['dead-letters', 'purge', file, '--yes'])).code).toBe(7)
      run.signal('SIGTERM')
      expect(await run.exit()).toBe(0)
      expect(run.stderr).not.toContain('secretly')
      const noted = run.logs.filter(({ code }) => code === 'VALUE_REFUSED')
      expect(noted).toHaveLength(12)
      expect(noted[0]).toMatchObject({ level: 'warn', sink: 'jdbc', table: 'public.orders', code: 'VALUE_REFUSED' })
      expect(noted[0]!.position).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/)
    }
    const shown = await live.command(['dead-letters', 'show', file])
    expect(shown.stdout).toContain('note="secretly long"')
    const json = (await live.command(['dead-letters', 'show', file, '--json'])).stdout.trim().split('\n')
    const letters = json.map((line) => JSON.parse(line))
    expect(letters).toHaveLength(12)
    const { record: _, ...rest } = letters.at(-1)
    expect(JSON.stringify(rest)).not.toContain('secretly')

    expect(await live.command(['dead-letters', 'replay', file])).toMatchObject({ code: 2 })
    await live.there('ALTER TABLE orders ALTER note TYPE text')
    const replay = await live.command(['dead-letters', 'replay', file, '--yes'])
    expect([replay.code, replay.stdout]).toEqual([1, 'Sink jdbc: 11 dead letters replayed. 1 stay.\n'])
    expect(replay.stderr).toContain('VALUE_REFUSED')
    expect(await live.there('SELECT id, note FROM orders WHERE id > 2000')).toEqual([
      { id: 2001, note: 'secretly long' },
    ])
    const left = await live.command(['dead-letters', 'list', file, '--json'])
    expect(JSON.parse(left.stdout)).toMatchObject([{ sink: 'jdbc', table: 'public.orders', count: 1 }])

    expect((await live.command(['dead-letters', 'purge', file, 'ffff', '--yes'])).stderr).toContain(
      'DEAD_LETTER_NOT_FOUND',
    )
    expect((await live.command(['dead-letters', 'purge', file, '--yes'])).stdout).toBe('1 dead letter removed.\n')
    expect((await live.command(['dead-letters', 'list', file])).stdout).toBe('There is none.\n')

    // the position was left where it is: the pipeline goes on
    await live.at(`DELETE FROM orders WHERE id = 2002; INSERT INTO orders VALUES (3000, 'ok', 1)`)
    await using run = live.start(file)
    await run.says('"streaming"')
    await live.same('orders')
    run.signal('SIGTERM')
    expect(await run.exit()).toBe(0)
  })

  test.each(['sink.commit:kill', 'sink.committed:kill', 'sink.commit:kill:2', 'checkpoint.saved:kill:2'])(
    'killed at %s, no row is missing in both the target and the dead letters, and each is listed once',
    async (failpoint) => {
      await using live = await LivePipeline.of(15, schema)
      await live.there(narrow)
      const file = live.file({ sink: tolerant })
      {
        await using run = live.start(file, { CDC_FAILPOINTS: failpoint })
        await run.says('pipeline starting')
        for (let i = 0; run.child.exitCode === null && run.child.signalCode === null && i < 100; i++) {
          await live.at(`INSERT INTO orders VALUES (${5000 + i}, 'much too long', 1)`)
          await delay(100)
        }
        expect(await run.exit()).toBe('SIGKILL')
      }
      await live.at(`INSERT INTO orders VALUES (9000, 'ok', 1)`)
      await using run = live.start(file)
      await waitFor(async () => (await live.there('SELECT 1 FROM orders WHERE id = 9000')).length === 1, {
        timeout: 30_000,
        describe: 'the last row',
      })
      run.signal('SIGTERM')
      expect(await run.exit()).toBe(0)
      const all = await live.at('SELECT id FROM orders ORDER BY id')
      const there = await live.there('SELECT id FROM orders ORDER BY id')
      const { stdout } = await live.command(['dead-letters', 'show', file, '--json'])
      const refused = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).record.after[0] as number)
      expect([...there.map(({ id }) => id), ...refused].sort((a, b) => a - b)).toEqual(all.map(({ id }) => id))
    },
  )

  test('dead letters that cannot be kept stop the run before anything is written', async () => {
    await using live = await LivePipeline.of(15, schema)
    const file = live.file({ sink: tolerant, more: 'dead-letters: /dev/null/letters\n' })
    const { code, logs } = await live.command(['run', file])
    expect(code).toBe(2)
    expect(logs.at(-1)).toMatchObject({ code: 'DEAD_LETTERS_NOT_WRITTEN' })
    await live.expectUntouched()
  })
})

test('mistakes in the keys are told with their place', async () => {
  const file = `name: a
source: {connector: datagen, schema: id BIGINT}
sink:
  connector: print
  errors.tolerance: some
dead-letters: [a]
`
  expect(await told(file)).toEqual([
    "5:21 INVALID_VALUE 'errors.tolerance' must be none or all. | none: the pipeline stops; all: the change goes to the dead-letter file and the pipeline goes on.",
    "6:15 INVALID_VALUE 'dead-letters' must be a text, not a list.",
  ])
  const print = pipelineFile(file.replace('some', 'all').replace('[a]', './letters'))
  expect(readFileSync(print, 'utf8')).toContain('all')
  const { loadPipeline } = await import('../src/config/load.ts')
  expect((await loadPipeline(print, {})).deadLetters).toBe(join(dirname(print), 'letters'))
})
