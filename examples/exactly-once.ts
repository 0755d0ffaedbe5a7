/**
 * A callback with its own transaction: rows and position are committed together, so nothing is lost or repeated.
 *
 *   CREATE TABLE history (kind text, id int); CREATE TABLE place (position text); INSERT INTO place VALUES (NULL);
 */
import { callback, positionConflict } from '@cdc/callback'
import { isRowChange } from '@cdc/core'
import { postgresCdc } from '@cdc/postgres-cdc'
import { pipeline } from '@cdc/runtime'
import pg from 'pg'

const { PGHOST = 'localhost', PGPORT = '5432', PGUSER = 'cdc', PGPASSWORD = '', PGDATABASE = 'shop' } = process.env
const server = { hostname: PGHOST, port: PGPORT, username: PGUSER, password: PGPASSWORD, 'database-name': PGDATABASE }
const source = postgresCdc({ ...server, 'schema-name': 'public', 'table-name': 'products' })

let target: pg.Client
const history = callback({
  onOpen: async () => {
    target = new pg.Client({ database: 'warehouse' }) // the rest comes from PGHOST, PGPORT, PGUSER and PGPASSWORD
    await target.on('error', () => {}).connect() // a loss shows in the next query
  },
  position: async () => (await target.query('SELECT position FROM place')).rows[0].position,
  onBatch: async ({ changes }) => {
    if (target.getTransactionStatus() === 'I') await target.query('BEGIN')
    for (const change of changes.filter(isRowChange)) {
      const [id] = change.kind === 'delete' ? change.before : change.after
      await target.query('INSERT INTO history VALUES ($1, $2)', [change.kind, id])
    }
  },
  onFlush: async (position, _signal, previous) => {
    const moved = 'UPDATE place SET position = $1 WHERE position IS NOT DISTINCT FROM $2'
    if ((await target.query(moved, [position, previous])).rowCount !== 1) throw positionConflict()
    await target.query('COMMIT')
  },
  onClose: () => target.end(), // rolls back what was not committed
})
await pipeline({ name: 'history', source, sinks: [history] }).run()
