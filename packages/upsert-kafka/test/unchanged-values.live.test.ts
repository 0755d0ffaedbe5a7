import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { avro } from '@cdc/avro'
import { CdcError, type ConfiguredSink, type StateStoreFactory } from '@cdc/core'
import { json } from '@cdc/json'
import { postgresCdc } from '@cdc/postgres-cdc'
import { memoryState, pipeline } from '@cdc/runtime'
import { type PostgresConnection, sharedKafka, sharedPostgres, waitFor } from '@cdc/servers'
import { expect, onTestFinished, test } from 'vitest'
import { fault, insert, opened, put, tableOf } from '../../kafka-client/test/sink-feed.ts'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { upsertKafka } from '../src/index.ts'

const broker = await sharedKafka()
const at = { 'properties.bootstrap.servers': broker.bootstrapServers }

/** Runs the pipeline once; gives how it ended, and how to end it. */
function started(
  server: PostgresConnection,
  database: string,
  sink: ConfiguredSink,
  state: StateStoreFactory,
  folder?: string,
) {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const run = pipeline({
    name: database,
    source: postgresCdc({
      hostname: server.host,
      port: server.port,
      username: server.user,
      password: server.password,
      'database-name': database,
      'schema-name': 'public',
      'table-name': 'big',
      'slot.name': database,
    }),
    sinks: [folder === undefined ? { sink, name: 'topics' } : { sink, name: 'topics', 'errors.tolerance': 'all' }],
    state,
    ...(folder === undefined ? {} : { deadLetters: folder }),
    limits: { flushInterval: 5, retry: { attempts: 1 } },
  })
  const ended = run.run(stop.signal).then(
    () => undefined,
    (failure: unknown) => CdcError.from(failure),
  )
  return {
    ended,
    stop: () => {
      stop.abort()
      return ended
    },
  }
}

test('a large value that an update left alone is never written as null or left out: it stops the pipeline, or is set aside, until the server sends it', async () => {
  const server = await sharedPostgres(15)
  const database = await server.createDatabase('unchanged')
  onTestFinished(() => void server.query(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`).catch(() => undefined))
  const sql = (text: string) => server.query(text, database)
  await sql(
    `CREATE TABLE big (id int PRIMARY KEY, n int, t text); ALTER TABLE big ALTER t SET STORAGE EXTERNAL;
     INSERT INTO big VALUES (1, 1, repeat('x', 5000))`,
  )
  await using topics = await TopicLog.open(broker.bootstrapServers)
  const folder = mkdtempSync(join(tmpdir(), 'cdc-unchanged-'))
  const topic = broker.prefix('unchanged')
  const sink = upsertKafka({ topic, ...at, 'key.format': json({}), 'value.format': json({}) })
  const rows = async () =>
    (await topics.read(topic)).map(({ value }) => {
      const { id, n, t } = JSON.parse(String(value)) as { id: number; n: number; t: string }
      return [id, n, t.length]
    })
  const has = (count: number) =>
    waitFor(async () => (await rows()).length === count, { timeout: 60_000, describe: `${count} records` })
  const state = memoryState()
  const first = started(server, database, sink, state)
  await has(1)
  await sql('UPDATE big SET n = 2')
  const failure = await first.ended
  expect(failure).toMatchObject({
    code: 'VALUE_NOT_SENT',
    kind: 'data',
    hint: 'ALTER TABLE public.big REPLICA IDENTITY FULL;',
    message: expect.stringContaining("column 't' of public.big"),
  })
  expect(await rows()).toEqual([[1, 1, 5000]])
  const second = started(server, database, sink, state, folder)
  await sql('ALTER TABLE big REPLICA IDENTITY FULL; UPDATE big SET n = 3')
  await has(2)
  await second.stop()
  expect(await rows()).toEqual([
    [1, 1, 5000],
    [1, 3, 5000],
  ])
  const [file] = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  const letters = readFileSync(join(file!.parentPath, file!.name), 'utf8').trimEnd().split('\n')
  expect(letters.map((line) => JSON.parse(line).code ?? JSON.parse(line).error?.code)).toEqual(['VALUE_NOT_SENT'])
  await server.query(`SELECT pg_drop_replication_slot('${database}')`)
  rmSync(folder, { recursive: true })
}, 120_000)

test('a value that the type of Avro cannot hold is an error that names the column and not the value, before any record', async () => {
  await using topics = await TopicLog.open(broker.bootstrapServers)
  const topic = broker.prefix('held')
  const sink = upsertKafka({ topic, ...at, 'key.format': avro({}), 'value.format': avro({}) })
  const items = tableOf('items', ['id', 't_name'])
  const dated = {
    ...items,
    columns: [items.columns[0]!, { name: 'at', type: { kind: 'date' }, native: 'date' }],
  } as const
  expect(await fault(put(await opened(sink), 'one', insert(dated, [1, 'infinity'])))).toMatch(
    /^AVRO_VALUE_NOT_HELD data: (?!.*infinity).*"?at"? of (table )?public\.items/,
  )
  expect(await topics.read(topic)).toEqual([])
})
