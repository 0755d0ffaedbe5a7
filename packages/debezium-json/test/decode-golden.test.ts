import { type Change, isRowChange, silentLogger } from '@cdc/core'
import { describe, expect, test } from 'vitest'
import { debeziumJson } from '../src/index.ts'
import { optionsOf } from './encode-scenario.ts'
import { goldenConfigs, goldenRecords, type TopicRecord } from './golden-records.ts'
import { Branch, type Tree, treeText } from './json-tree.ts'

const context = { pipeline: 'golden', logger: silentLogger, report() {}, role: 'value' as const }

/** What Debezium wrote, read back without being told the tables. */
async function decode(records: readonly TopicRecord[], config: Readonly<Record<string, string>>): Promise<Change[]> {
  const { configured } = debeziumJson.configure(optionsOf(config))
  const decoder = await configured!.create(context).decoder()
  const bytes = (tree: Tree | undefined) => (tree === undefined ? null : Buffer.from(treeText(tree)))
  return records.flatMap(({ key, value }) => [...decoder.decode(bytes(key), bytes(value))])
}

const kinds: Readonly<Record<string, Change['kind']>> = {
  c: 'insert',
  r: 'insert',
  u: 'update',
  d: 'delete',
  t: 'truncate',
  m: 'message',
}
const opOf = ({ value }: TopicRecord) => {
  const payload = value instanceof Branch ? value.get('payload') : undefined
  return payload instanceof Branch ? String(payload.get('op')).slice(1, -1) : ''
}

for (const scenario of ['tables', 'types', 'identity']) {
  describe(scenario, () => {
    for (const [name, { config }] of Object.entries(goldenConfigs(scenario))) {
      if (config['value.converter.schemas.enable'] !== 'true' || config['transforms.unwrap.type'] !== undefined)
        continue
      test(`${name}: every event is read, and a tombstone after its delete is not another`, async () => {
        const records = goldenRecords(scenario, name)
        const wanted = records.flatMap((record) => kinds[opOf(record)] ?? [])
        const changes = await decode(records, config)
        expect(changes.filter(({ kind }) => kind !== 'schema').map(({ kind }) => kind)).toEqual(wanted)
      })
    }
  })
}

/** The row of a snapshot by its id, with its columns' names. */
async function snapshotRow(config: string, table: string, id: number) {
  const records = goldenRecords('types', config).filter(({ topic }) => topic === `srv1.public.${table}`)
  const changes = await decode(records, goldenConfigs('types')[config]!.config)
  const found = changes.find((change) => isRowChange(change) && 'after' in change && change.after[0] === id)
  if (found?.kind !== 'insert') throw new Error(`no row ${id}`)
  const cells = found.after.map((cell, position) => [found.table.columns[position]!.name, cell] as const)
  return { table: found.table, row: Object.fromEntries(cells) }
}

describe('values that Debezium wrote', () => {
  test('numbers keep all their digits', async () => {
    expect((await snapshotRow('default', 't_int', 3)).row).toMatchObject({ bi: 9223372036854775807n, d: -Infinity })
    expect((await snapshotRow('default', 't_int', 6)).row).toMatchObject({ r: 16777216, d: 123456789012345680 })
    const { row, table } = await snapshotRow('default', 't_num', 2)
    expect(row).toMatchObject({ n10_2: '-12.30', n: '-10', n38: '-99999999999999999999.999999999999999999' })
    expect(table.columns.find(({ name }) => name === 'n10_2')).toMatchObject({
      native: 'numeric(10,2)',
      nullable: true,
    })
  })

  test('numeric from all modes', async () => {
    for (const config of ['default', 'decimal_string'])
      expect((await snapshotRow(config, 't_num', 1)).row).toMatchObject({
        n10_2: '12.34',
        n: '10.1111',
        nfrac: '0.00123',
      })
  })

  test('timestamps from all modes', async () => {
    const modes = [
      'default',
      'time_adaptive_time_microseconds',
      'time_isostring',
      'time_structured',
      'time_nanoseconds',
    ]
    for (const config of modes) {
      const { row } = await snapshotRow(config, 't_ts', 1)
      expect(row, config).toMatchObject({ ts: '2016-11-04 13:51:30.123456', tz: '2016-11-04 11:51:30.123456+00' })
      const infinite = await snapshotRow(config, 't_ts_inf', 2)
      expect(infinite.row, config).toMatchObject({ ts: '-infinity', tz: '-infinity' })
    }
    expect((await snapshotRow('time_connect', 't_ts', 1)).row).toMatchObject({ ts: '2016-11-04 13:51:30.123' })
    expect((await snapshotRow('default', 't_ts', 7)).row).toMatchObject({
      ts: '4713-12-31 23:59:59.9999 BC',
      tz: '4713-12-31 23:59:59.9999+00 BC',
    })
    expect((await snapshotRow('default', 't_ts', 5)).row).toMatchObject({ tz: '21016-11-04 06:51:30.123456+00' })
  })

  test('times of the day from all modes', async () => {
    const modes = [
      'default',
      'time_adaptive_time_microseconds',
      'time_isostring',
      'time_structured',
      'time_nanoseconds',
    ]
    for (const config of modes)
      expect((await snapshotRow(config, 't_time', 1)).row, config).toMatchObject({
        t: '13:51:30.123456',
        t3: '13:51:30.123',
      })
    expect((await snapshotRow('default', 't_time', 3)).row).toMatchObject({ t: '24:00:00', tz: '24:00:00+00' })
    expect((await snapshotRow('time_structured', 't_time', 4)).row).toMatchObject({ tz: '23:59:59.9+05:45' })
  })

  test('intervals from all modes', async () => {
    for (const config of ['default', 'interval_string', 'time_structured'])
      expect((await snapshotRow(config, 't_interval', 1)).row, config).toMatchObject({
        i: '1 year 2 mons 3 days 04:05:06.78',
      })
    const { row } = await snapshotRow('interval_string', 't_interval', 3)
    expect(row).toMatchObject({ i: '-1 years -2 mons +3 days -04:05:06.789012' })
  })

  test('everything else as PostgreSQL prints it', async () => {
    expect((await snapshotRow('default', 't_geo', 1)).row).toMatchObject({
      p: '(1.5,2)',
      l: '{1,-2,3}',
      ls: '[(0,1),(2,3.5)]',
      b: '(3,4),(1,2)',
      pa: '((0,0),(1,0),(1,1))',
      po: '[(0,0),(1,0),(1,1)]',
      pg: '((0,0),(4,0),(4,4),(0,4))',
      c: '<(1,2),3.5>',
    })
    expect((await snapshotRow('default', 't_bit', 1)).row).toMatchObject({ b1: true, b7: '1000000', vb: '101' })
    expect((await snapshotRow('hstore_map', 't_user', 1)).row).toMatchObject({
      hs: expect.stringContaining('"key2"=>NULL'),
    })
    expect((await snapshotRow('default', 't_bytea', 1)).row).toMatchObject({
      b: new Uint8Array([1, 2, 3, 255, 254, 251]),
    })
    expect((await snapshotRow('default', 't_arr', 1)).row).toMatchObject({
      a_bi: [1n, null, -3n],
      a_d: [1.5, null, Infinity],
      a_n10_2: ['1.20', null, '-5.60'],
      a_t: ['a', null, 'x,y', 'q"', null, 'NULL', ''],
      a_tz: ['2016-11-04 11:51:30.123456+00', null],
    })
  })

  test('a value that was not sent is not null', async () => {
    const records = goldenRecords('identity', 'default').filter(({ topic }) => topic === 'srv1.public.toast_default')
    const changes = await decode(records, goldenConfigs('identity').default!.config)
    const update = changes.find(({ kind }) => kind === 'update')
    if (update?.kind !== 'update') throw new Error('no update')
    const cell = (name: string) => update.after[update.table.columns.findIndex((column) => column.name === name)]
    expect(cell('small')).toBe(2)
    for (const name of ['t', 'vc', 'j', 'by', 'a_t', 'a_i', 'a_bi', 'a_d', 'a_u', 'a_by', 'tsv', 'tn'])
      expect(cell(name), name).toBe(undefined)
  })
})
