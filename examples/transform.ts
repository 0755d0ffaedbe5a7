/** A transform of one's own: between source and sinks, from the changes of a batch to those that are to be written. */
import type { Cell } from '@cdc/core'
import { postgresCdc } from '@cdc/postgres-cdc'
import { print } from '@cdc/print'
import { memoryState, pipeline, routeTables, type Transform } from '@cdc/runtime'

const { PGHOST = 'localhost', PGPORT = '5432', PGUSER = 'cdc', PGPASSWORD = '', PGDATABASE = 'shop' } = process.env
const server = { hostname: PGHOST, port: PGPORT, username: PGUSER, password: PGPASSWORD, 'database-name': PGDATABASE }
const tables = { 'schema-name': 'public', 'table-name': 'products' }
const source = postgresCdc({ ...server, ...tables, 'scan.startup.mode': 'snapshot' })

/** Hides the text of every column called `email`. It sees old rows and new ones, and keeps NULL and what was not sent. */
const maskEmails: Transform = (changes) =>
  changes.map((change) => {
    if (!('table' in change)) return change
    const hidden = change.table.columns.findIndex(({ name }) => name === 'email')
    const mask = (row: readonly Cell[]) =>
      row.map((cell, index) => (index === hidden && typeof cell === 'string' ? '***' : cell))
    if (change.kind === 'insert') return { ...change, after: mask(change.after) }
    if (change.kind === 'delete') return { ...change, before: mask(change.before) }
    if (change.kind !== 'update') return change
    const before = change.before === undefined ? {} : { before: mask(change.before) }
    return { ...change, ...before, after: mask(change.after) }
  })

const transforms = [maskEmails, routeTables([{ from: 'public\\.(.*)', to: 'replica.$1' }])]
await pipeline({ name: 'masked', source, sinks: [print({})], state: memoryState(), transforms }).run()
