import type { Cell, DataType, Row } from '@cdc/core'
import { type PostgresConnection, postgresVersions, sharedPostgres } from '@cdc/servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ConnectionOptions,
  CopyTextReader,
  createSlot,
  dataTypeOf,
  dropSlot,
  FrameCursor,
  KEEPALIVE,
  PgOutputDecoder,
  ReplicationStream,
  Session,
  TypeCatalog,
  typeCatalogQuery,
  valueParser,
  XLOG_DATA,
} from '../src/index.ts'
import { builtinTypes } from '../src/types/builtin.ts'
import { recorder } from './record.ts'
import { reach } from './server.ts'
import { samplesOf, typesSetUp } from './type-corpus.ts'

interface Column {
  readonly name: string
  readonly type: DataType
  readonly native: string
  readonly delimiter: string
  /** As the server prints the type. */
  readonly printed: string
}

describe.each(postgresVersions)('PostgreSQL %i', (version) => {
  let session: Session
  let ground: Ground

  beforeAll(async () => {
    ground = await prepare(await sharedPostgres(version), version)
    session = ground.session
  })
  afterAll(() => ground?.close())

  test('the table of built-in types is what the server has', async () => {
    const rows = await session.query(`SELECT t.oid, t.typname, t.typarray, pg_catalog.format_type(t.oid, -1) AS native
      FROM pg_catalog.pg_type t WHERE t.oid < 10000 AND t.typtype IN ('b', 'r', 'm')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)`)
    const ours = new Map(builtinTypes().map((type) => [type.oid, type]))
    for (const row of rows) {
      const { oid, typname: name, native } = row
      // Some types got their array type in a later version.
      expect(ours.get(Number(oid))).toMatchObject({ oid: Number(oid), name, native })
      if (row.typarray !== '0') expect(ours.get(Number(oid))?.array).toBe(Number(row.typarray))
    }
  })

  test.each(['scalars', 'arrays'])('types of columns print as the server prints them: %s', (table) => {
    const { columns } = ground.table(table)
    expect(columns.map((column) => column.native)).toEqual(columns.map((column) => column.printed))
  })

  test('every type of the catalog is known, arrays too', async () => {
    const rows = await session.query(`SELECT oid, pg_catalog.format_type(oid, NULL) AS name FROM pg_catalog.pg_type
      WHERE typtype <> 'p' AND typname <> '_cstring' AND typrelid = 0 AND typelem NOT IN (SELECT oid FROM pg_catalog.pg_type WHERE typrelid <> 0)`)
    const unknown = rows.filter((row) => dataTypeOf(Number(row.oid), -1, ground.catalog) === undefined)
    expect(unknown.map((row) => row.name)).toEqual([])
  })

  test.each(['scalars', 'arrays'])('COPY and the stream give the same cells: %s', (table) => {
    const { columns, copied, streamed, deleted } = ground.table(table)
    expect(copied.length).toBeGreaterThan(3)
    for (const [i, column] of columns.entries()) {
      const cells = (rows: readonly Row[]) => rows.map((row) => row[i])
      expect(cells(streamed), column.native).toEqual(cells(copied))
      expect(cells(deleted), column.native).toEqual(cells(copied))
    }
  })

  test.each(['scalars', 'arrays'])('cells go back to the text that the server prints: %s', async (table) => {
    const { columns, copied } = ground.table(table)
    const rows = await session.query(`SELECT * FROM public.${table} ORDER BY id`)
    expect(rows.length).toBe(copied.length)
    for (const [i, column] of columns.entries()) {
      const back = copied.map((row) => serverText(column.type, row[i], column.delimiter))
      expect(back, column.native).toEqual(rows.map((row) => normal(column.type, row[column.name] ?? null)))
    }
  })

  test('arrays have as many elements as the server says', async () => {
    const { columns, copied } = ground.table('arrays')
    const counts = columns.slice(1).map(({ name }) => `pg_catalog.cardinality(${name}) AS ${name}`)
    const [row] = await session.query(`SELECT ${counts.join(', ')} FROM public.arrays WHERE id = 1`)
    const ours = copied[0]!.slice(1).map((cell) => String((cell as readonly Cell[]).length))
    expect(ours).toEqual(columns.slice(1).map(({ name }) => row![name]))
  })

  test('cells of the types that decide have the form that the contract gives', () => {
    const { columns, copied } = ground.table('scalars')
    const cells = (native: string) => {
      const i = columns.findIndex((column) => column.native === native)
      return copied.map((row) => row[i]).filter((cell) => cell !== null)
    }
    expect(cells('bigint')).toContain(9007199254740993n)
    expect(cells('oid')).toContain(4294967295n)
    expect(cells('double precision')).toEqual(
      expect.arrayContaining([Number.NaN, -0, 5e-324, Number.POSITIVE_INFINITY]),
    )
    expect(cells('real')).toEqual(expect.arrayContaining([3.3, -0, 1e-45]))
    expect(cells('numeric')).toEqual(expect.arrayContaining(['NaN', '0.00', '1.500']))
    expect(cells('bytea')).toContainEqual(Uint8Array.from({ length: 256 }, (_, i) => i))
    expect(cells('date')).toEqual(expect.arrayContaining(['infinity', '4713-01-01 BC', '5874897-12-31']))
    expect(cells('time without time zone')).toContain('24:00:00')
    expect(cells('timestamp with time zone')).toContain('2024-03-31 01:30:00+00')
    expect(cells('interval')).toContain('1 year 2 mons -3 days +04:05:06.789012')
    expect(cells('character(5)')).toContain('abc  ')
    expect(cells('uuid')).toContain('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')
    expect(cells('json')).toContain(' {"b":  1.50, "b": 12345678901234567890.123456789012345678}')
    expect(cells('public.ints')).toEqual(
      expect.arrayContaining([
        [1, null, 3],
        [],
        [
          [1, 2],
          [3, 4],
        ],
        '[2:3]={1,2}',
      ]),
    )
    expect(cells('money')).toContain('$92,233,720,368,547,758.07')
  })
})

interface TableRows {
  readonly columns: readonly Column[]
  readonly copied: readonly Row[]
  readonly streamed: readonly Row[]
  /** Old rows of deletes, under identity full. */
  readonly deleted: readonly Row[]
}

interface Ground {
  readonly session: Session
  readonly catalog: TypeCatalog
  table(name: string): TableRows
  close(): Promise<void>
}

/** Tables with every type, whose rows are read by COPY and by the stream, in a database with odd settings. */
async function prepare(server: PostgresConnection, version: number): Promise<Ground> {
  const database = await server.createDatabase('values')
  await oddSettings(server, database)
  const options = reach(server, { database })
  const session = await Session.open(options)
  await session.query(typesSetUp)
  await session.query(tables(version))
  const slot = await createSlot(options, { name: database })
  await slot.release()
  await session.query(inserts(version))
  const catalog = TypeCatalog.from(await session.query(typeCatalogQuery))
  const names = ['scalars', 'arrays']
  const copies = new Map<string, { columns: Column[]; copied: Row[] }>()
  for (const name of names) {
    const columns = await columnsOf(session, catalog, name)
    copies.set(name, { columns, copied: await copy(session, columns, name) })
  }
  await session.query(`BEGIN; ${names.map((name) => `DELETE FROM public.${name};`).join(' ')} COMMIT`)
  const calls = await stream(options, database, catalog)
  await session.query(inserts(version))
  const rowsOf = (kind: string, name: string) =>
    calls.filter((call) => call[0] === kind && call[1] === name).map((call) => call[2] as Row)
  return {
    session,
    catalog,
    table: (name) => ({ ...copies.get(name)!, streamed: rowsOf('insert', name), deleted: rowsOf('delete', name) }),
    close: async () => {
      await dropSlot(session, database, { force: true })
      await session.close()
    },
  }
}

/** Everything that changes how values print, set for the database: the connections must pin it. */
async function oddSettings(server: PostgresConnection, database: string): Promise<void> {
  const settings = {
    datestyle: "'SQL, DMY'",
    intervalstyle: "'iso_8601'",
    timezone: "'Asia/Kolkata'",
    bytea_output: "'escape'",
    extra_float_digits: '-5',
    xmlbinary: "'hex'",
  }
  for (const [name, value] of Object.entries(settings)) {
    await server.query(`ALTER DATABASE "${database}" SET ${name} = ${value}`)
  }
}

function tables(version: number): string {
  const samples = samplesOf(version)
  const scalars = samples.map(({ type }, i) => `c${i} ${type}`)
  const arrays = samples.flatMap(({ type, alone }, i) => (alone || noArray(type, version) ? [] : [`c${i} ${type}[]`]))
  return [
    `CREATE TABLE public.scalars (id int PRIMARY KEY, ${scalars.join(', ')});`,
    `CREATE TABLE public.arrays (id int PRIMARY KEY, ${arrays.join(', ')});`,
    'ALTER TABLE public.scalars REPLICA IDENTITY FULL; ALTER TABLE public.arrays REPLICA IDENTITY FULL;',
    'CREATE PUBLICATION pub FOR TABLE public.scalars, public.arrays',
  ].join('\n')
}

/** Domains have array types from PostgreSQL 11 on. */
const noArray = (type: string, version: number) => version < 11 && /posint|money2|deep|vc5|ints|Moods/.test(type)

function inserts(version: number): string {
  const samples = samplesOf(version)
  const count = Math.max(...samples.map(({ values }) => values.length))
  const statements = ['BEGIN']
  for (let row = 0; row <= count; row++) {
    const scalars = samples.map(({ type, values }) => (row < values.length ? `(${values[row]})::${type}` : 'NULL'))
    statements.push(`INSERT INTO public.scalars VALUES (${row}, ${scalars.join(', ')})`)
  }
  const arrays = samples.filter(({ type, alone }) => !alone && !noArray(type, version))
  const array = ({ type, values }: { type: string; values: string[] }) =>
    `ARRAY[${[...values, 'NULL'].map((value) => `(${value})::${type}`).join(', ')}]::${type}[]`
  statements.push(`INSERT INTO public.arrays VALUES (1, ${arrays.map(array).join(', ')})`)
  statements.push(`INSERT INTO public.arrays VALUES (2, ${arrays.map(() => "'{}'").join(', ')})`)
  statements.push(`INSERT INTO public.arrays VALUES (3, ${arrays.map(() => "'{NULL}'").join(', ')})`)
  statements.push('INSERT INTO public.arrays VALUES (4)', 'COMMIT')
  return statements.join(';\n')
}

async function columnsOf(session: Session, catalog: TypeCatalog, table: string): Promise<Column[]> {
  const rows = await session.query(
    `SELECT attname, atttypid, atttypmod, pg_catalog.format_type(atttypid, atttypmod) AS printed
     FROM pg_catalog.pg_attribute WHERE attrelid = $1::pg_catalog.regclass AND attnum > 0 ORDER BY attnum`,
    [`public.${table}`],
  )
  return rows.map(({ attname, atttypid, atttypmod, printed }) => {
    const type = dataTypeOf(Number(atttypid), Number(atttypmod), catalog)
    if (type === undefined) throw new Error(`The catalog does not know ${printed}`)
    return { name: attname!, printed: printed!, ...type }
  })
}

async function copy(session: Session, columns: readonly Column[], table: string): Promise<Row[]> {
  const reader = new CopyTextReader(columns)
  const rows: Row[] = []
  const sql = `COPY (SELECT * FROM public.${table} ORDER BY id) TO STDOUT`
  const count = await session.copyOut(sql, (chunk) => void rows.push(...reader.push(chunk)))
  reader.end()
  expect(rows.length).toBe(count)
  return rows
}

/** Everything up to the second commit: the inserts and the deletes. */
async function stream(options: ConnectionOptions, slot: string, catalog: TypeCatalog) {
  const running = await ReplicationStream.start(options, { slot, start: 0n, publications: ['pub'] })
  const decoder = new PgOutputDecoder({ resolveType: (oid, typmod) => dataTypeOf(oid, typmod, catalog) })
  const { calls, handler } = recorder()
  const cursor = new FrameCursor()
  const commits = () => calls.filter((call) => call[0] === 'commit').length
  try {
    while (commits() < 2) {
      const buffer = await running.read()
      if (buffer === undefined) throw new Error('The stream ended')
      cursor.reset(buffer)
      for (let kind = cursor.next(); kind !== 0; kind = cursor.next()) {
        if (kind === KEEPALIVE && cursor.replyRequested) running.reply()
        if (kind === XLOG_DATA) decoder.decode(buffer, cursor.start, cursor.end, handler)
      }
    }
    return calls
  } finally {
    await running.close()
  }
}

/** The server's text of a cell, written by the type alone; floats, which it writes in its own way, by their value. */
function serverText(type: DataType, cell: Cell, delimiter = ','): unknown {
  if (cell === null) return null
  if (cell === undefined) return 'undefined'
  if (isFloat(type)) return cell
  if (cell instanceof Uint8Array) return `\\x${Buffer.from(cell).toString('hex')}`
  if (Array.isArray(cell)) {
    const element = type.kind === 'array' ? type.element : type
    const items = cell.map((item) =>
      Array.isArray(item) ? serverText(type, item, delimiter) : quoted(element, item, delimiter),
    )
    return `{${items.join(delimiter)}}`
  }
  return typeof cell === 'boolean' ? (cell ? 't' : 'f') : String(cell)
}

function quoted(element: DataType, item: Cell, delimiter: string): string {
  if (item === null) return 'NULL'
  const text = String(serverText(element, item))
  const must =
    text === '' || text.toUpperCase() === 'NULL' || /[{}"\\ \t\n\r\v\f]/.test(text) || text.includes(delimiter)
  return must ? `"${text.replaceAll(/["\\]/g, '\\$&')}"` : text
}

function normal(type: DataType, text: string | null): unknown {
  return text !== null && isFloat(type) ? valueParser(type)(text) : text
}

function isFloat(type: DataType): boolean {
  return type.kind === 'array' ? isFloat(type.element) : type.kind === 'float32' || type.kind === 'float64'
}
