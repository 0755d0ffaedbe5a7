import type { DataType } from '@cdc/core'
import { expect, test } from 'vitest'
import { builtinTypes } from './builtin.ts'
import { dataTypeOf } from './data-type.ts'
import { TypeCatalog, type TypeCatalogRow } from './type-catalog.ts'

const none = new TypeCatalog()
const numeric = (precision: number, scale: number) => ((precision << 16) | (scale & 0x7ff)) + 4

// The printed names are what format_type of PostgreSQL 18 gave.
test.each<[oid: number, typmod: number, native: string, type: DataType]>([
  [16, -1, 'boolean', { kind: 'boolean' }],
  [20, -1, 'bigint', { kind: 'int64' }],
  [26, -1, 'oid', { kind: 'int64' }],
  [18, -1, '"char"', { kind: 'string' }],
  [790, -1, 'money', { kind: 'other' }],
  [3220, -1, 'pg_lsn', { kind: 'other' }],
  [5069, -1, 'xid8', { kind: 'other' }],
  [1700, -1, 'numeric', { kind: 'decimal' }],
  [1700, numeric(10, 2), 'numeric(10,2)', { kind: 'decimal', precision: 10, scale: 2 }],
  [1700, numeric(5, -2), 'numeric(5,-2)', { kind: 'decimal', precision: 5, scale: -2 }],
  [1700, numeric(1000, 1000), 'numeric(1000,1000)', { kind: 'decimal', precision: 1000, scale: 1000 }],
  [1042, -1, 'bpchar', { kind: 'string' }],
  [1042, 14, 'character(10)', { kind: 'string', length: 10, fixed: true }],
  [1043, -1, 'character varying', { kind: 'string' }],
  [1043, 44, 'character varying(40)', { kind: 'string', length: 40 }],
  [1015, 44, 'character varying(40)[]', { kind: 'array', element: { kind: 'string', length: 40 } }],
  [1560, -1, '"bit"', { kind: 'other' }],
  [1560, 3, 'bit(3)', { kind: 'other' }],
  [1562, 5, 'bit varying(5)', { kind: 'other' }],
  [1561, 5, 'bit(5)[]', { kind: 'array', element: { kind: 'other' } }],
  [1083, 0, 'time(0) without time zone', { kind: 'time', precision: 0 }],
  [1266, 2, 'time(2) with time zone', { kind: 'timetz', precision: 2 }],
  [1114, -1, 'timestamp without time zone', { kind: 'timestamp' }],
  [1184, 3, 'timestamp(3) with time zone', { kind: 'timestamptz', precision: 3 }],
  [1186, -1, 'interval', { kind: 'interval' }],
  [1186, 327679, 'interval year', { kind: 'interval' }],
  [1186, 196607, 'interval month', { kind: 'interval' }],
  [1186, 458751, 'interval year to month', { kind: 'interval' }],
  [1186, 470351871, 'interval day to second', { kind: 'interval' }],
  [1186, 402718719, 'interval minute to second', { kind: 'interval' }],
  [1186, 268435458, 'interval second(2)', { kind: 'interval' }],
  [1186, 470286339, 'interval day to second(3)', { kind: 'interval' }],
  [1186, 2147418116, 'interval(4)', { kind: 'interval' }],
  [1187, 469762048, 'interval hour to second(0)[]', { kind: 'array', element: { kind: 'interval' } }],
])('OID %i with modifier %i is %s', (oid, typmod, native, type) => {
  expect(dataTypeOf(oid, typmod, none)).toEqual({ type, native, delimiter: ',' })
})

test('only arrays of boxes are separated by semicolons', () => {
  const delimiters = builtinTypes()
    .filter((type) => type.array !== 0)
    .map((type) => [type.name, dataTypeOf(type.array, -1, none)?.delimiter])
  expect(delimiters.filter(([, delimiter]) => delimiter !== ',')).toEqual([['box', ';']])
})

const row = (fields: Record<string, string>): TypeCatalogRow => ({
  ...{ category: 'U', delimiter: ',', array: '0', base: '0', typmod: '-1', labels: null, modified: null },
  ...fields,
})
const catalog = TypeCatalog.from([
  row({ oid: '20001', kind: 'e', native: '"S1".mood', array: '20002', labels: '{sad,ok,"happy, really"}' }),
  row({
    oid: '20003',
    kind: 'd',
    native: 'public.price',
    array: '20004',
    base: '1700',
    typmod: String(numeric(12, 3)),
  }),
  row({ oid: '20005', kind: 'd', native: 'public.deep', array: '20006', base: '20003' }),
  row({ oid: '20007', kind: 'b', native: 'public.citext', array: '20008', category: 'S' }),
  row({ oid: '20009', kind: 'b', native: 'public.vector', array: '20010', modified: '{"3 public.vector(3)"}' }),
  row({ oid: '20011', kind: 'd', native: 'public.ints', array: '20012', base: '1007' }),
  row({ oid: '20013', kind: 'd', native: 'public.boxes', array: '20014', base: '1020' }),
  row({ oid: '20015', kind: 'c', native: 'public.pair', array: '20016', category: 'C' }),
  row({ oid: '20017', kind: 'd', native: 'public.broken', array: '0', base: '29999' }),
])

test.each<[oid: number, typmod: number, native: string, type: DataType, base?: string, delimiter?: string]>([
  [20001, -1, '"S1".mood', { kind: 'enum', labels: ['sad', 'ok', 'happy, really'] }],
  [20002, -1, '"S1".mood[]', { kind: 'array', element: { kind: 'enum', labels: ['sad', 'ok', 'happy, really'] } }],
  [20003, -1, 'public.price', { kind: 'decimal', precision: 12, scale: 3 }, 'numeric(12,3)'],
  [20005, -1, 'public.deep', { kind: 'decimal', precision: 12, scale: 3 }, 'numeric(12,3)'],
  [20006, -1, 'public.deep[]', { kind: 'array', element: { kind: 'decimal', precision: 12, scale: 3 } }],
  [20007, -1, 'public.citext', { kind: 'string' }],
  [20009, 3, 'public.vector(3)', { kind: 'other' }],
  [20010, 3, 'public.vector(3)[]', { kind: 'array', element: { kind: 'other' } }],
  [20009, 4, 'public.vector(4)', { kind: 'other' }],
  [20011, -1, 'public.ints', { kind: 'array', element: { kind: 'int32' } }, 'integer[]'],
  [20012, -1, 'public.ints[]', { kind: 'array', element: { kind: 'other' } }],
  [20013, -1, 'public.boxes', { kind: 'array', element: { kind: 'other' } }, 'box[]', ';'],
  [20015, -1, 'public.pair', { kind: 'other' }],
])('user type %i with modifier %i is %s', (oid, typmod, native, type, base, delimiter = ',') => {
  expect(dataTypeOf(oid, typmod, catalog)).toEqual({ type, native, base, delimiter })
})

test('says when it does not know a type, also under a domain', () => {
  expect(dataTypeOf(30000, -1, catalog)).toBeUndefined()
  expect(dataTypeOf(20017, -1, catalog)).toBeUndefined()
})

test('takes what the stream tells about a type that is gone, and never over what the catalog knows', () => {
  const types = new TypeCatalog()
  types.assume(40000, 'shop', 'mood')
  types.assume(40001, '', 'int4')
  types.assume(40002, 'pg_catalog', '_text')
  expect(dataTypeOf(40000, -1, types)).toMatchObject({ type: { kind: 'other' }, native: 'shop.mood' })
  expect(dataTypeOf(40001, -1, types)).toMatchObject({ type: { kind: 'int32' } })
  expect(dataTypeOf(40002, -1, types)).toMatchObject({ type: { kind: 'array', element: { kind: 'string' } } })
  catalog.assume(20001, 'other', 'thing')
  expect(dataTypeOf(20001, -1, catalog)?.native).toBe('"S1".mood')
})
