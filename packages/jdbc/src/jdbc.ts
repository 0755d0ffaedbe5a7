import { defineSink } from '@cdc/core'
import { jdbcOptions } from './options.ts'
import { PostgresAdmin } from './postgresql/admin.ts'
import { PostgresSink } from './postgresql/sink.ts'

/** The sink `jdbc`: a database by its `jdbc:` URL. */
export const jdbc = defineSink({
  name: 'jdbc',
  description: 'Writes changes into tables of a database, exactly once: PostgreSQL.',
  options: jdbcOptions,
  capabilities: {
    accepts: 'upsert',
    remembers: true,
    shared: 'parts',
    atomicTables: true,
    wholeRows: false,
    keyless: 'append',
    createsTables: true,
    rejects: true,
  },
  // the URL's dialect decides; PostgreSQL is the only one so far, and `parseJdbcUrl` refuses others
  create: (options, context) => new PostgresSink(options, context),
  admin: (options, context) => new PostgresAdmin(options, context),
})
