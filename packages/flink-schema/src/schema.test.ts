import { expect, test } from 'vitest'
import { parseSchema } from './schema.ts'
import { tableOf } from './table.ts'

const shape = (schema: string | Record<string, string>) => tableOf('t', parseSchema(schema))
const typeOf = (type: string) => {
  const { type: data, native } = shape(`c ${type}`).columns[0]!
  return { ...data, native }
}

test('reads columns, keys, comments and quoted names as Flink does', () => {
  const table = shape(`
    id BIGINT NOT NULL COMMENT 'it''s the key', -- a remark
    \`order no\` INT, "Group" STRING,
    CONSTRAINT pk PRIMARY KEY (\`order no\`, id) NOT ENFORCED`)
  expect(table.columns.map(({ name, nullable, comment }) => [name, nullable, comment])).toEqual([
    ['id', false, "it's the key"],
    ['order no', false, undefined],
    ['Group', true, undefined],
  ])
  expect(table.key).toEqual([1, 0])
  expect(shape('id INT PRIMARY KEY NOT ENFORCED, b INT').key).toEqual([0])
})

test('takes a map from column to type', () => {
  const table = shape({ id: 'BIGINT PRIMARY KEY', 'a`b': 'STRING' })
  expect(table.columns.map(({ name }) => name)).toEqual(['id', 'a`b'])
  expect(table.key).toEqual([0])
})

test.for<[string, object]>([
  ['CHAR(3)', { kind: 'string', length: 3, fixed: true, native: 'character(3)' }],
  ['varchar(20)', { kind: 'string', length: 20, native: 'character varying(20)' }],
  ['VARCHAR(2147483647)', { kind: 'string', native: 'text' }],
  ['STRING', { kind: 'string', native: 'text' }],
  ['BOOLEAN', { kind: 'boolean', native: 'boolean' }],
  ['BYTES', { kind: 'bytes', native: 'bytea' }],
  ['BINARY(4)', { kind: 'bytes', length: 4, native: 'bytea' }],
  ['DECIMAL', { kind: 'decimal', precision: 10, scale: 0, native: 'numeric(10,0)' }],
  ['NUMERIC(38, 10)', { kind: 'decimal', precision: 38, scale: 10, native: 'numeric(38,10)' }],
  ['TINYINT', { kind: 'int16', native: 'smallint' }],
  ['INTEGER', { kind: 'int32', native: 'integer' }],
  ['BIGINT', { kind: 'int64', native: 'bigint' }],
  ['FLOAT', { kind: 'float32', native: 'real' }],
  ['DOUBLE PRECISION', { kind: 'float64', native: 'double precision' }],
  ['DATE', { kind: 'date', native: 'date' }],
  ['TIME', { kind: 'time', precision: 0, native: 'time(0) without time zone' }],
  ['TIMESTAMP', { kind: 'timestamp', precision: 6, native: 'timestamp(6) without time zone' }],
  ['TIMESTAMP(3) WITHOUT TIME ZONE', { kind: 'timestamp', precision: 3, native: 'timestamp(3) without time zone' }],
  ['TIMESTAMP(3) WITH LOCAL TIME ZONE', { kind: 'timestamptz', precision: 3, native: 'timestamp(3) with time zone' }],
  ['TIMESTAMP_LTZ(0)', { kind: 'timestamptz', precision: 0, native: 'timestamp(0) with time zone' }],
  ['INTERVAL YEAR TO MONTH', { kind: 'interval', native: 'interval' }],
  ['INTERVAL DAY(3) TO SECOND(3)', { kind: 'interval', native: 'interval' }],
  ['ARRAY<ARRAY<INT NOT NULL>>', { kind: 'array', element: { kind: 'int32' }, native: 'integer[]' }],
  ['INT ARRAY', { kind: 'array', element: { kind: 'int32' }, native: 'integer[]' }],
])('%s', ([type, expected]) => {
  expect(typeOf(type)).toEqual(expected)
})

test.for([
  ['', 'no column'],
  ['id', 'unknown type'],
  ['id BIGNT', "unknown type: 'BIGNT'"],
  ['id BIGINT,', 'name of a column'],
  ['id BIGINT name STRING', "'name' where ',' should be"],
  ['id BIGINT, id INT', "'id' twice"],
  ['id BIGINT, PRIMARY KEY (no)', "'no' in its primary key"],
  ['id INT PRIMARY KEY, b INT, PRIMARY KEY (b)', 'two primary keys'],
  ['m MAP<INT, INT>', 'MAP, which changes here cannot carry'],
  ['r ROW<a INT>', 'ROW, which changes here cannot carry'],
  ['r INT MULTISET', 'MULTISET, which changes here cannot carry'],
  ['d DECIMAL(39)', 'precision must be from 1 to 38'],
  ['d DECIMAL(3, 4)', 'scale must be'],
  ['t TIMESTAMP(10)', 'precision must be from 0 to 9'],
  ['t TIMESTAMP WITH TIME ZONE', 'TIMESTAMP_LTZ'],
  ['i INTERVAL YEAR TO DAY', 'mixes months and seconds'],
  ['a AS b + 1', 'computed column'],
  ['ts TIMESTAMP(3), WATERMARK FOR ts AS ts', 'WATERMARK'],
  ['ts TIMESTAMP(3) METADATA', 'metadata column'],
  ['id BIGINT; DROP', "';' where ',' should be"],
  ['c CHAR(0)', 'length must be at least 1'],
])('refuses %j with the reason', ([schema, reason]) => {
  expect(() => shape(schema!)).toThrow(reason)
})

test('METADATA columns are taken where their keys are known', () => {
  const { columns, key } = parseSchema(
    "id INT PRIMARY KEY, p INT NOT NULL METADATA FROM 'partition' VIRTUAL, `offset` BIGINT METADATA, h MAP<STRING, BYTES> METADATA FROM 'headers', l ARRAY<ROW<key STRING, `value` BYTES>> METADATA FROM 'header-list'",
    ['partition', 'offset', 'headers', 'header-list'],
  )
  expect(columns.map(({ name, metadata }) => [name, metadata])).toEqual([
    ['id', undefined],
    ['p', 'partition'],
    ['offset', 'offset'],
    ['h', 'headers'],
    ['l', 'header-list'],
  ])
  expect(key).toEqual([0])
  const fault = (text: string) => () => parseSchema(text, ['partition', 'headers'])
  expect(fault('a INT METADATA')).toThrow("of the unknown key 'a'; there are partition, headers")
  expect(fault("a INT METADATA FROM 'partition' PRIMARY KEY")).toThrow('in its primary key')
  expect(fault("a INT METADATA FROM 'partition', PRIMARY KEY (a)")).toThrow('in its primary key')
  expect(fault('a MAP<STRING, BYTES>')).toThrow('only a metadata column')
  expect(fault('a MAP<STRING, STRING>')).toThrow('only a metadata column')
  expect(fault('a ARRAY<ROW<key STRING, value BYTES>>')).toThrow('only a metadata column')
  expect(fault('a ARRAY<ROW<key STRING>>')).toThrow("where 'STRING ,' should be")
})
