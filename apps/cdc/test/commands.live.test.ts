import { expect, test } from 'vitest'
import { CdcProcess } from './cdc-process.ts'
import { LivePipeline } from './live.ts'

const schema = `
  CREATE TABLE orders (id bigint PRIMARY KEY, note text NOT NULL, total numeric(10,2));
  INSERT INTO orders SELECT i, 'note ' || i, i FROM generate_series(1, 100) i;`

/** Runs the pipeline until it streams, and stops it. */
async function runOnce(live: LivePipeline, file: string): Promise<void> {
  await using run = live.start(file)
  await run.says('"streaming"')
  run.signal('SIGTERM')
  expect(await run.exit()).toBe(0)
}

test('doctor: everything is ready, and nothing is made', async () => {
  await using live = await LivePipeline.of(15, schema)
  const { code, stdout } = await live.command(['doctor', live.file()])
  expect(code).toBe(0)
  expect(stdout).toContain('Source postgres-cdc\n  ✓ connection:')
  expect(stdout).toContain('Sink jdbc\n  ✓ connection to the target:')
  expect(stdout).toMatch(/\d+ checks, ready to run\./)
  await live.expectUntouched()
})

test('doctor: what fails is told with its code and what to run, and the exit code is 1', async () => {
  await using live = await LivePipeline.of(15, `${schema} ALTER TABLE orders REPLICA IDENTITY NOTHING`)
  await live.there('CREATE TABLE orders (id bigint PRIMARY KEY)')
  const file = live.file({ sink: { 'sink.schema-evolution': 'none' } })
  const { code, stdout } = await live.command(['doctor', file])
  expect(code).toBe(1)
  expect(stdout).toContain('REPLICA_IDENTITY_NOTHING\n      Run: ALTER TABLE "public"."orders" REPLICA IDENTITY FULL;')
  expect(stdout).toContain('docs/05-errors.md#replica_identity_nothing')
  const asJson = await live.command(['doctor', file, '--json'])
  const checks = (JSON.parse(asJson.stdout) as { checks: { status: string }[] }[]).flatMap(({ checks }) => checks)
  expect([asJson.code, checks.some(({ status }) => status === 'failed')]).toEqual([1, true])
})

test('doctor: says what a run could not go on from, and nothing while there was no run', async () => {
  await using live = await LivePipeline.of(15, schema)
  const file = live.file()
  {
    await using run = live.start(file)
    await live.same('orders')
    await run.says('streaming')
    expect((await live.command(['doctor', file])).stdout).toContain('✓ continuity: somebody reads the slot')
    run.signal('SIGTERM')
    expect(await run.exit()).toBe(0)
  }
  expect((await live.command(['doctor', file])).stdout).toMatch(
    /✓ continuity: a run goes on from [0-9A-F/]+ without a gap/,
  )
  await live.at(
    'ALTER PUBLICATION dbz_publication DROP TABLE orders; ALTER PUBLICATION dbz_publication ADD TABLE orders',
  )
  const altered = await live.command(['doctor', file])
  expect(altered.stdout).toContain('✗ continuity: Table public.orders was taken out of publication')
  expect(altered.code).toBe(1)
  await live.at(`SELECT pg_drop_replication_slot('${live.slot}')`)
  const missing = await live.command(['doctor', file])
  expect(missing.stdout).toContain(`! slot: ${live.slot} is not there`)
  expect(missing.stdout).toMatch(/✗ continuity: .* SLOT_MISSING/)
})

test('doctor: a server that cannot be reached is one failed check', async () => {
  await using live = await LivePipeline.of(15, schema)
  const { code, stdout } = await live.command(['doctor', live.file({ source: { port: 1 } })])
  expect(code).toBe(1)
  expect(stdout.match(/✗/g)).toHaveLength(1)
  expect(stdout).toContain('CONNECTION_REFUSED')
})

test('plan: tables with types, the statements of both sides, the slot; and nothing is made', async () => {
  await using live = await LivePipeline.of(15, schema)
  await live.there('CREATE SCHEMA replica')
  const file = live.file({ more: "routes: [{from: 'public.(.*)', to: replica.$1}]\nmetadata: [op_ts]\n" })
  const { code, stdout } = await live.command(['plan', file])
  expect(code).toBe(0)
  expect(stdout).toContain(`Source postgres-cdc: 1 table
  public.orders  key (id), replica identity default
    id     bigint         int64, not null
    note   text           string, not null
    total  numeric(10,2)  decimal
`)
  expect(stdout).toContain('CREATE PUBLICATION "dbz_publication" FOR TABLE "public"."orders"')
  expect(stdout).toContain(`CREATE_REPLICATION_SLOT "${live.slot}" LOGICAL pgoutput`)
  expect(stdout).toContain('  public.orders → replica.orders\n')
  expect(stdout).toContain('CREATE TABLE "replica"."orders" (')
  expect(stdout).toContain('"op_ts" timestamp')
  await live.expectUntouched()
  const asJson = await live.command(['plan', file, '--json'])
  expect(JSON.parse(asJson.stdout)).toMatchObject({
    pipeline: live.name,
    source: { connector: 'postgres-cdc', tables: [{ name: 'orders' }] },
    sinks: [{ name: 'jdbc', tables: [{ from: 'public.orders', to: 'replica.orders' }] }],
  })
})

test('slots: listed with what they hold back; dropped only when told', async () => {
  await using live = await LivePipeline.of(15, schema)
  const file = live.file()
  await runOnce(live, file)
  const { stdout } = await live.command(['slots', 'list', file])
  expect(stdout).toMatch(new RegExp(`\\* {2}replication slot {2}${live.slot} +not in use {2}holds back [\\d.]+ \\w+`))
  const unsure = await live.command(['slots', 'drop', file, live.slot])
  expect([unsure.code, unsure.stderr]).toEqual([2, expect.stringContaining('CONFIRMATION_NEEDED')])
  const missing = await live.command(['slots', 'drop', file, 'cdc_shpo', '--yes'])
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining("There is no 'cdc_shpo' at the source.")])
  expect((await live.command(['slots', 'drop', file, live.slot, '--yes'])).stdout).toContain(
    `Dropped replication slot ${live.slot}.`,
  )
  expect(await live.at(`SELECT 1 FROM pg_replication_slots WHERE slot_name = '${live.slot}'`)).toEqual([])
})

test('slots drop: one that is in use is refused without --force', async () => {
  await using live = await LivePipeline.of(15, schema)
  const file = live.file()
  await using run = live.start(file)
  await run.says('"streaming"')
  const { code, stderr } = await live.command(['slots', 'drop', file, live.slot, '--yes'])
  expect([code, stderr]).toEqual([4, expect.stringContaining('SLOT_BUSY')])
})

test('reset: the next run starts over, and --rows empties the target', async () => {
  await using live = await LivePipeline.of(15, schema)
  const file = live.file()
  await runOnce(live, file)
  const shown = await live.command(['reset', file, '--rows', '--dry-run'])
  expect(shown.stderr).toContain(`drop replication slot ${live.slot}`)
  expect(shown.stderr).toContain('sink jdbc: delete all rows of public.orders')
  expect(shown.stderr).toContain('Nothing was changed.')
  expect(await live.there('SELECT count(*)::int AS rows FROM orders')).toEqual([{ rows: 100 }])
  const done = await live.command(['reset', file, '--rows', '--yes'])
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining(`Dropped replication slot ${live.slot}`)])
  expect(await live.there('SELECT count(*)::int AS rows FROM orders')).toEqual([{ rows: 0 }])
  expect(await live.at('SELECT 1 FROM pg_replication_slots WHERE database = current_database()')).toEqual([])
  await live.at('DELETE FROM orders WHERE id > 10')
  await runOnce(live, file)
  expect(await live.there('SELECT count(*)::int AS rows FROM orders')).toEqual([{ rows: 10 }])
})

test('reset: a pipeline that runs is left alone', async () => {
  await using live = await LivePipeline.of(15, schema)
  const file = live.file()
  await using run = live.start(file)
  await run.says('"streaming"')
  const { code, stderr } = await live.command(['reset', file, '--yes'])
  expect([code, stderr]).toEqual([7, expect.stringContaining('STATE_LOCKED')])
  expect(await live.at('SELECT active FROM pg_replication_slots WHERE database = current_database()')).toEqual([
    { active: true },
  ])
})

test('tail: shows what happens, beside a pipeline that runs, and leaves nothing', async () => {
  await using live = await LivePipeline.of(15, schema)
  const file = live.file()
  await using run = live.start(file)
  await run.says('"streaming"')
  await using tail = new CdcProcess(['tail', file, '--limit', '3'], live.env())
  await tail.says('watching')
  await live.at("INSERT INTO orders VALUES (500, 'a b', 1.50)")
  await live.at("UPDATE orders SET note = 'new' WHERE id = 500")
  await live.at('DELETE FROM orders WHERE id = 500')
  expect(await tail.exit()).toBe(0)
  expect(tail.stdout).toBe(`+I public.orders id=500 note="a b" total=1.50
+U public.orders id=500 note=new total=1.50
-D public.orders id=500
`)
  expect(await live.at('SELECT slot_name FROM pg_replication_slots WHERE database = current_database()')).toEqual([
    { slot_name: live.slot },
  ])
  await live.same('orders')
})

test('tail: without a publication it makes none, and says what to run', async () => {
  await using live = await LivePipeline.of(15, schema)
  const { code, stderr } = await live.command(['tail', live.file()])
  expect(code).toBe(2)
  expect(stderr).toContain('PUBLICATION_MISSING')
  expect(stderr).toContain('CREATE PUBLICATION "dbz_publication" FOR TABLE "public"."orders"')
  await live.expectUntouched()
})

test('tail: Ctrl-C ends it with 0, and its slot is gone', async () => {
  await using live = await LivePipeline.of(15, `${schema} CREATE PUBLICATION dbz_publication FOR TABLE orders`)
  await using tail = new CdcProcess(['tail', live.file()], live.env())
  await tail.says('watching')
  tail.signal('SIGINT')
  expect(await tail.exit()).toBe(0)
  expect(await live.at('SELECT slot_name FROM pg_replication_slots WHERE database = current_database()')).toEqual([])
})
