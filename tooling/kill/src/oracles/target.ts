import type pg from 'pg'
import { tables } from '../schema.ts'

interface Column {
  readonly name: string
  readonly type: string
}

/** The first difference between the tables of source and target: types of columns, then rows. undefined: equal. */
export async function targetDiffers(source: pg.Client, target: pg.Client): Promise<string | undefined> {
  for (const table of tables) {
    const columns = await columnsOf(source, table)
    const there = await columnsOf(target, table)
    for (const { name, type } of columns) {
      const found = there.find((one) => one.name === name)
      if (found?.type !== type)
        return `${table}.${name} is ${type} at the source and ${found?.type ?? 'missing'} at the target`
    }
    const list = columns.map(({ name }) => `"${name}"`).join(', ')
    const [ours, theirs] = [await digest(source, table, list), await digest(target, table, list)]
    if (ours !== theirs) return `${table}: ${await firstDifference(source, target, table, list)}`
  }
  return undefined
}

async function columnsOf(client: pg.Client, table: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [`public.${table}`],
  )
  return rows
}

/** Order does not count, repeats do. */
async function digest(client: pg.Client, table: string, list: string): Promise<string> {
  const { rows } = await client.query<{ count: string; sum: string | null }>(
    `SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM (SELECT ${list} FROM public."${table}") t`,
  )
  return `${rows[0]!.count} ${rows[0]!.sum}`
}

async function firstDifference(source: pg.Client, target: pg.Client, table: string, list: string): Promise<string> {
  const sql = `SELECT t::text AS row FROM (SELECT ${list} FROM public."${table}") t`
  const [ours, theirs] = [await source.query<{ row: string }>(sql), await target.query<{ row: string }>(sql)]
  const left = new Map<string, number>()
  for (const { row } of ours.rows) left.set(row, (left.get(row) ?? 0) + 1)
  for (const { row } of theirs.rows) left.set(row, (left.get(row) ?? 0) - 1)
  const missing = [...left].filter(([, count]) => count > 0)
  const extra = [...left].filter(([, count]) => count < 0)
  const show = (rows: [string, number][]) =>
    rows
      .slice(0, 3)
      .map(([row]) => row.slice(0, 120))
      .join(' ')
  return `${missing.length} rows missing at the target (${show(missing)}), ${extra.length} too many (${show(extra)})`
}
