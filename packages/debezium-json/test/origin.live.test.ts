import { type Change, silentLogger } from '@cdc/core'
import { postgresCdc } from '@cdc/postgres-cdc'
import { sharedPostgres, waitFor } from '@cdc/servers'
import { expect, test } from 'vitest'
import { debeziumJson } from '../src/index.ts'

test('what was replicated to the source says from where', async () => {
  const server = await sharedPostgres(15)
  const database = await server.createDatabase('origin')
  const client = await server.client(database)
  const abort = new AbortController()
  const changes: Change[] = []
  const source = postgresCdc({
    hostname: server.host,
    port: server.port,
    username: server.user,
    password: server.password,
    'database-name': database,
    'schema-name': 'public',
    'table-name': 't',
    'slot.name': database,
  }).create({
    pipeline: database,
    logger: silentLogger,
    report() {},
    wants: { message: false, transaction: false },
    limits: { rows: 100, bytes: 1 << 20 },
    shapes: new Map(),
  })
  const read = async () => {
    for await (const batch of source.read(undefined, abort.signal)) changes.push(...batch.changes)
  }
  let reading: Promise<void> | undefined
  try {
    await client.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (0)')
    await source.open()
    reading = read()
    await waitFor(async () => changes.some(({ kind }) => kind === 'insert'), { timeout: 20_000 })
    await client.query(
      `SELECT pg_replication_origin_create('${database}'), pg_replication_origin_session_setup('${database}')`,
    )
    await client.query(
      `BEGIN; SELECT pg_replication_origin_xact_setup('0/ABC', now()); INSERT INTO t VALUES (1); COMMIT`,
    )
    await waitFor(async () => changes.filter(({ kind }) => kind === 'insert').length === 2, { timeout: 20_000 })
  } finally {
    abort.abort()
    await reading
    await source.close()
    await client.query(`SELECT pg_replication_origin_session_reset(), pg_replication_origin_drop('${database}')`)
    await client.end()
    await waitFor(async () => {
      const [slot] = await server.query(`SELECT active FROM pg_replication_slots WHERE slot_name = '${database}'`)
      return slot?.active === false
    })
    await server.query(`SELECT pg_drop_replication_slot('${database}')`)
    await server.query(`DROP DATABASE "${database}" WITH (FORCE)`)
  }
  const context = { pipeline: 'shop', logger: silentLogger, report() {}, role: 'value' as const }
  const inserts = changes.filter((change) => change.kind === 'insert')
  const encoder = await debeziumJson({}).create(context).encoder(inserts[0]!.table)
  const [first, second] = inserts.map((change) => JSON.parse(encoder.encode(change)[0]!.value as string).source)
  expect(first).toMatchObject({ snapshot: 'last', origin: null, origin_lsn: null })
  expect(second).toMatchObject({ snapshot: 'false', origin: database, origin_lsn: 0xabc })
})
