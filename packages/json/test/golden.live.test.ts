import { type ConfiguredFormat, isRowChange, type RowChange, readChanges, silentLogger, type Table } from '@cdc/core'
import { postgresCdc } from '@cdc/postgres-cdc'
import { sharedPostgres } from '@cdc/servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { json } from '../src/index.ts'
import { changesSql, recorded, setupSql, withDifferences } from './flink-recordings.ts'

/** The rows that setup.sql makes and the changes that changes.sql makes of them. */
const [snapshotRows, allChanges] = [2, 6]
const server = await sharedPostgres(15)
const stop = new AbortController()
let database: string
let changes: RowChange[]

beforeAll(async () => {
  database = await server.createDatabase('flink_json')
  await server.query(setupSql(), database)
  changes = await changesOf(async () => void (await server.query(changesSql(), database)))
})

afterAll(async () => {
  stop.abort()
  await server.query(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${database}'`,
  )
  await server.query(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`)
})

/** Reads the snapshot, then what `next` does. */
async function changesOf(next: () => Promise<void>): Promise<RowChange[]> {
  const source = postgresCdc({
    hostname: server.host,
    port: server.port,
    username: server.user,
    password: server.password,
    'database-name': database,
    'schema-name': 'public',
    'table-name': 'fmt',
    'slot.name': database.toLowerCase(),
  })
  const read: RowChange[] = []
  let changed = false
  for await (const batch of readChanges(source, {
    name: 'flink_json',
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(30_000)]),
  })) {
    read.push(...batch.changes.filter(isRowChange))
    if (read.length >= snapshotRows && batch.position !== undefined && !changed) {
      changed = true
      await next()
    }
    if (read.length === allChanges) break
  }
  expect(read).toHaveLength(allChanges)
  return read
}

async function encoded(format: ConfiguredFormat, table: Table, rows: readonly RowChange[]) {
  const encoder = await format
    .create({ pipeline: 'flink_json', logger: silentLogger, report() {}, role: 'value' })
    .encoder(table)
  return rows.flatMap((change) => encoder.encode(change)).map(({ key, value }) => ({ key, value }))
}

const decimals = { 'encode.decimal-as-plain-number': false }

test("rows and tombstones are those of Flink's upsert-kafka with json, byte for byte", async () => {
  const format = json({ changelog: 'upsert', ...decimals })
  expect(await encoded(format, changes[0]!.table, changes)).toEqual(withDifferences(recorded('d_upsert_json')))
})

test('without the key columns, with nulls left out and plain decimals too', async () => {
  // key.fields-prefix and value.fields-include are the sink's: it gives the format a table without the key for values
  const whole = changes[0]!.table
  const rest: Table = { ...whole, columns: whole.columns.slice(1), key: [] }
  const format = json({ 'encode.ignore-null-fields': true, 'encode.decimal-as-plain-number': true })
  const keys = json({ changelog: 'upsert', ...decimals })
  const all = await encoded(keys, whole, changes)
  const inserted = changes.flatMap((change): RowChange[] =>
    change.kind === 'delete'
      ? []
      : [{ kind: 'insert', table: rest, after: change.after.slice(1), origin: change.origin }],
  )
  const values = await encoded(format, rest, inserted)
  const joined = all.map(({ key, value }) => ({ key, value: value === null ? null : values.shift()!.value }))
  expect(joined).toEqual(withDifferences(recorded('d_upsert_json_prefix')))
})

test("before, after and op are those of Flink's debezium-json with a key, byte for byte", async () => {
  const format = json({ changelog: 'debezium', 'encode.split-updates': true, ...decimals })
  const records = await encoded(format, changes[0]!.table, changes)
  expect(records).toEqual(withDifferences(recorded('d_debezium_keyed')))
  const values = withDifferences(recorded('d_debezium')).map(({ value }) => value)
  expect(records.map(({ value }) => value)).toEqual(values)
})

test('unless told otherwise, an update is one record and a decimal keeps its zeros', async () => {
  const records = await encoded(json({ changelog: 'debezium' }), changes[0]!.table, changes)
  const update = records[2]!.value!
  expect(update).toMatch(
    /^\{"before":\{"id":1,.*"price":10\.50,.*\},"after":\{"id":1,"name":"b","price":11\.00,.*\},"op":"u"\}$/,
  )
  expect(records).toHaveLength(recorded('d_debezium').length - 1)
})

test('records of Flink are read as the rows that PostgreSQL has', async () => {
  const table = changes[0]!.table
  const decoder = await json({ changelog: 'debezium' })
    .create({ pipeline: 'flink_json', logger: silentLogger, report() {}, role: 'value' })
    .decoder(table)
  const read = recorded('d_debezium').flatMap(({ value }) => {
    // Flink's text of an array is no array
    return decoder.decode(null, Buffer.from(value!.replaceAll('"[1, null, 3]"', '[1,null,3]')))
  })
  expect(read.map(({ kind }) => kind)).toEqual([
    'insert',
    'insert',
    'delete',
    'insert',
    'delete',
    'insert',
    'delete',
    'insert',
  ])
  const lost = (row: readonly unknown[]) => row.map((cell) => (cell === '12:34:56.789' ? '12:34:56' : cell))
  const [first, update] = [changes[0]!, changes.find(({ kind }) => kind === 'update')!]
  expect(read[0]).toMatchObject({ after: lost(first.kind === 'insert' ? first.after : []) })
  expect(read[3]).toMatchObject({ after: lost(update.kind === 'update' ? update.after : []) })
})
