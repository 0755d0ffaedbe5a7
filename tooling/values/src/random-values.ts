import type { Random } from '@cdc/testkit'
import { randomJson } from './random-json.ts'
import { randomDouble, randomFloat, randomInteger, randomNumeric } from './random-numbers.ts'
import { bits, digits, hex, literal, randomText, randomWord, textOf } from './random-text.ts'
import {
  randomDate,
  randomInterval,
  randomTime,
  randomTimestamp,
  randomTimestampWithZone,
  randomTimeWithZone,
} from './random-times.ts'

/** Gives an SQL expression of the type. */
type Generator = (random: Random) => string

const integer = (size: number) => (random: Random) => `'${randomInteger(random, size)}'`
const unsigned = (size: number) => (random: Random) => {
  const value = randomInteger(random, size)
  return `'${value < 0n ? -value - 1n : value}'`
}
const number = (random: Random) => randomDouble(random).replaceAll("'", '')
const point = (random: Random) => `(${number(random)},${number(random)})`
const points = (random: Random) => Array.from({ length: random.int(2, 5) }, () => point(random)).join(',')

/** Two bounds in order, either of which may be missing, with any brackets. */
function range(name: string, type: string, bound: Generator): Generator {
  return (random) => {
    if (random.chance(0.05)) return "'empty'"
    const [a, b] = [bound(random), bound(random)].map((text) => `${text}::${type}`)
    const low = random.chance(0.1) ? 'NULL' : `LEAST(${a}, ${b})`
    const high = random.chance(0.1) ? 'NULL' : `GREATEST(${a}, ${b})`
    return `${name}(${low}, ${high}, '${random.pick(['[]', '[)', '(]', '()'])}')`
  }
}

function multirange(name: string, one: Generator): Generator {
  return (random) =>
    `${name}(${Array.from({ length: random.int(0, 3) }, () => `${one(random)}::${name.replace('multi', '')}`).join(', ')})`
}

// nearer than the ends of the type, where the next whole number would be none
const int4 = range('int4range', 'int', (random) => `'${randomInteger(random, 30)}'`)
const int8 = range('int8range', 'bigint', (random) => `'${randomInteger(random, 62)}'`)
const num = range('numrange', 'numeric', (random) => randomNumeric(random, 20, 10))
const ts = range('tsrange', 'timestamp', randomTimestamp)
const tstz = range('tstzrange', 'timestamptz', randomTimestampWithZone)
const days = range('daterange', 'date', randomDate)

function inet(random: Random): string {
  const four = random.chance(0.5)
  const address = four
    ? Array.from({ length: 4 }, () => random.int(0, 255)).join('.')
    : Array.from({ length: 8 }, () => (random.chance(0.4) ? '0' : random.int(0, 65_535).toString(16))).join(':')
  return `'${address}${random.chance(0.6) ? `/${random.int(0, four ? 32 : 128)}` : ''}'`
}

function hstore(random: Random): string {
  const pairs = Array.from({ length: random.int(0, 5) }, () => {
    const value = random.chance(0.2) ? 'NULL' : literal(textOf(random, 20))
    return `public.hstore(${literal(textOf(random, 10))}, ${value})`
  })
  return pairs.length === 0 ? "''" : pairs.join(' OPERATOR(public.||) ')
}

function xml(random: Random): string {
  // XML 1.0 knows no control characters, and a parser makes one of the ends of lines
  const plain = randomText(random).replaceAll(/[\p{Cc}\u{10ffff}\ufeff]/gu, ' ')
  const safe = plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(']]>', ' ')
  return literal(`<${'ab'[random.int(0, 1)]}a x="1">${safe.replaceAll('>', '&gt;')}</${'a'}a>`).replace(/<ba/, '<aa')
}

/** What is known of a type beside its edges. Types that are not here have their edges only. */
export const randomValues: Readonly<Record<string, Generator>> = {
  boolean: (random) => random.pick(['true', 'false']),
  smallint: integer(15),
  integer: integer(31),
  bigint: integer(63),
  oid: unsigned(32),
  real: randomFloat,
  'double precision': randomDouble,
  numeric: (random) => randomNumeric(random, random.chance(0.05) ? 5_000 : 40, random.chance(0.05) ? 5_000 : 30),
  'numeric(10,2)': (random) => randomNumeric(random, 8, 2),
  'numeric(5)': (random) => randomNumeric(random, 5, 0),
  'numeric(5,-2)': (random) => randomNumeric(random, 6, 0),
  'numeric(3,5)': (random) => `'0.00${digits(random, 3)}'`,
  money: (random) => randomNumeric(random, 14, 2),
  text: (random) => literal(randomText(random)),
  'character varying': (random) => literal(randomText(random)),
  'character varying(5)': (random) => literal(textOf(random, 5)),
  'character(5)': (random) => literal(textOf(random, 5)),
  bpchar: (random) => literal(randomText(random)),
  name: (random) => literal(textOf(random, 15)),
  bytea: (random) => `'\\x${hex(random, random.chance(0.05) ? 5_000 : random.int(0, 60))}'`,
  date: randomDate,
  time: randomTime,
  'time(3)': randomTime,
  'time with time zone': randomTimeWithZone,
  'time(0) with time zone': randomTimeWithZone,
  timestamp: randomTimestamp,
  'timestamp(3)': randomTimestamp,
  'timestamp with time zone': randomTimestampWithZone,
  'timestamp(0) with time zone': randomTimestampWithZone,
  interval: randomInterval,
  'interval(0)': randomInterval,
  uuid: (random) => `'${hex(random, 16)}'`,
  json: (random) => literal(randomJson(random, 'json')),
  jsonb: (random) => literal(randomJson(random, 'jsonb')),
  xml,
  bit: (random) => `B'${bits(random, 1)}'`,
  'bit(20)': (random) => `B'${bits(random, 20)}'`,
  'bit varying': (random) => `B'${bits(random, random.int(0, 100))}'`,
  'bit varying(5)': (random) => `B'${bits(random, random.int(0, 5))}'`,
  inet,
  cidr: (random) => `network(${inet(random)}::inet)`,
  macaddr: (random) => `'${hex(random, 6)}'`,
  macaddr8: (random) => `'${hex(random, 8)}'`,
  point: (random) => `'${point(random)}'`,
  line: (random) => `'{${random.int(1, 9)},${number(random)},${number(random)}}'`,
  lseg: (random) => `'[${point(random)},${point(random)}]'`,
  box: (random) => `'${point(random)},${point(random)}'`,
  path: (random) => (random.chance(0.5) ? `'[${points(random)}]'` : `'(${points(random)})'`),
  polygon: (random) => `'(${points(random)})'`,
  circle: (random) => `'<${point(random)},${random.int(0, 1e6) / 64}>'`,
  int4range: int4,
  int8range: int8,
  numrange: num,
  tsrange: ts,
  tstzrange: tstz,
  daterange: days,
  int4multirange: multirange('int4multirange', int4),
  int8multirange: multirange('int8multirange', int8),
  nummultirange: multirange('nummultirange', num),
  tsmultirange: multirange('tsmultirange', ts),
  tstzmultirange: multirange('tstzmultirange', tstz),
  datemultirange: multirange('datemultirange', days),
  tsvector: (random) =>
    `setweight(to_tsvector('simple', ${literal(randomText(random))}), '${random.pick(['A', 'D'])}')`,
  // stored in the row whatever its length
  tsquery: (random) => `plainto_tsquery('simple', ${literal(textOf(random, 40))})`,
  pg_lsn: (random) => `'${hex(random, 4)}/${hex(random, 4)}'`,
  xid: unsigned(32),
  xid8: unsigned(64),
  cid: unsigned(32),
  tid: (random) => `'(${random.int(0, 2 ** 32 - 1)},${random.int(0, 65_535)})'`,
  refcursor: (random) => literal(randomText(random)),
  'public.citext': (random) => literal(randomText(random)),
  'public.hstore': hstore,
  'public.ltree': (random) => `'${Array.from({ length: random.int(1, 5) }, () => randomWord(random)).join('.')}'`,
  'public.pair': (random) => `ROW(${randomInteger(random, 31)}, ${literal(randomText(random))})`,
  'public.as_type': (random) => `ROW(${randomInteger(random, 31)}, ${literal(randomText(random))})`,
  'public.posint': (random) => String(random.int(1, 2 ** 31 - 1)),
  'public.money2': (random) => randomNumeric(random, 9, 3),
  'public.deep': (random) => randomNumeric(random, 9, 3),
  'public.vc5': (random) => literal(textOf(random, 5)),
  'public.ints': (random) =>
    `ARRAY[${Array.from({ length: random.int(0, 5) }, () => (random.chance(0.2) ? 'NULL' : randomInteger(random, 31))).join(', ')}]::int[]`,
  'text[]': (random) =>
    `ARRAY[${Array.from({ length: random.int(0, 5) }, () => (random.chance(0.2) ? 'NULL' : literal(textOf(random, 10)))).join(', ')}]::text[]`,
}
