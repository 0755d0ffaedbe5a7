import { type CdcError, type Logger, tableName } from '@cdc/core'
import { assertReplicable, type ServerState, Session, serverState } from '@cdc/pg-replication'
import { type Relation, readLeaves, readTables } from './catalog.ts'
import type { Environment } from './environment.ts'
import { appendOnlyWarning, judgeTables } from './judge.ts'
import { assertReadable, selectTables } from './selection.ts'

export interface Preflight {
  readonly session: Session
  readonly server: ServerState
  /** What the options choose now. */
  readonly tables: readonly Relation[]
  /** What is wrong with the choice; an earlier run may have read tables that were dropped since. */
  readonly fault?: CdcError
}

/**
 * Connects and proves what can be proved without a position; changes nothing. `resumed`: there was an earlier run,
 * whose tables may have been dropped since.
 */
export async function preflight(environment: Environment, logger: Logger, resumed: boolean): Promise<Preflight> {
  const session = await Session.open(environment.connection)
  try {
    const server = await serverState(session)
    assertReplicable(session, server)
    const { tables, fault } = await selectTables(session, environment.values)
    if (fault !== undefined && !resumed) throw fault
    if (fault !== undefined) logger.warn({ code: fault.code }, fault.message)
    if (!resumed) await judge(session, environment, tables, logger)
    return { session, server, tables, ...(fault === undefined ? {} : { fault }) }
  } catch (failure) {
    await session.close()
    throw failure
  }
}

const noTruncates =
  'The server is PostgreSQL 10, which tells nobody of TRUNCATE: rows that one removes stay at the targets. Use DELETE, or upgrade to 11.'

/** Can these tables be read and followed as the options ask? */
export async function judge(
  session: Session,
  environment: Environment,
  tables: readonly Relation[],
  logger: Logger,
): Promise<void> {
  const { rules, values, connection } = environment
  const oids = tables.map(({ oid }) => oid)
  const found = await readTables(session, oids)
  const snapshot = rules.mode === 'initial' || rules.mode === 'snapshot'
  if (snapshot)
    assertReadable(
      [...found.values()].filter((table) => rules.inSnapshot(tableName(table))),
      connection.user,
    )
  if (rules.mode === 'snapshot') return
  if (session.serverVersion < 110_000) logger.warn({}, noTruncates)
  const leaves = await readLeaves(session, oids)
  judgeTables(
    [...found.values()].map((table) => ({
      table,
      leaves: leaves.filter(({ root, oid }) => root === table.oid && oid !== root),
    })),
    rules,
    values['changelog-mode'],
  )
  for (const table of found.values()) {
    const append = appendOnlyWarning(table)
    if (append !== undefined) logger.warn({ table: tableName(table), hint: append.hint }, append.warning)
  }
}
