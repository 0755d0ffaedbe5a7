/** A pipeline in ten lines: every change of one table, kept in a table of another database, exactly once. */
import { jdbc } from '@cdc/jdbc'
import { postgresCdc } from '@cdc/postgres-cdc'
import { pipeline } from '@cdc/runtime'

const { PGHOST = 'localhost', PGPORT = '5432', PGUSER = 'cdc', PGPASSWORD = '', PGDATABASE = 'shop' } = process.env
const server = { hostname: PGHOST, port: PGPORT, username: PGUSER, password: PGPASSWORD, 'database-name': PGDATABASE }
const source = postgresCdc({ ...server, 'schema-name': 'public', 'table-name': 'products' })
const url = `jdbc:postgresql://${PGHOST}:${PGPORT}/warehouse`
const sink = jdbc({ url, username: PGUSER, password: PGPASSWORD })
await pipeline({ name: 'shop', source, sinks: [sink] }).run()
