/** A function of this program is the target: here a cache that forgets what has changed. At least once. */
import { callback } from '@cdc/callback'
import { isRowChange } from '@cdc/core'
import { postgresCdc } from '@cdc/postgres-cdc'
import { directoryState, pipeline } from '@cdc/runtime'

const { PGHOST = 'localhost', PGPORT = '5432', PGUSER = 'cdc', PGPASSWORD = '', PGDATABASE = 'shop' } = process.env
const server = { hostname: PGHOST, port: PGPORT, username: PGUSER, password: PGPASSWORD, 'database-name': PGDATABASE }
const tables = { 'schema-name': 'public', 'table-name': 'products' }
const source = postgresCdc({ ...server, ...tables, 'scan.startup.mode': 'latest-offset' })

const cache = new Map<unknown, string>([
  [1, 'rendered page of product 1'],
  [2, 'rendered page of product 2'],
])

const forget = callback({
  onBatch: ({ changes }) => {
    for (const change of changes.filter(isRowChange)) {
      const row = change.kind === 'delete' ? change.before : change.after
      const key = row[change.table.key[0]!]
      if (cache.delete(key)) console.log(`forgot product ${key}`)
    }
  },
})

await pipeline({ name: 'cache', source, sinks: [forget], state: directoryState('./state') }).run()
