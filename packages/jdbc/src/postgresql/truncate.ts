import { failpoint } from '@cdc/core'
import type { Target } from './catalog.ts'
import type { Connection } from './connection.ts'
import { ServerError } from './server-error.ts'

/**
 * Empties tables that the source truncated together. TRUNCATE where only these tables point at one another and the
 * user may; else DELETE, children first.
 */
export async function truncate(connection: Connection, targets: readonly Target[]): Promise<void> {
  await failpoint('sink.truncate')
  const oids = new Set(targets.map(({ oid }) => oid))
  const closed = targets.every(({ children }) => children.every((child) => oids.has(child)))
  if (closed && (await tryTruncate(connection, targets))) return
  const left = new Set(targets)
  while (left.size > 0) {
    // a circle of foreign keys has no right order; then any will do, and the server judges
    const free = [...left].find((one) => ![...left].some((other) => other !== one && other.parents.includes(one.oid)))
    const next = free ?? [...left][0]!
    left.delete(next)
    await connection.query(`DELETE FROM ${next.sql}`)
  }
}

async function tryTruncate(connection: Connection, targets: readonly Target[]): Promise<boolean> {
  await connection.query('SAVEPOINT cdc_truncate')
  try {
    await connection.query(`TRUNCATE ${[...new Set(targets.map(({ sql }) => sql))].join(', ')}`)
    await connection.query('RELEASE SAVEPOINT cdc_truncate')
    return true
  } catch (cause) {
    // the right to TRUNCATE is one of its own
    if (!(cause instanceof ServerError) || cause.code !== '42501') throw cause
    await connection.query('ROLLBACK TO SAVEPOINT cdc_truncate')
    return false
  }
}
