/** Changes in a loop, without a runtime: this program says itself what it has dealt with. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isRowChange, readChanges, tableName } from '@cdc/core'
import { postgresCdc } from '@cdc/postgres-cdc'

const { PGHOST = 'localhost', PGPORT = '5432', PGUSER = 'cdc', PGPASSWORD = '', PGDATABASE = 'shop' } = process.env
const server = { hostname: PGHOST, port: PGPORT, username: PGUSER, password: PGPASSWORD, 'database-name': PGDATABASE }
const tables = { 'schema-name': 'public', 'table-name': 'products' }
const source = postgresCdc({ ...server, ...tables })

// where the last run stopped: the snapshot comes first when there is none
const after = existsSync('position') ? readFileSync('position', 'utf8') : undefined
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const changes = readChanges(source, { name: 'loop', after, signal: stop.signal })

for await (const { changes: rows, position } of changes) {
  for (const change of rows.filter(isRowChange))
    console.log(change.kind, tableName(change.table), change.kind === 'delete' ? change.before : change.after)
  if (position === undefined) continue // in the middle of a transaction or of a table
  writeFileSync('position', position) // first kept, then acknowledged: PostgreSQL now frees its log up to here
  await changes.acknowledge(position)
}
