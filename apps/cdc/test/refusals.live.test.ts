import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { startPostgres } from '@cdc/servers'
import { describe, expect, test } from 'vitest'
import { cdc } from './cdc-process.ts'
import { LivePipeline } from './live.ts'
import { startOldServer } from './old-server.ts'
import { pipelineFile } from './pipeline-file.ts'

const oneAttempt = 'pipeline: {retry-attempts: 1}\n'
const orders =
  'CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, $$canary row value$$);'

interface Refusal {
  readonly code: string
  readonly exit: number
  readonly text: string
  readonly hint: string | RegExp
}

/** Runs, and expects one error with its code, text and hint, no stack, no secret and no value of a row. */
async function refuses(live: LivePipeline, file: string, { code, exit, text, hint }: Refusal): Promise<void> {
  const run = await live.command(['run', file])
  const errors = run.logs.filter(({ level }) => level === 'error')
  expect(errors, run.stderr).toHaveLength(1)
  expect([errors[0]!.code, run.code]).toEqual([code, exit])
  expect(errors[0]!.msg).toContain(text)
  if (typeof hint === 'string') expect(errors[0]!.hint ?? '').toContain(hint)
  else expect(errors[0]!.hint).toMatch(hint)
  expect(run.stderr).not.toMatch(/^\s+at /m)
  expect(run.stderr + run.stdout).not.toContain('canary')
}

describe('the source cannot be reached', () => {
  test.each([
    [{ hostname: 'nowhere.invalid' }, { code: 'HOST_NOT_FOUND', exit: 4, text: 'nowhere.invalid', hint: '' }],
    [{ port: 1 }, { code: 'CONNECTION_REFUSED', exit: 4, text: '127.0.0.1:1', hint: '' }],
    [{ password: 'canary password' }, { code: 'PASSWORD_WRONG', exit: 3, text: 'postgres', hint: '' }],
    [{ username: 'nobody_here' }, { code: 'PASSWORD_WRONG', exit: 3, text: 'nobody_here', hint: '' }],
    [{ 'database-name': 'nodb' }, { code: 'DATABASE_NOT_FOUND', exit: 2, text: 'nodb', hint: '' }],
    [{ sslmode: 'require' }, { code: 'TLS_UNSUPPORTED', exit: 2, text: 'TLS', hint: '' }],
  ])('%j', async (source, refusal) => {
    await using live = await LivePipeline.of(15, orders)
    await refuses(live, live.file({ source, more: oneAttempt }), refusal)
    await live.expectUntouched()
  })

  test('a server that is too old', async () => {
    await using server = await startOldServer()
    const { port } = server.address() as { port: number }
    await using live = await LivePipeline.of(15, orders)
    await refuses(live, live.file({ source: { port, sslmode: 'disable' }, more: oneAttempt }), {
      code: 'SERVER_TOO_OLD',
      exit: 2,
      text: '9.6',
      hint: '',
    })
  })
})

describe('the source lacks something', () => {
  const lacking = async (settings: Record<string, string>, refusal: Refusal, sql = '') => {
    await using server = await startPostgres({ version: 15, settings })
    const database = await server.createDatabase('src')
    await server.query(orders + sql, database)
    const file = pipelineFile(
      `name: lack\nsource: {connector: postgres-cdc, hostname: 127.0.0.1, port: ${server.port}, username: postgres, password: '${server.password}', database-name: ${database}, schema-name: public, table-name: orders}\nsink: {connector: blackhole}\n${oneAttempt}`,
    )
    const run = await cdc(['run', file])
    const errors = run.logs.filter(({ level }) => level === 'error')
    expect(errors, run.stderr).toMatchObject([{ code: refusal.code }])
    expect(run.code).toBe(refusal.exit)
    expect(errors[0]!.msg).toContain(refusal.text)
    expect(errors[0]!.hint).toMatch(refusal.hint)
    expect(await server.query('SELECT pubname FROM pg_publication', database)).toEqual([])
  }

  test('wal_level is not logical', () =>
    lacking(
      { wal_level: 'replica' },
      { code: 'WAL_LEVEL_NOT_LOGICAL', exit: 2, text: 'replica', hint: 'ALTER SYSTEM' },
    ))

  test('there is no free slot', () =>
    lacking(
      { wal_level: 'logical', max_replication_slots: '1' },
      { code: 'NO_FREE_SLOTS', exit: 4, text: 'all replication slots are in use', hint: 'max_replication_slots' },
      "; SELECT pg_create_physical_replication_slot('taken')",
    ))

  test('there is no free sender', () =>
    lacking(
      { wal_level: 'logical', max_wal_senders: '0' },
      { code: 'TOO_MANY_CONNECTIONS', exit: 4, text: 'max_wal_senders', hint: 'max_wal_senders = 20' },
    ))
})

describe('the role may not', () => {
  test('replicate', async () => {
    await using live = await LivePipeline.of(15, `${orders} GRANT SELECT ON orders TO PUBLIC`)
    await live.at(`CREATE ROLE ${live.name} LOGIN PASSWORD 'canary'`)
    const source = { username: live.name, password: 'canary' }
    await refuses(live, live.file({ source, more: oneAttempt }), {
      code: 'NO_REPLICATION_RIGHT',
      exit: 3,
      text: live.name,
      hint: 'ALTER ROLE',
    })
    await live.expectUntouched()
  })

  test('make a publication FOR ALL TABLES', async () => {
    await using live = await LivePipeline.of(15, `${orders} GRANT SELECT ON orders TO PUBLIC`)
    await live.at(`CREATE ROLE ${live.name} LOGIN REPLICATION PASSWORD 'canary'`)
    await live.at(`GRANT CREATE ON DATABASE ${live.source} TO ${live.name}`)
    const source = {
      username: live.name,
      password: 'canary',
      'debezium.publication.autocreate.mode': 'all_tables',
    }
    await refuses(live, live.file({ source, more: oneAttempt }), {
      code: 'PUBLICATION_RIGHT',
      exit: 3,
      text: 'superuser',
      hint: 'CREATE PUBLICATION',
    })
    await live.expectUntouched()
  })

  test('read the table', async () => {
    await using live = await LivePipeline.of(15, orders)
    await live.at(`CREATE ROLE ${live.name} LOGIN REPLICATION PASSWORD 'canary'`)
    const source = { username: live.name, password: 'canary' }
    await refuses(live, live.file({ source, more: oneAttempt }), {
      code: 'TABLE_NOT_READABLE',
      exit: 3,
      text: 'public.orders',
      hint: 'GRANT SELECT',
    })
    await live.expectUntouched()
  })
})

describe('tables', () => {
  test.each([
    [{ 'table-name': 'ordres' }, { code: 'TABLE_NOT_FOUND', exit: 2, text: 'ordres', hint: 'orders' }],
    [{ 'table-name': 'x.*' }, { code: 'TABLE_NOT_FOUND', exit: 2, text: 'x.*', hint: '' }],
    [{ 'schema-name': 'pubic' }, { code: 'SCHEMA_NOT_FOUND', exit: 2, text: 'pubic', hint: 'public' }],
    [{ 'table-name': '(orders' }, { code: 'INVALID_OPTION', exit: 2, text: 'table-name', hint: /./ }],
    [{ 'table-name': '(o+)+x|orders' }, { code: 'PATTERN_TOO_SLOW', exit: 2, text: '(o+)+x', hint: '' }],
  ])('%j', async (source, refusal) => {
    await using live = await LivePipeline.of(
      15,
      `${orders}${refusal.code === 'PATTERN_TOO_SLOW' ? `CREATE TABLE ${'o'.repeat(50)} (id int PRIMARY KEY)` : ''}`,
    )
    await refuses(live, live.file({ source, more: oneAttempt }), refusal)
    await live.expectUntouched()
  })

  test('replica identity nothing', async () => {
    await using live = await LivePipeline.of(15, `${orders} ALTER TABLE orders REPLICA IDENTITY NOTHING`)
    await refuses(live, live.file(), {
      code: 'REPLICA_IDENTITY_NOTHING',
      exit: 2,
      text: 'public.orders',
      hint: 'REPLICA IDENTITY',
    })
    await live.expectUntouched()
  })

  test('no key, with updates, into a sink that finds rows by key', async () => {
    await using live = await LivePipeline.of(
      15,
      'CREATE TABLE t (a int); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1)',
    )
    await refuses(live, live.file(), { code: 'NO_KEY', exit: 2, text: 'public.t', hint: 'primary key' })
  })

  test('a publication that lacks one', async () => {
    await using live = await LivePipeline.of(
      15,
      `${orders} CREATE TABLE more (id int PRIMARY KEY); CREATE PUBLICATION dbz_publication FOR TABLE orders`,
    )
    await refuses(live, live.file(), {
      code: 'PUBLICATION_LACKS_TABLE',
      exit: 2,
      text: 'public.more',
      hint: 'ALTER PUBLICATION "dbz_publication" ADD TABLE "public"."more"',
    })
    expect(await live.at('SELECT tablename FROM pg_publication_tables')).toEqual([{ tablename: 'orders' }])
  })
})

describe('slots', () => {
  test('a name that is none', async () => {
    await using live = await LivePipeline.of(15, orders)
    const file = live.file({ source: { 'slot.name': 'My-Slot' } })
    await refuses(live, file, { code: 'INVALID_OPTION', exit: 2, text: 'slot.name', hint: /./ })
  })

  test('busy: who holds it, and what to do', async () => {
    await using live = await LivePipeline.of(15, orders)
    // it must not move the slot meanwhile, since that is another error
    await using holder = live.start(live.file(), { CDC_FAILPOINTS: 'acknowledge:hang' })
    await holder.says('"streaming"')
    await live.same('orders')
    const [{ pid }] = await live.at(
      `SELECT active_pid AS pid FROM pg_replication_slots WHERE slot_name = '${live.slot}'`,
    )
    const other = live.file({
      source: { 'debezium.slot.max.retries': 1, 'debezium.slot.retry.delay.ms': 200 },
      more: oneAttempt,
    })
    await refuses(live, other, {
      code: 'SLOT_BUSY',
      exit: 4,
      text: `is active for PID ${pid} ("cdc ${live.name}"`,
      hint: `pg_terminate_backend(${pid})`,
    })
    expect(holder.child.exitCode).toBeNull()
  })

  test('made by another plug-in', async () => {
    await using live = await LivePipeline.of(15, orders)
    await live.at(`SELECT pg_create_physical_replication_slot('${live.slot}')`)
    await refuses(live, live.file(), { code: 'SLOT_WRONG_PLUGIN', exit: 2, text: live.slot, hint: '' })
    await live.at(`SELECT pg_drop_replication_slot('${live.slot}')`)
    await live.expectUntouched()
  })

  test('of another database', async () => {
    await using live = await LivePipeline.of(15, orders)
    await live.there(`SELECT pg_create_logical_replication_slot('${live.slot}', 'pgoutput')`)
    await refuses(live, live.file(), { code: 'SLOT_WRONG_DATABASE', exit: 2, text: live.target, hint: '' })
    await live.at(`SELECT pg_drop_replication_slot('${live.slot}')`)
    await live.expectUntouched()
  })
})

/** A state file as version 99 of its format would write it: the first line has version and hash of what follows. */
function asNewer(text: string): string {
  const body = text.slice(text.indexOf('\n') + 1)
  return `cdc-state 99 sha256:${createHash('sha256').update(`99\n${body}`).digest('hex')}\n${body}`
}

describe('state', () => {
  const bounded = (name: string) =>
    `name: ${name}\nsource: {connector: datagen, schema: 'id INT', number-of-rows: 3}\nsink: {connector: blackhole}\n`

  test('of another pipeline', async () => {
    const file = pipelineFile(bounded('one'))
    await cdc(['run', file])
    const state = join(dirname(file), 'state')
    cpSync(join(state, 'one'), join(state, 'two'), { recursive: true })
    const other = join(dirname(file), 'two.yaml')
    writeFileSync(other, bounded('two'))
    const { code, logs } = await cdc(['run', other])
    expect(code).toBe(2)
    expect(logs.at(-1)).toMatchObject({
      code: 'STATE_FOREIGN',
      msg: expect.stringContaining("belongs to pipeline 'one', not to 'two'"),
    })
  })

  test('of a newer version', async () => {
    const file = pipelineFile(bounded('one'))
    await cdc(['run', file])
    const folder = join(dirname(file), 'state', 'one')
    for (const name of readdirSync(folder).filter((name) => name.startsWith('checkpoint'))) {
      const path = join(folder, name)
      const text = readFileSync(path, 'utf8')
      writeFileSync(path, asNewer(text))
    }
    const { code, logs } = await cdc(['run', file])
    expect(code).toBe(2)
    expect(logs.at(-1)).toMatchObject({ code: 'STATE_NEWER' })
  })
})

describe('the target', () => {
  const jdbc = (live: LivePipeline, host: string, database: string) =>
    `jdbc:postgresql://${host}:${live.server.port}/${database}`

  test.each([
    [
      (live: LivePipeline) => ({ url: jdbc(live, 'nowhere.invalid', live.target) }),
      { code: 'TARGET_UNREACHABLE', exit: 4, text: 'nowhere.invalid', hint: '' },
    ],
    [() => ({ password: 'canary' }), { code: 'TARGET_AUTH', exit: 3, text: 'postgres', hint: '' }],
    [
      (live: LivePipeline) => ({ url: jdbc(live, '127.0.0.1', 'nodb') }),
      { code: 'TARGET_DATABASE_MISSING', exit: 2, text: 'nodb', hint: 'Create it' },
    ],
    [
      () => ({ 'sink.create-tables': 'never' }),
      { code: 'TABLE_MISSING', exit: 2, text: 'public.orders', hint: 'CREATE TABLE' },
    ],
    [() => ({ url: 'jdbc:oracle:thin:@h' }), { code: 'INVALID_OPTION', exit: 2, text: 'oracle', hint: '' }],
  ])('cannot be used (%#)', async (sink, refusal) => {
    await using live = await LivePipeline.of(15, orders)
    await refuses(live, live.file({ sink: sink(live), more: oneAttempt }), refusal)
  })

  test('has a column that is too small for a value', async () => {
    await using live = await LivePipeline.of(
      15,
      'CREATE TABLE n (id int PRIMARY KEY, many int); INSERT INTO n VALUES (1, 7654321)',
    )
    await live.there('CREATE TABLE n (id int PRIMARY KEY, many smallint)')
    await refuses(live, live.file(), { code: 'VALUE_REFUSED', exit: 5, text: 'public.n', hint: '' })
    expect(await live.there('SELECT * FROM n')).toEqual([])
  })

  test('lacks a column', async () => {
    await using live = await LivePipeline.of(15, orders)
    await live.there('CREATE TABLE orders (id int PRIMARY KEY)')
    await refuses(live, live.file({ sink: { 'sink.schema-evolution': 'none' } }), {
      code: 'COLUMN_MISSING',
      exit: 2,
      text: 'note',
      hint: 'ALTER TABLE',
    })
  })

  test('refuses what the role may not', async () => {
    await using live = await LivePipeline.of(15, orders)
    await live.there(`CREATE ROLE ${live.target} LOGIN PASSWORD 'canary'; GRANT CREATE ON SCHEMA public TO ${live.target};
      CREATE TABLE orders (id int PRIMARY KEY, note text)`)
    await refuses(live, live.file({ sink: { username: live.target, password: 'canary' } }), {
      code: 'RIGHT_MISSING',
      exit: 3,
      text: 'public.orders',
      hint: 'GRANT',
    })
  })
})

test('a slot that somebody dropped, or that lost its log, is history lost', async () => {
  await using live = await LivePipeline.of(15, orders)
  const file = live.file()
  {
    await using run = live.start(file)
    await run.says('"streaming"')
    run.signal('SIGTERM')
    await run.exit()
  }
  await live.at(`SELECT pg_drop_replication_slot('${live.slot}')`)
  await refuses(live, file, { code: 'SLOT_MISSING', exit: 6, text: live.slot, hint: 'start over' })
})
