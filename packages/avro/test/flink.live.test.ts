import { readFileSync } from 'node:fs'
import { isRowChange, type RowChange, readChanges, silentLogger } from '@cdc/core'
import { postgresCdc } from '@cdc/postgres-cdc'
import { sharedPostgres } from '@cdc/servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { changesSql, setupSql } from '../../json/test/flink-recordings.ts'
import { avro } from '../src/index.ts'

/** The rows that setup.sql makes and the changes that changes.sql makes of them. */
const [snapshotRows, allChanges] = [2, 6]
const server = await sharedPostgres(15)
const stop = new AbortController()
let database: string
let changes: RowChange[]

beforeAll(async () => {
  database = await server.createDatabase('flink_avro')
  // Flink CDC reads no arrays, so its table had a STRING with the text that Java prints for a list
  await server.query(setupSql().replace('arr int[]', 'arr text').replace("'{1,NULL,3}'", "'[1, null, 3]'"), database)
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
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)])
  for await (const batch of readChanges(source, { name: 'flink_avro', signal })) {
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

interface Recorded {
  readonly key: string
  readonly value: string | null
}

/** The recorder wrote bytes that are no text as `0x...`. */
const hexOf = (text: string) => (text.startsWith('0x') ? text.slice(2) : Buffer.from(text, 'latin1').toString('hex'))

function recorded(): { key: string; value: string | null }[] {
  const lines = readFileSync(new URL('golden/flink/d_upsert_avro.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  return lines.map((line) => {
    const { key, value } = JSON.parse(line) as Recorded
    return { key: hexOf(key), value: value === null ? null : hexOf(value) }
  })
}

const left = new Set(['t', 'tz', 'b'])

/** What Flink's table had: no TIME, TIMESTAMP_LTZ and BYTES. */
function narrowed(change: RowChange): RowChange {
  const { table } = change
  const kept = table.columns.flatMap(({ name }, position) => (left.has(name) ? [] : [position]))
  const narrow = { ...table, columns: kept.map((position) => table.columns[position]!), key: [0] }
  const row = (cells: readonly unknown[]) =>
    kept.map((position) => cells[position]) as RowChange extends infer R
      ? R extends { after: infer A }
        ? A
        : never
      : never
  const rows = Object.fromEntries(
    (['before', 'after'] as const).flatMap((name) => {
      const cells = (change as { before?: readonly unknown[]; after?: readonly unknown[] })[name]
      return cells === undefined ? [] : [[name, row(cells)]]
    }),
  )
  return { ...change, ...rows, table: narrow } as RowChange
}

test("rows and tombstones are those of Flink's upsert-kafka with avro, byte for byte", async () => {
  const narrow = changes.map(narrowed)
  const format = avro({ changelog: 'upsert' })
  const context = { pipeline: 'flink_avro', logger: silentLogger, report() {}, role: 'value' as const }
  const encoder = await format.create(context).encoder(narrow[0]!.table)
  const records = narrow.flatMap((change) => encoder.encode(change))
  const hex = (part: unknown) => (part === null ? null : Buffer.from(part as Uint8Array).toString('hex'))
  expect(records.map(({ key, value }) => ({ key: hex(key), value: hex(value) }))).toEqual(recorded())
})
