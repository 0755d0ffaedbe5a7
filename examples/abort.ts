/** One AbortSignal stops everything: what was read is written, saved and acknowledged, then `run` resolves. */
import { CdcError } from '@cdc/core'
import { postgresCdc } from '@cdc/postgres-cdc'
import { print } from '@cdc/print'
import { directoryState, pipeline } from '@cdc/runtime'

const { PGHOST = 'localhost', PGPORT = '5432', PGUSER = 'cdc', PGPASSWORD = '', PGDATABASE = 'shop' } = process.env
const server = { hostname: PGHOST, port: PGPORT, username: PGUSER, password: PGPASSWORD, 'database-name': PGDATABASE }
const tables = { 'schema-name': 'public', 'table-name': 'products' }
const source = postgresCdc({ ...server, ...tables })

// the toolkit installs no handlers: when to stop is the program's business
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)])

try {
  const products = pipeline({ name: 'abort', source, sinks: [print({})], state: directoryState('./state') })
  const { reason, changes } = await products.run(signal)
  console.log(`${reason} after ${changes} changes`)
} catch (error) {
  if (!CdcError.is(error)) throw error
  console.error(`${error.code}: ${error.message} ${error.hint ?? ''}`)
  process.exitCode = 1
}
