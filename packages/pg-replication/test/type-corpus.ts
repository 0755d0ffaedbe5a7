/** A type as a column is declared with it, values as SQL literals, and the first version that has it. */
export interface Sample {
  readonly type: string
  readonly values: readonly string[]
  readonly since?: number
  /** Literals that need a newer version than the type. */
  readonly later?: Readonly<Record<number, readonly string[]>>
  /** No array of it can be made. */
  readonly alone?: true
}

/** Extensions and user types that the samples need. */
export const typesSetUp = `
CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION hstore SCHEMA public; CREATE EXTENSION ltree SCHEMA public;
CREATE SCHEMA "S1"; CREATE SCHEMA s2;
CREATE TYPE "S1".mood AS ENUM ('sad', 'ok', 'happy, really', 'quo"te', 'back\\slash', 'NULL', 'ünï');
CREATE TYPE s2.mood AS ENUM ('other');
CREATE TYPE public.pair AS (a int, b text);
CREATE DOMAIN public.posint AS int CHECK (VALUE > 0);
CREATE DOMAIN public.money2 AS numeric(12,3);
CREATE DOMAIN public.deep AS public.money2;
CREATE DOMAIN public.vc5 AS varchar(5);
CREATE DOMAIN public.ints AS int[];
CREATE DOMAIN public."Moods" AS "S1".mood[];
CREATE TYPE public.floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE TABLE public.as_type (x int, "Y" text);
`

const everyByte = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0')).join('')
const long = (text: string) => `repeat('${text}', 4000)`

/** Edge values of every type that a column can have. Some are long enough for TOAST. */
export const samples: readonly Sample[] = [
  { type: 'boolean', values: ['true', 'false'] },
  { type: 'smallint', values: ['-32768', '32767', '0'] },
  { type: 'integer', values: ['-2147483648', '2147483647', '0'] },
  {
    type: 'bigint',
    values: [
      '-9223372036854775808',
      '9223372036854775807',
      '9007199254740993',
      '-9007199254740993',
      '0',
      '999999999999999',
    ],
  },
  { type: 'oid', values: ['0', '4294967295', '3000000000'] },
  {
    type: 'real',
    values: ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", '3.3', '1e-45', '3.4028235e38', '16777216', '0.1'],
  },
  {
    type: 'double precision',
    values: [
      "'NaN'",
      "'Infinity'",
      "'-Infinity'",
      "'-0'",
      '0.1',
      '5e-324',
      '1.7976931348623157e308',
      '123456789012345680',
    ],
  },
  {
    type: 'numeric',
    values: [
      "'NaN'",
      '0',
      '-0.00',
      '1.500',
      "repeat('9', 20000)::numeric",
      "('0.' || repeat('0', 16382) || '1')::numeric",
    ],
    later: { 14: ["'Infinity'", "'-Infinity'"] },
  },
  { type: 'numeric(10,2)', values: ['12.34', '-99999999.99', "'NaN'", '0'] },
  { type: 'numeric(5)', values: ['12345', '-1'] },
  { type: 'numeric(5,-2)', values: ['1234567', '-100'], since: 15 },
  { type: 'numeric(3,5)', values: ['0.00123', '-0.00999'], since: 15 },
  { type: 'money', values: ["'1234.11'", "'-0.01'", "'92233720368547758.07'"] },
  {
    type: 'text',
    values: [
      "''",
      "'NULL'",
      "E'tab\\tnl\\ncr\\rback\\\\slash\\b\\f\\v'",
      "'\\N'",
      "'{}'",
      "'é ü 漢字 😀'",
      long('x'),
      long('é'),
      "E'\\u0001\\u2028\\ufffd'",
    ],
  },
  { type: 'character varying', values: ["'a'", "''"] },
  { type: 'character varying(5)', values: ["'12345'", "'漢字é😀x'", "''"] },
  { type: 'character(5)', values: ["'abc'", "''", "'é'"] },
  { type: 'bpchar', values: ["'pad '", "''"] },
  { type: '"char"', values: ["'z'", "''", "'\\'"] },
  { type: 'name', values: ["'a_name'", "'таблица 表 🦊'", "''"] },
  { type: 'bytea', values: [`'\\x${everyByte}'`, "'\\x'", `decode(repeat('ab', 9000), 'hex')`] },
  {
    type: 'date',
    values: ["'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'", "'0001-12-31 BC'", "'1582-10-04'"],
  },
  { type: 'time', values: ["'00:00'", "'24:00:00'", "'23:59:59.999999'", "'10:34:56.1'"] },
  { type: 'time(3)', values: ["'10:34:56.789012'"] },
  {
    type: 'time with time zone',
    values: ["'23:59:59.999999+15:59:59'", "'24:00:00+00'", "'00:00-11'", "'12:00:00.5+05:45'"],
  },
  { type: 'time(0) with time zone', values: ["'10:34:56.789012-02:30'"] },
  {
    type: 'timestamp',
    values: [
      "'infinity'",
      "'-infinity'",
      "'4713-12-31 23:59:59.9999 BC'",
      "'294276-12-31 23:59:59.999999'",
      "'1970-01-01'",
      "'2016-12-31 23:59:60'",
    ],
  },
  { type: 'timestamp(3)', values: ["'2024-02-29 10:34:56.789012'"] },
  {
    type: 'timestamp with time zone',
    values: [
      "'infinity'",
      "'-infinity'",
      "'4713-12-31 23:59:59.9999+00 BC'",
      "'294276-12-31 23:59:59+00'",
      "'2024-03-31 02:30 Europe/Berlin'",
      "'1883-11-18 12:03:58-07:52:58'",
    ],
  },
  { type: 'timestamp(0) with time zone', values: ["'2024-02-29 10:34:56.789012+02:30'"] },
  {
    type: 'interval',
    values: [
      "'1 year 2 mons -3 days +04:05:06.789012'",
      "'0'",
      "'-00:00:01.5'",
      "'178000000 years'",
      "'1 mon -1 day'",
      "'999 hours'",
    ],
    later: { 17: ["'infinity'", "'-infinity'"] },
  },
  { type: 'interval day to second(3)', values: ["'3 days 04:05:06.789'"] },
  { type: 'interval year to month', values: ["'1-2'"] },
  { type: 'interval(0)', values: ["'1.6 s'"] },
  { type: 'uuid', values: ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"] },
  {
    type: 'json',
    values: [
      `' {"b":  1.50, "b": 12345678901234567890.123456789012345678}'`,
      `'null'`,
      `'"\\u0000 \\ud800"'`,
      `'{"é": "\\n\\t\\\\"}'`,
    ],
  },
  { type: 'jsonb', values: [`'{"b":  1.50, "a": 12345678901234567890.123456789012345678}'`, `'null'`, `'"x\\ny"'`] },
  { type: 'jsonpath', values: ["'$.a[*] ? (@ > 1)'"], since: 12 },
  { type: 'xml', values: [`'<foo>é</foo><!-- c --><e a="1"/>'`, "''", `'<?xml version="1.0"?><r/>'`] },
  { type: 'bit', values: ["B'1'", "B'0'"] },
  { type: 'bit(20)', values: ["B'10000000000000000001'"] },
  { type: 'bit varying', values: ["B''", "repeat('10', 200)::varbit"] },
  { type: 'bit varying(5)', values: ["B'101'"] },
  { type: 'inet', values: ["'192.168.2.0/12'", "'192.168.2.1'", "'::ffff:1.2.3.0/120'"] },
  { type: 'cidr', values: ["'192.168.100.128/25'", "'2001:4f8:3:ba::/64'"] },
  { type: 'macaddr', values: ["'08-00-2B-01-02-03'"] },
  { type: 'macaddr8', values: ["'08002b:0102030405'"] },
  { type: 'point', values: ["'(1.5,2)'", "'(NaN,Infinity)'", "'(-1e-10,1e20)'"] },
  { type: 'line', values: ["'{1,-2,3}'"] },
  { type: 'lseg', values: ["'[(0,1),(2,3.5)]'"] },
  { type: 'box', values: ["'((3,4),(1,2))'", "'(0,0),(0,0)'"] },
  { type: 'path', values: ["'((0,0),(1,0),(1,1))'", "'[(0,0),(1,0)]'"] },
  { type: 'polygon', values: ["'((0,0),(4,0),(4,4))'"] },
  { type: 'circle', values: ["'<(1,2),3.5>'"] },
  { type: 'int4range', values: ["'[1,5]'", "'empty'", "'(,)'"] },
  { type: 'int8range', values: ["'(1,9223372036854775806)'"] },
  { type: 'numrange', values: ["'[5.3,6.30)'", "'(,1]'"] },
  { type: 'tsrange', values: ["'[2019-03-31 15:30:00,infinity)'"] },
  { type: 'tstzrange', values: ["'[2017-06-05 11:29:12.549426+05:30,)'"] },
  { type: 'daterange', values: ["'[2019-03-31,2019-04-02]'"] },
  { type: 'int4multirange', values: ["'{[1,3),[5,9)}'", "'{}'"], since: 14 },
  { type: 'int8multirange', values: ["'{(,)}'"], since: 14 },
  { type: 'nummultirange', values: ["'{[1.5,2.5]}'"], since: 14 },
  { type: 'tsmultirange', values: ["'{[2020-01-01,2020-01-02)}'"], since: 14 },
  { type: 'tstzmultirange', values: ["'{[2020-01-01 00:00+00,2020-01-02 00:00+00)}'"], since: 14 },
  { type: 'datemultirange', values: ["'{[2020-01-01,2020-01-02)}'"], since: 14 },
  { type: 'tsvector', values: [`$$'Joe''s':3A 'a b':1,2$$`, "''"] },
  { type: 'tsquery', values: ["'fat <-> cat & !rat'"] },
  { type: 'pg_lsn', values: ["'16/B374D848'", "'FFFFFFFF/FFFFFFFF'"] },
  { type: 'txid_snapshot', values: ["'10:20:10,14,15'"] },
  { type: 'pg_snapshot', values: ["'10:20:10,14,15'"], since: 13 },
  { type: 'xid', values: ["'4294967295'"] },
  { type: 'xid8', values: ["'18446744073709551615'"], since: 13 },
  { type: 'cid', values: ["'4294967295'"] },
  { type: 'tid', values: ["'(4294967295,65535)'"] },
  { type: 'regclass', values: ["'pg_catalog.pg_class'", "'public.as_type'", "'0'"] },
  { type: 'regtype', values: ["'integer'", `'"S1".mood'`] },
  { type: 'regproc', values: ["'pg_catalog.now'"] },
  { type: 'regprocedure', values: ["'pg_catalog.abs(int)'"] },
  { type: 'regoper', values: ["'pg_catalog.||/'"] },
  { type: 'regoperator', values: ["'pg_catalog.+(int,int)'"] },
  { type: 'regrole', values: ["'postgres'"] },
  { type: 'regnamespace', values: [`'"S1"'`] },
  { type: 'regconfig', values: ["'pg_catalog.english'"] },
  { type: 'regdictionary', values: ["'pg_catalog.simple'"] },
  { type: 'regcollation', values: [`'pg_catalog."C"'`], since: 13 },
  { type: 'refcursor', values: ["'a cursor'"] },
  { type: 'aclitem', values: ["'postgres=r/postgres'"] },
  { type: 'int2vector', values: ["'1 2 3'", "''"], alone: true },
  { type: 'oidvector', values: ["'1 4294967295'"], alone: true },
  { type: 'public.citext', values: ["'CiText'", "'É'"] },
  { type: 'public.hstore', values: [`'"key1"=>"val1", "key2"=>NULL, "q\\"k"=>"v,=>"'`, "''"] },
  { type: 'public.ltree', values: ["'a.b.c'", "''"] },
  { type: '"S1".mood', values: ["'sad'", "'happy, really'", `'quo"te'`, "'back\\slash'", "'NULL'", "'ünï'"] },
  { type: 's2.mood', values: ["'other'"] },
  { type: 'public.pair', values: [`'(1,"x y")'`, "'(,)'", `ROW(2, E'a"b\\\\c\\n')::public.pair`] },
  { type: 'public.as_type', values: ["'(1,x)'"] },
  { type: 'public.posint', values: ['5'] },
  { type: 'public.money2', values: ['1.5'] },
  { type: 'public.deep', values: ['-1.2345'] },
  { type: 'public.vc5', values: ["'abc'"] },
  { type: 'public.ints', values: ["'{1,NULL,3}'", "'{}'", "'{{1,2},{3,4}}'", "'[2:3]={1,2}'"] },
  { type: 'public."Moods"', values: [`'{sad,"happy, really",NULL,"NULL"}'`] },
  { type: 'public.floatrange', values: ["'[1.5,2.5)'"] },
  { type: 'int[]', values: ["'{{1,2},{3,NULL}}'", "'[0:1]={5,6}'", "'{}'", "'{{{1}}}'"], alone: true },
  {
    type: 'text[]',
    values: [`'{a,NULL,"NULL","",x\\,y,"q\\"","b\\\\s"}'`, `'{{a,"{"},{"}",","}}'`, `E'{"line\\nend","tab\\t"}'`],
    alone: true,
  },
  { type: 'timestamp(3)[]', values: ["'{infinity,NULL,2024-02-29 10:34:56.789012}'"], alone: true },
  { type: 'character varying(5)[]', values: [`'{" a ",é}'`], alone: true },
]

/** What this version has of them. */
export function samplesOf(version: number): { type: string; values: string[]; alone: boolean }[] {
  return samples
    .filter((sample) => (sample.since ?? 0) <= version)
    .map(({ type, values, later = {}, alone = false }) => ({
      type,
      alone,
      values: [...values, ...Object.entries(later).flatMap(([since, more]) => (Number(since) <= version ? more : []))],
    }))
}
