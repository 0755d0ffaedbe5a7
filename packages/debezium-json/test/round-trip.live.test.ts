import { type Change, isRowChange, type Row, silentLogger, type Table, tableName } from '@cdc/core'
import { beforeAll, expect, test } from 'vitest'
import { debeziumJson } from '../src/index.ts'
import { runScenario } from './scenario.ts'

let changes: readonly Change[]

beforeAll(async () => {
  changes = (await runScenario('types')).changes
}, 60_000)

const context = { pipeline: 'round', logger: silentLogger, report() {}, role: 'value' as const }

/** Types that have no form in Debezium's schemas which keeps the length of their text. */
const lossy = new Set(['vb', 'vb1', 'vb2', 'vb24', 'vb64', 'm', 'n'])

/** The cells of a row that a test compares, by the names of their columns. */
function cells(table: Table, row: Row, leftOut: ReadonlySet<string>): Record<string, unknown> {
  const entries = table.columns.map(({ name }, position) => [name, row[position]] as const)
  return Object.fromEntries(entries.filter(([name]) => !leftOut.has(name)))
}

for (const schemas of [false, true]) {
  test(`every value of every type comes back as it was, ${schemas ? 'with' : 'without'} schemas`, async () => {
    const format = debeziumJson({
      'schemas.enable': schemas,
      'decimal.handling.mode': 'string',
      'time.precision.mode': 'structured',
      'include.unknown.datatypes': true,
      'replace.null.with.default': false,
      'event.converting.failure.handling.mode': 'skip',
    }).create(context)
    const tables = new Map<string, Table>()
    let compared = 0
    for (const change of changes) {
      if (change.kind === 'schema') tables.set(tableName(change.table), change.table)
      if (change.kind !== 'insert' || change.table.name === 't_arr_2d') continue
      const table = tables.get(tableName(change.table))!
      const [encoder, decoder] = [await format.encoder(table), await format.decoder(table)]
      const [record] = encoder.encode(change)
      const bytes = (part: string | Uint8Array | null) => (part === null ? null : Buffer.from(part as string))
      const [back] = decoder.decode(bytes(record!.key), bytes(record!.value)).filter(isRowChange)
      if (back?.kind !== 'insert') throw new Error('no insert came back')
      const left = table.name === 't_bit' || table.name === 't_num' || table.name === 't_nn' ? lossy : unread(table)
      expect(cells(table, back.after, left), tableName(table)).toEqual(cells(table, change.after, left))
      compared++
    }
    expect(compared).toBeGreaterThan(100)
  })
}

/** Columns that are not written at all: arrays that Debezium leaves out. */
function unread({ name }: Table): ReadonlySet<string> {
  return new Set(name === 't_arr_odd' ? ['a_money', 'a_name', 'a_iv', 'a_vb', 'a_xml', 'a_pt'] : [])
}
