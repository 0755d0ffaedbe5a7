import type { RowChange, Table } from '@cdc/core'
import { json } from '@cdc/json'
import { sharedKafka } from '@cdc/servers'
import { beforeAll, expect, test } from 'vitest'
import { recorded, withDifferences } from '../../json/test/flink-recordings.ts'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { upsertKafka } from '../src/index.ts'
import { flinkChanges, stored } from './flink-scenario.ts'

const flinkDecimals = json({ 'encode.decimal-as-plain-number': false })
const broker = await sharedKafka()
let changes: RowChange[]

beforeAll(async () => {
  changes = await flinkChanges()
})

test("keys, values and tombstones in the topic are those of Flink's upsert-kafka with json, byte for byte", async () => {
  await using topics = await TopicLog.open(broker.bootstrapServers)
  const topic = broker.prefix('golden')
  const sink = upsertKafka({
    topic,
    'properties.bootstrap.servers': broker.bootstrapServers,
    'key.format': json({}),
    'value.format': flinkDecimals,
  })
  expect(await stored(sink, topics, topic, changes)).toEqual(withDifferences(recorded('d_upsert_json')))
})

test('and with a prefix of the key, which is left out of the value', async () => {
  await using topics = await TopicLog.open(broker.bootstrapServers)
  const topic = broker.prefix('golden')
  const sink = upsertKafka({
    topic,
    'properties.bootstrap.servers': broker.bootstrapServers,
    'key.format': json({}),
    'value.format': json({ 'encode.decimal-as-plain-number': true, 'encode.ignore-null-fields': true }),
    'key.fields-prefix': 'k_',
    'value.fields-include': 'EXCEPT_KEY',
  })
  const renamed = new Map<Table, Table>()
  const named = (table: Table): Table => {
    const [id, ...rest] = table.columns
    if (!renamed.has(table)) renamed.set(table, { ...table, columns: [{ ...id!, name: 'k_id' }, ...rest] })
    return renamed.get(table)!
  }
  const prefixed = changes.map((change) => ({ ...change, table: named(change.table) }))
  expect(await stored(sink, topics, topic, prefixed)).toEqual(withDifferences(recorded('d_upsert_json_prefix')))
})
