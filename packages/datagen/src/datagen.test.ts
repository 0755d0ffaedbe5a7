import { type Batch, isRowChange, type Row, type SourceContext, silentLogger } from '@cdc/core'
import { canonicalFault } from '@cdc/testkit'
import { expect, test } from 'vitest'
import { datagen } from './datagen.ts'

type Options = Record<string, string | number | Record<string, string>>
const make = (options: Options) => datagen({ 'rows-per-second': 'unlimited', ...options } as never)
const contextOf = (limits = { rows: 1000, bytes: 1_000_000 }): SourceContext => ({
  pipeline: 'p',
  logger: silentLogger,
  report() {},
  wants: { message: false, transaction: false },
  limits,
  shapes: new Map(),
})
const rowsOf = (batches: readonly Batch[]): Row[] =>
  batches.flatMap(({ changes }) =>
    changes.filter(isRowChange).map((change) => (change.kind === 'insert' ? change.after : [])),
  )

async function read(options: Options, after?: string, limits?: { rows: number; bytes: number }): Promise<Batch[]> {
  const source = make(options).create(contextOf(limits))
  await source.open()
  const batches: Batch[] = []
  for await (const batch of source.read(after, new AbortController().signal)) batches.push(batch)
  await source.close()
  return batches
}

const everyType = `bo BOOLEAN, ch CHAR(5), vc VARCHAR(7), st STRING, bi BINARY(3), vb BYTES, de DECIMAL(10, 2), big DECIMAL(38, 20),
  ti TINYINT, sm SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, da DATE, t TIME(3), ts TIMESTAMP(3), tz TIMESTAMP_LTZ(1),
  ym INTERVAL YEAR TO MONTH, ds INTERVAL DAY TO SECOND, ar ARRAY<DECIMAL(4, 1)>, nested ARRAY<ARRAY<STRING>>`

test('makes canonical values of every type, all different from row to row', async () => {
  const options = { schema: everyType, 'number-of-rows': 300, 'fields.ts.max-past': '1 d', 'fields.tz.max-past': '1 d' }
  const batches = await read(options)
  const [schema] = batches[0]!.changes
  if (schema?.kind !== 'schema') throw new Error('The schema comes first')
  const rows = rowsOf(batches)
  expect(rows).toHaveLength(300)
  for (const [i, column] of schema.table.columns.entries()) {
    for (const row of rows) expect(canonicalFault(row[i], column.type), column.name).toBeUndefined()
    const distinct = new Set(
      rows.map((row) => JSON.stringify(row[i], (_key, value) => (typeof value === 'bigint' ? `${value}` : value))),
    )
    const shared = ['bo', 'ti', 'da', 't'].includes(column.name)
    if (!shared) expect(distinct.size, column.name).toBeGreaterThan(200)
  }
})

test('texts are hex digits of the length asked for', async () => {
  const schema = 'a STRING, b VARCHAR(9), c CHAR(4), d STRING, e VARCHAR(50), f BYTES, g BINARY(3)'
  const options = {
    schema,
    'number-of-rows': 200,
    'fields.d.length': 7,
    'fields.e.length': 5,
    'fields.e.var-len': 'true',
  }
  const rows = rowsOf(await read(options))
  const [a, b, c, d, , f, g] = rows[0]! as [string, string, string, string, string, Uint8Array, Uint8Array]
  expect([a.length, b.length, c.length, d.length, f.length, g.length]).toEqual([100, 9, 4, 7, 100, 3])
  expect(a).toMatch(/^[0-9a-f]+$/)
  expect(new Set(rows.map((row) => (row[4] as string).length))).toEqual(new Set([1, 2, 3, 4, 5]))
})

test('numbers stay within their limits and reach them', async () => {
  const limits = (name: string, min: number | string, max: number | string) => ({
    [`fields.${name}.min`]: min,
    [`fields.${name}.max`]: max,
  })
  const rows = rowsOf(
    await read({
      schema: 'i INT, l BIGINT, d DOUBLE, c DECIMAL(5, 2), n DECIMAL(3, 0), ar ARRAY<INT>, ym INTERVAL MONTH',
      'number-of-rows': 2000,
      ...limits('i', -1, 1),
      ...limits('l', '9223372036854775805', '9223372036854775807'),
      ...limits('d', -0.5, 0.5),
      ...limits('c', '-0.015', '0.01'),
      ...limits('n', 5, 5),
      ...limits('ar.element', 7, 8),
      'fields.ar.length': 2,
      ...limits('ym', -13, -13),
    }),
  )
  const distinct = (i: number) => [...new Set(rows.map((row) => String(row[i])))].sort()
  expect(distinct(0)).toEqual(['-1', '0', '1'])
  expect(distinct(1)).toEqual(['9223372036854775805', '9223372036854775806', '9223372036854775807'])
  for (const row of rows) expect(Math.abs(row[2] as number)).toBeLessThanOrEqual(0.5)
  expect(distinct(3)).toEqual(['-0.01', '0.00', '0.01'])
  expect(distinct(4)).toEqual(['5'])
  expect(distinct(5)).toEqual(['7,7', '7,8', '8,7', '8,8'])
  expect(distinct(6)).toEqual(['-1 years -1 mons'])
})

test('NULL comes as often as asked', async () => {
  const options = {
    schema: 'a INT, b STRING, c DATE',
    'number-of-rows': 2000,
    'fields.a.null-rate': 0.25,
    'fields.b.null-rate': 1,
  }
  const rows = rowsOf(await read(options))
  const nulls = (i: number) => rows.filter((row) => row[i] === null).length
  expect(nulls(0)).toBeGreaterThan(400)
  expect(nulls(0)).toBeLessThan(600)
  expect([nulls(1), nulls(2)]).toEqual([2000, 0])
})

const sequence = (name: string, start: number, end: number) => ({
  [`fields.${name}.kind`]: 'sequence',
  [`fields.${name}.start`]: start,
  [`fields.${name}.end`]: end,
})

test('the shortest sequence ends the table, and sequences are of every type that Flink has', async () => {
  const schema = 'a BIGINT, b TINYINT, c STRING, d DECIMAL(6, 2), e DOUBLE, f CHAR(4), g BYTES, h INT'
  const options = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => sequence(name, -1, 100))
  const rows = rowsOf(await read(Object.assign({ schema }, ...options, sequence('e', -1, 1))))
  expect(rows.map((row) => row.slice(0, 6))).toEqual([
    [-1n, -1, '-1', '-1.00', -1, '-1  '],
    [0n, 0, '0', '0.00', 0, '0   '],
    [1n, 1, '1', '1.00', 1, '1   '],
  ])
  expect(rows[2]![6]).toEqual(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1]))
})

test('number-of-rows counts over restarts, and may be nothing', async () => {
  const options = { schema: 'a INT', 'number-of-rows': 10 }
  const batches = await read(options, undefined, { rows: 4, bytes: 1_000_000 })
  expect(batches.map(({ changes }) => changes.filter(isRowChange).length)).toEqual([1, 4, 4, 1])
  expect(rowsOf(await read(options, batches[1]!.position))).toEqual(rowsOf(batches).slice(5))
  expect(await read(options, batches.at(-1)!.position)).toEqual([])
  expect(await read({ ...options, 'number-of-rows': 0 })).toEqual([])
})

test('the same seed gives the same rows, another one others', async () => {
  const options = { schema: 'a INT, b STRING', 'number-of-rows': 50 }
  const rows = rowsOf(await read(options))
  expect(rowsOf(await read({ ...options, seed: 0 }))).toEqual(rows)
  for (const seed of [1, -1, 2 ** 40]) expect(rowsOf(await read({ ...options, seed }))).not.toEqual(rows)
})

test('batches keep to the bytes allowed', async () => {
  const options = { schema: 'a STRING', 'fields.a.length': 10_000, 'number-of-rows': 100 }
  for (const { changes, bytes } of await read(options, undefined, { rows: 1000, bytes: 50_000 })) {
    expect(bytes).toBeLessThanOrEqual(50_000)
    expect(changes.filter(isRowChange).length * 10_000).toBeLessThanOrEqual(50_000)
  }
})

test('the rate is kept, evenly', async () => {
  const source = make({ schema: 'a INT', 'rows-per-second': 2000 }).create(contextOf())
  const stop = new AbortController()
  const start = performance.now()
  const sizes: number[] = []
  for await (const { changes } of source.read(undefined, stop.signal)) {
    sizes.push(changes.filter(isRowChange).length)
    if (performance.now() - start > 1000) stop.abort()
  }
  const seconds = (performance.now() - start) / 1000
  const rows = sizes.reduce((sum, size) => sum + size, 0)
  // a busy machine may give fewer, and never more
  expect(rows).toBeLessThanOrEqual(2000 * seconds + 1)
  expect(rows).toBeGreaterThan(500)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(200)
})

test('a slow rate gives its first row at once and stops at once', async () => {
  const source = make({ schema: 'a INT', 'rows-per-second': 1 }).create(contextOf())
  const stop = new AbortController()
  const iterator = source.read(undefined, stop.signal)[Symbol.asyncIterator]()
  expect(rowsOf([(await iterator.next()).value])).toHaveLength(1)
  const next = iterator.next()
  stop.abort()
  expect(await next).toEqual({ done: true, value: undefined })
})

test('an unlimited source leaves timers their turn', async () => {
  const source = make({ schema: 'a INT' }).create(contextOf())
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 50)
  let batches = 0
  for await (const _ of source.read(undefined, stop.signal)) batches++
  expect(batches).toBeGreaterThan(0)
})

test('positions of others are refused', async () => {
  for (const position of ['', 'x', '{}', '{"v":2,"rows":1}', '{"v":1,"rows":-1}', 'null'])
    await expect(read({ schema: 'a INT' }, position)).rejects.toMatchObject({ code: 'DATAGEN_POSITION' })
})

test('the table is called as asked', async () => {
  const admin = (name: string) => make({ schema: 'a INT', 'table-name': name }).admin!(contextOf()).tables()
  expect(await admin('sales.orders')).toMatchObject([{ schema: 'sales', name: 'orders' }])
  expect(await admin('orders')).toMatchObject([{ schema: 'public', name: 'orders' }])
})

test.for<[Options, string | RegExp]>([
  [{ 'fields.i.kind': 'other' }, 'Unsupported generator kind: other'],
  [
    { 'fields.i.kind': 'sequence', 'fields.i.end': 5 },
    "Could not find required property 'fields.i.start' for sequence generator.",
  ],
  [
    { 'fields.i.kind': 'sequence', 'fields.i.start': 5 },
    "Could not find required property 'fields.i.end' for sequence generator.",
  ],
  [sequence('i', 5, 1), 'The start value (5) cannot be greater than the end value (1).'],
  [sequence('t', 1, 200), "'fields.t.end': 200 does not fit TINYINT"],
  [sequence('c', 1, 10000), "'fields.c.end': 10000 does not fit CHAR(3)"],
  [sequence('ar', 1, 2), 'Unsupported type: ARRAY<INT>'],
  [{ 'fields.c.length': 2 }, "Custom length for fixed-length type (CHAR/BINARY) field 'c' is not supported."],
  [{ 'fields.v.length': 6 }, "field 'v' should be shorter than the length defined in the schema."],
  [{ 'fields.v.length': 0 }, 'must be a whole number from 1'],
  [{ 'fields.i.min': 5, 'fields.i.max': 4 }, "'fields.i.min' is greater than 'fields.i.max'"],
  [{ 'fields.i.min': 'x' }, "'fields.i.min' must be a whole number"],
  [{ 'fields.i.min': '3000000000' }, '3000000000 does not fit INT'],
  [{ 'fields.v.min': 1 }, 'VARCHAR(5). It has: kind, null-rate, length, var-len'],
  [{ 'fields.i.mni': 1 }, "Did you mean 'fields.i.min'?"],
  [{ 'fields.idd.kind': 'random' }, "'fields.idd.kind' belongs to no column"],
  [{ 'fields.i.null-rate': 2 }, "'fields.i.null-rate' must be a number from 0 to 1"],
  [{ 'fields.ar.element.kind': 'random' }, "'fields.ar.element.kind' does not fit"],
  [{ 'rows-per-second': 0 }, "'rows-per-second' must be a whole number of at least 1, or unlimited"],
  [{ 'table-name': 'a.b.c' }, "'table-name' must be a table, or schema.table"],
])('refuses %j', ([options, text]) => {
  const call = () => make({ schema: 'i INT, t TINYINT, c CHAR(3), v VARCHAR(5), ar ARRAY<INT>', ...options })
  expect(call).toThrow(text)
})

test('gives columns with dots in their names their options', () => {
  const schema = { a: 'INT', 'a.b': 'STRING' }
  expect(() => make({ schema, 'fields.a.b.length': 3, 'fields.a.min': 1 })).not.toThrow()
})
