import { readFileSync } from 'node:fs'
import { avro } from '@cdc/avro'
import { isRowChange, type OptionInput, type RowChange } from '@cdc/core'
import { json } from '@cdc/json'
import { addMetadata } from '@cdc/runtime'
import { sharedKafka } from '@cdc/servers'
import { beforeAll, expect, test } from 'vitest'
import { readWithOther } from '../../kafka-client/test/other-client.ts'
import { upsertKafka } from '../src/index.ts'
import type { sinkOptions } from '../src/sink-options.ts'
import { flinkChanges, written } from './flink-scenario.ts'
import { as, type Declared, declaredAs, documents, products } from './flink-tables.ts'

const file = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8')

/** A record in hexadecimal digits. */
interface Hex {
  readonly key: string
  readonly value: string | null
}

/** The recorder wrote bytes that are no text as `0x...`. */
const hexOf = (text: string) => (text.startsWith('0x') ? text.slice(2) : Buffer.from(text).toString('hex'))

/** What Flink 1.20.5 with CDC 3.5 wrote. `place`: of the recording. */
function recorded(place: string): Hex[] {
  const lines = readFileSync(new URL(place, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  const records = lines.map((line) => JSON.parse(line) as { key: string; value: string | null })
  return records.map(({ key, value }) => ({ key: hexOf(key), value: value === null ? null : hexOf(value) }))
}

/** Flink writes a tombstone before each update where the source table declares no key. Never here: see docs/20-kafka.md. */
function withoutNeedless(records: readonly Hex[]): Hex[] {
  return records.filter(({ key, value }, at) => value !== null || records[at + 1]?.key !== key)
}

/** The time that the snapshot or a commit had, which no two runs share. */
const timeless = (records: readonly Hex[]) =>
  records.map(({ key, value }) => {
    const text = value === null ? null : Buffer.from(value, 'hex').toString()
    return { key, value: text?.replace(/"op_ts":"[-\d]+([ T])[:\d.]+Z"/, '"op_ts":"$1"') ?? null }
  })

const broker = await sharedKafka()
let statements: RowChange[]
let formats: RowChange[]

beforeAll(async () => {
  statements = await flinkChanges({
    name: 'flink_statements',
    setup: file('setup.sql') + file('rows.sql'),
    changes: file('changes.sql'),
    tables: '(products|documents)',
    snapshotRows: 2,
    allChanges: 8,
  })
  formats = await flinkChanges()
}, 120_000)

const tableOf = (name: string) => statements.filter(({ table }) => table.name === name)

/** Writes changes, and reads them with a client that shares no code with the sink. */
async function records(
  changes: readonly RowChange[],
  options: Pick<OptionInput<(typeof sinkOptions)['fields']>, 'key.format' | 'value.format' | 'value.fields-include'>,
  count: number,
): Promise<Hex[]> {
  const topic = broker.prefix('golden')
  await written(upsertKafka({ topic, 'properties.bootstrap.servers': broker.bootstrapServers, ...options }), changes)
  const found = await readWithOther(broker.bootstrapServers, topic, count)
  const hex = (part: Buffer | null) => part?.toString('hex') ?? null
  return found.map(({ key, value }) => ({ key: hex(key)!, value: hex(value) }))
}

const flinkJson = json({ 'encode.decimal-as-plain-number': false })

test.each([
  ['c_products_json', 'products', products, json({})],
  ['c_documents_json', 'documents', documents, json({})],
  ['c_products_avro', 'products', products, avro({})],
  ['c_documents_avro', 'documents', documents, avro({})],
] as const)(
  "%s of the statement set is Flink's, byte for byte, but for its needless tombstones",
  async (name, table, declared, format) => {
    const all = recorded(`golden/${name}.jsonl`)
    const expected = withoutNeedless(all)
    expect(expected.length).toBeLessThan(all.length)
    const changes = declaredAs(tableOf(table), declared)
    const found = await records(changes, { 'key.format': format, 'value.format': format }, expected.length)
    expect(found).toEqual(expected)
  },
)

const meta: readonly Declared[] = [
  as('database_name', { kind: 'string' }),
  as('schema_name', { kind: 'string' }),
  as('table_name', { kind: 'string' }),
  as('op_ts', { kind: 'timestamptz', precision: 3 }),
  as('row_kind', { kind: 'string' }),
  as('product_id', { kind: 'int32' }),
  as('sku', { kind: 'string' }),
  as('price', { kind: 'decimal', precision: 10, scale: 2 }),
]

test.each([
  ['c_meta_json', { 'value.format': flinkJson, 'value.fields-include': 'EXCEPT_KEY' }],
  [
    'c_meta_json_iso',
    { 'value.format': json({ 'timestamp-format.standard': 'ISO-8601', 'encode.decimal-as-plain-number': true }) },
  ],
] as const)('%s: all metadata columns', async (name, options) => {
  const keys = ['database_name', 'schema_name', 'table_name', 'op_ts', 'row_kind'] as const
  const widened = addMetadata(Object.fromEntries(keys.map((key) => [key, key])))(tableOf('products'))
  const changes = declaredAs(widened.filter(isRowChange), meta).map((change) => ({
    ...change,
    ...('after' in change ? { after: ['postgres', ...change.after.slice(1)] } : {}),
  })) as RowChange[]
  const expected = recorded(`golden/${name}.jsonl`)
  const found = await records(changes, { 'key.format': json({}), ...options }, expected.length)
  expect(timeless(found)).toEqual(timeless(expected))
})

test('d_upsert_avro', async () => {
  const columns: readonly Declared[] = [
    as('id', { kind: 'int32' }),
    as('name', { kind: 'string' }),
    as('price', { kind: 'decimal', precision: 10, scale: 2 }),
    as('qty', { kind: 'int64' }),
    as('ratio', { kind: 'float64' }),
    as('ok', { kind: 'boolean' }),
    as('d', { kind: 'date' }),
    as('ts', { kind: 'timestamp', precision: 3 }),
    { name: 'arr', type: { kind: 'string' }, cell: (cell) => (cell == null ? cell : '[1, null, 3]') },
  ]
  const expected = recorded('../../avro/test/golden/flink/d_upsert_avro.jsonl')
  const formatsOf = { 'key.format': avro({}), 'value.format': avro({}) }
  expect(await records(declaredAs(formats, columns), formatsOf, expected.length)).toEqual(expected)
})
