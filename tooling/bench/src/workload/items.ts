import type { PostgresServer } from '@cdc/servers'

/** The shape of `items`. The benchmark's table has 8 columns and a note of 96 bytes: about 184 bytes a row. */
export interface ItemsShape {
  /** 2 to 1,600; what is beyond the 8 are texts of 12 bytes. Default 8. */
  readonly columns?: number
  /** Bytes of `note`. Default 96. */
  readonly note?: number
}

const eight: readonly (readonly [definition: string, value: string])[] = [
  ['id bigint PRIMARY KEY', 'i'],
  ['name text NOT NULL', "'name ' || i"],
  ['email text NOT NULL', "'user' || i || '@example.com'"],
  ['status text NOT NULL', "(ARRAY['new','paid','sent','done'])[1 + i % 4]"],
  ['amount numeric(12,2) NOT NULL', '(i % 100000)::numeric(12,2) + 0.25'],
  ['quantity int NOT NULL', '(i % 1000)::int'],
  ['changed timestamptz NOT NULL', "timestamptz '2026-01-01' + i * interval '1 second'"],
]

function columnsOf({ columns = 8, note = 96 }: ItemsShape): (readonly [string, string])[] {
  const all = eight.slice(0, columns)
  const text = `substr(repeat(md5(i::text), ${Math.ceil(note / 32)}), 1, ${note})`
  if (columns >= 8) all.push(['note text NOT NULL', text])
  for (let i = all.length; i < columns; i++) all.push([`c${i} text NOT NULL`, `'value ' || (i + ${i}) % 1000000`])
  return all
}

/** Makes `table` with rows 1 to `rows`. */
export async function fill(
  server: PostgresServer,
  database: string,
  rows: number,
  shape: ItemsShape = {},
  table = 'items',
): Promise<void> {
  const definitions = columnsOf(shape).map(([definition]) => definition)
  await server.query(`CREATE TABLE ${table} (${definitions.join(', ')})`, database)
  // packing long notes is the server's work and another measurement
  if ((shape.note ?? 0) > 1000) await server.query(`ALTER TABLE ${table} ALTER note SET STORAGE EXTERNAL`, database)
  if (rows > 0) await insert(server, database, 1, rows, shape, table)
  await server.query(`VACUUM ANALYZE ${table}`, database)
}

/** The statement that inserts rows `first` to `last`. */
export function insertStatement(first: number, last: number, shape: ItemsShape = {}, table = 'items'): string {
  const values = columnsOf(shape).map(([, value]) => value)
  return `INSERT INTO ${table} SELECT ${values.join(', ')} FROM generate_series(${first}::bigint, ${last}) AS i`
}

/** One transaction of inserts. */
export async function insert(
  server: PostgresServer,
  database: string,
  first: number,
  count: number,
  shape: ItemsShape = {},
  table = 'items',
): Promise<void> {
  await server.query(insertStatement(first, first + count - 1, shape, table), database)
}

/** The row that update number `i` changes, of rows 1 to `rows`; its `quantity` becomes `i`. */
export const updatedRow = (i: number, rows: number) => 1 + ((i * 7919) % rows)

/** `count` updates of one row each, of rows 1 to `rows`, in transactions of `each`. */
export async function update(
  server: PostgresServer,
  database: string,
  rows: number,
  count: number,
  each = 1,
): Promise<void> {
  const body = `BEGIN FOR i IN 1..${count} LOOP
    UPDATE items SET quantity = i, changed = clock_timestamp() WHERE id = 1 + (i::bigint * 7919) % ${rows};
    IF i % ${each} = 0 THEN COMMIT; END IF;
  END LOOP; END`
  const client = await server.client(database)
  try {
    await client.query('SET synchronous_commit = off')
    await client.query(`DO $do$ ${body} $do$`)
  } finally {
    await client.end()
  }
}
