import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

/** One statement of a script as psql would send it; `data` follows a `COPY ... FROM stdin`. */
export interface Statement {
  readonly sql: string
  readonly data?: string
  /** The script says that the server rejects it. */
  readonly fails: boolean
}

const token = /\$(\w*)\$[\s\S]*?\$\1\$|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|;|[^$'"\-;]+|[\s\S]/g

/** Splits a script where psql would. */
export function statementsOf(script: string): Statement[] {
  const statements: Statement[] = []
  let sql = ''
  let rest = script
  while (rest !== '') {
    const [text] = rest.match(token) as [string]
    rest = rest.slice(text.length)
    if (text.startsWith('--') && text !== '-') continue
    if (text !== ';') {
      sql += text
      continue
    }
    const fails = /^[ \t]*-- FAILS/.test(rest)
    const copied = /^\s*COPY .* FROM stdin$/i.test(sql) ? /^\n([\s\S]*?)\\\.\n/.exec(rest) : null
    if (sql.trim() !== '') statements.push({ sql: sql.trim(), fails, ...(copied === null ? {} : { data: copied[1]! }) })
    if (copied !== null) rest = rest.slice(copied[0].length)
    sql = ''
  }
  if (sql.trim() !== '') statements.push({ sql: sql.trim(), fails: false })
  return statements
}

/** Runs one statement. Throws when it does not fail though it should, or the other way round. */
export async function runStatement(client: pg.Client, { sql, data, fails }: Statement): Promise<void> {
  if (data !== undefined) {
    await pipeline(Readable.from([data]), client.query(copyFrom(sql)))
    return
  }
  const failure = await client.query(sql).then(
    () => undefined,
    (error: Error) => error,
  )
  if ((failure !== undefined) !== fails) throw failure ?? new Error(`This should have failed: ${sql}`)
}
