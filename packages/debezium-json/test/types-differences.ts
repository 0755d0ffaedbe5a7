import type { Difference } from './differences.ts'
import type { TopicRecord } from './golden-records.ts'
import { idOf, isTopic, mendCell, mendField, opOf, rowsOf } from './mend.ts'

type Config = Readonly<Record<string, string>>
const timeMode = (config: Config) => config['time.precision.mode'] ?? 'adaptive'
const hasSchemas = (config: Config) => config['value.converter.schemas.enable'] === 'true'
const all = (...done: boolean[]) => done.some(Boolean)
const optionalItems = (text: string) => text.replace(/("items":\{"type":"string","optional":)false/, '$1true')

function mendTimes(record: TopicRecord, config: Config): boolean {
  const mode = timeMode(config)
  if (mode === 'isostring') return mendCell(record, 'a_time', '["13:51:30.123Z",null]', '["13:51:30.123456Z",null]')
  if (mode === 'structured') {
    const struct = (nanos: number) => `[{"hour":13,"minute":51,"second":30,"nanos":${nanos},"precision":6},null]`
    return mendCell(record, 'a_time', struct(123000000), struct(123456000))
  }
  const zeros = mode === 'nanoseconds' ? '000' : ''
  return mendCell(record, 'a_time', `[49890123000${zeros},null]`, `[49890123456${zeros},null]`)
}

const date = (year: number, month: number, day: number) =>
  `{"year":${year},"month":${month},"day":${day},"specialValue":null}`

function mendDates(record: TopicRecord, config: Config): boolean {
  if (opOf(record) !== 'r') return false
  const mode = timeMode(config)
  if (mode === 'isostring')
    return all(
      mendCell(record, 'd', '"0001-12-31Z"', '"0000-12-31Z"'),
      mendCell(record, 'd', '"4713-01-01Z"', '"-4712-01-01Z"'),
    )
  if (mode === 'structured')
    return all(
      mendCell(record, 'd', date(1, 12, 31), date(0, 12, 31)),
      mendCell(record, 'd', date(4713, 1, 1), date(-4712, 1, 1)),
    )
  return all(mendCell(record, 'd', '-718798', '-719163'), mendCell(record, 'd', '1001860', '-2440550'))
}

function mendMidnights(record: TopicRecord, config: Config): boolean {
  const columns = ['t', 't0', 't1', 't2', 't3', 't4', 't5', 't6']
  // id 2 is midnight itself
  if (['2', '102', '9', '109'].includes(idOf(record)) || opOf(record) === 'd') return false
  return all(
    ...columns.map((column) => {
      const digits = column === 't' ? 6 : Number(column.slice(1))
      return timeMode(config) === 'isostring'
        ? mendCell(record, column, '"00:00:00Z"', '"24:00:00Z"')
        : mendCell(record, column, 'null', `{"hour":24,"minute":0,"second":0,"nanos":0,"precision":${digits}}`)
    }),
  )
}

/** The values of numeric(5,-2), at the right scale. */
const hundreds: Readonly<Record<string, readonly [base64: string, plain: string]>> = {
  1: ['MAw=', '12300'],
  2: ['nA==', '-100'],
  3: ['AA==', '0'],
  4: ['AYY8', '99900'],
  5: ['ZA==', '100'],
  6: ['AA==', '0'],
  7: ['AA==', '0'],
}

function mendScale(record: TopicRecord, config: Config): boolean {
  const row = hundreds[idOf(record).slice(-1)]
  const text = (value: readonly [string, string]) =>
    config['decimal.handling.mode'] === 'string'
      ? `"${value[1]}"`
      : config['value.converter.decimal.format'] === 'NUMERIC'
        ? value[1]
        : `"${value[0]}"`
  return all(
    mendField(record, 'nneg', (schema) =>
      schema.replace('"scale":"2046","connect.decimal.precision":"5"', '"scale":"0","connect.decimal.precision":"7"'),
    ),
    row !== undefined && mendCell(record, 'nneg', /^"?[^n]/, text(row)),
  )
}

const geometry =
  '{"wkb":"AQMAAAABAAAABQAAAAAAAAAAAPA/AAAAAAAAAEAAAAAAAADwPwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAADwPwAAAAAAAABA","srid":null,"extensions":{"type":"box"}}'

/** Is it a new row of id 1, or of its copy? */
const ordinary = (record: TopicRecord) => ['1', '101'].includes(idOf(record)) && opOf(record) !== 'd'

export const typesDifferences: readonly Difference[] = [
  {
    name: 'fractions of time[]',
    reason: 'Debezium cuts the elements of time[] to milliseconds, whatever the mode.',
    mend: (record, config) => isTopic(record, 't_arr') && timeMode(config) !== 'connect' && mendTimes(record, config),
  },
  {
    name: 'enum[] with NULL',
    reason:
      'Debezium writes null for an array of an enum that has a NULL element, since its schema says there is none.',
    mend: (record) =>
      isTopic(record, 't_arr') &&
      all(
        mendField(record, 'a_e', optionalItems),
        ordinary(record) && mendCell(record, 'a_e', 'null', '["sad",null,"happy, really"]'),
      ),
  },
  {
    name: 'ltree[]',
    reason: 'Debezium fails to convert every array of ltree that is not empty, and writes null.',
    mend: (record) => isTopic(record, 't_arr') && ordinary(record) && mendCell(record, 'a_lt', 'null', '["a.b",null]'),
  },
  {
    name: 'arrays of bits, boxes and tsvectors',
    reason: 'Debezium announces these columns (that of bits as one bit string) and always writes null.',
    mend: (record) =>
      isTopic(record, 't_arr_odd') &&
      all(
        mendField(record, 'a_bit', (text) =>
          text.startsWith('{"type":"array"')
            ? text
            : `{"type":"array","items":${text.replace(',"field":"a_bit"', '')},"optional":true,"field":"a_bit"}`,
        ),
        mendField(record, 'a_tsv', optionalItems),
        ordinary(record) && mendCell(record, 'a_bit', 'null', '["BQ==",null]'),
        ordinary(record) && mendCell(record, 'a_box', 'null', `[${geometry}]`),
        ordinary(record) && mendCell(record, 'a_tsv', 'null', '["\'a\':1",null]'),
      ),
  },
  {
    name: 'arrays of unknown types',
    reason:
      'With include.unknown.datatypes Debezium announces arrays of domains, composites and multiranges, and always writes null.',
    mend: (record) => {
      if (!isTopic(record, 't_arr_odd')) return false
      const values = { a_dom: '["MQ==",null]', a_comp: '["KDEseCk=",null]', a_mr: '["e1sxLDMpfQ==",null]' }
      return all(
        ...Object.entries(values).map(([column, value]) =>
          all(
            mendField(record, column, (text) => text.replace('"bytes","optional":false', '"bytes","optional":true')),
            ordinary(record) && mendCell(record, column, 'null', value),
          ),
        ),
      )
    },
  },
  {
    name: 'arrays of two dimensions',
    reason:
      'Debezium writes nulls, or addresses of Java objects. Without schemas they are nested here; a schema has one level, so with one they cannot be held (null under the mode `warn`).',
    mend: (record, config) => {
      if (!isTopic(record, 't_arr_2d') || !ordinary(record)) return false
      const nested = !hasSchemas(config)
      return all(
        mendCell(record, 'a_i', '[null,null]', nested ? '[[1,2],[3,null]]' : 'null'),
        mendCell(record, 'a_t', /^\["\[Ljava/, nested ? '[["a","b"],["c","d"]]' : 'null'),
      )
    },
  },
  {
    name: 'columns of type name',
    reason: 'Debezium writes null for them once it streams.',
    mend: (record) => {
      if (!isTopic(record, 't_char') || !['c', 'u'].includes(opOf(record))) return false
      const value = idOf(record) === '102' ? '""' : '"a_name"'
      return idOf(record) !== '109' && mendCell(record, 'nm', 'null', value)
    },
  },
  {
    name: 'dates before Christ in the snapshot',
    reason: 'Debezium loses the era there and keeps it in the stream.',
    mend: (record, config) => isTopic(record, 't_date') && mendDates(record, config),
  },
  {
    name: 'infinite dates in the snapshot',
    reason: 'Debezium writes other dates there than in the stream: some that have overflowed.',
    mend: (record) =>
      isTopic(record, 't_date_inf') &&
      opOf(record) === 'r' &&
      all(
        mendCell(record, 'd', '-622191234', '2146033979'),
        mendCell(record, 'd', '-625821272', '-2147472691'),
        mendCell(record, 'd', '"+292278994-08-16Z"', '"+5877611-06-21Z"'),
        mendCell(record, 'd', '"+292269055-12-02Z"', '"-5877611-06-22Z"'),
      ),
  },
  {
    name: 'generated columns in the snapshot',
    reason:
      'The server does not send them in the stream (before PostgreSQL 18), so that the shape of a row would change when the snapshot ends: the source leaves them out.',
    mend: (record) => {
      if (!isTopic(record, 't_gen') || opOf(record) !== 'r') return false
      for (const row of rowsOf(record)) row.delete('g')
      mendField(record, 'g', () => undefined)
      return true
    },
  },
  {
    name: 'intervals beyond 64 bits',
    reason: 'Debezium writes the largest number. Here they cannot be held in this mode (null under the mode `warn`).',
    mend: (record) =>
      isTopic(record, 't_interval') &&
      all(...['i', 'i0', 'iym', 'ids'].map((column) => mendCell(record, column, '9223372036854775807', 'null'))),
  },
  {
    name: 'digits of an interval of years and months',
    reason: 'Debezium takes 65535, the mark of "none" in the type modifier, for their number.',
    mend: (record) =>
      isTopic(record, 't_interval') &&
      rowsOf(record).some((row) => {
        const cell = row.get('iym')
        if (typeof cell !== 'object' || !('get' in cell) || cell.get('precision') !== '65535') return false
        cell.set('precision', '6')
        return true
      }),
  },
  {
    name: 'numeric with a negative scale',
    reason:
      'Debezium reads the 11 bits of the scale unsigned and writes 2046 decimals. Here it is a whole number of more digits, since Avro knows no negative scale.',
    mend: (record, config) => isTopic(record, 't_num') && mendScale(record, config),
  },
  {
    name: 'timetz with seconds in its offset',
    reason: 'Debezium fails to convert them, and writes null.',
    mend: (record, config) =>
      isTopic(record, 't_time') &&
      ['5', '105'].includes(idOf(record)) &&
      timeMode(config) !== 'structured' &&
      all(
        mendCell(record, 'tz', 'null', '"08:00:29.999999Z"'),
        mendCell(record, 'tz0', 'null', '"08:00:30Z"'),
        mendCell(record, 'tz3', 'null', '"08:00:30Z"'),
        mendCell(record, 'tz6', 'null', '"08:00:29.999999Z"'),
      ),
  },
  {
    name: '24:00:00',
    reason:
      'As ISO text Debezium writes the other end of the day, and null in parts. (As a number it is right there too.)',
    mend: (record, config) =>
      isTopic(record, 't_time') &&
      ['isostring', 'structured'].includes(timeMode(config)) &&
      mendMidnights(record, config),
  },
  {
    name: 'names of relations',
    reason:
      'The source reads with an empty search_path, so that the text of a regclass does not depend on it: `public.t_user`.',
    mend: (record) => isTopic(record, 't_other') && mendCell(record, 'rc', '"dF91c2Vy"', '"cHVibGljLnRfdXNlcg=="'),
  },
]
