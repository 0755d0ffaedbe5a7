import type { PostgresServer } from '@cdc/servers'

/** The table of the benchmark: 8 columns, about 184 bytes a row. */
const columns = `
  id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL, status text NOT NULL,
  amount numeric(12,2) NOT NULL, quantity int NOT NULL, changed timestamptz NOT NULL, note text NOT NULL`

const row = (id: string) => `
  ${id}, 'name ' || ${id}, 'user' || ${id} || '@example.com', (ARRAY['new','paid','sent','done'])[1 + ${id} % 4],
  (${id} % 100000)::numeric(12,2) + 0.25, (${id} % 1000)::int, timestamptz '2026-01-01' + ${id} * interval '1 second',
  repeat(md5((${id})::text), 3)`

/** Makes `items` with rows 1 to `rows`. */
export async function fill(server: PostgresServer, database: string, rows: number): Promise<void> {
  await server.query(`CREATE TABLE items (${columns})`, database)
  if (rows > 0) await insert(server, database, 1, rows)
  await server.query('VACUUM ANALYZE items', database)
}

/** One transaction of inserts. */
export async function insert(server: PostgresServer, database: string, first: number, count: number): Promise<void> {
  await server.query(
    `INSERT INTO items SELECT ${row('i')} FROM generate_series(${first}::bigint, ${first + count - 1}) AS i`,
    database,
  )
}

/** `count` transactions that update one row each, of rows 1 to `rows`. */
export async function update(server: PostgresServer, database: string, rows: number, count: number): Promise<void> {
  const body = `BEGIN FOR i IN 1..${count} LOOP
    UPDATE items SET quantity = i, changed = clock_timestamp() WHERE id = 1 + (i::bigint * 7919) % ${rows}; COMMIT;
  END LOOP; END`
  const client = await server.client(database)
  try {
    await client.query('SET synchronous_commit = off')
    await client.query(`DO $do$ ${body} $do$`)
  } finally {
    await client.end()
  }
}
