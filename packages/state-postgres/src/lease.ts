import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { type ConnectionOptions, Session } from '@cdc/pg-replication'
import { stateError } from './errors.ts'

/** Milliseconds that a lock may take to come free: a server needs a moment to see that a client was killed. */
const patience = 3000

/** A session that holds a pipeline's advisory lock. The server gives the lock back when the session ends. */
export interface LeasedSession {
  readonly session: Session
  /** When the server began it, which tells it from a later one with the same pid. */
  readonly since: string
}

/** Who holds the lock, as pg_stat_activity shows it. */
interface HolderRow extends Record<string, string | null> {
  readonly pid: string
  readonly name: string | null
  readonly address: string | null
  readonly since: string | null
}

/** What pg_stat_activity shows of our session: process and host, for the error of the one that comes second. */
const applicationName = Buffer.from(`cdc-state ${process.pid}@${hostname()}`).subarray(0, 63).toString()

/**
 * Connects and takes the lock of a pipeline. `former` is a session that was lost: the server may still think that it
 * lives, so it is ended first. Its end also proves that nothing it was doing is still under way.
 */
export async function takeLease(
  connection: ConnectionOptions,
  scope: { readonly pipeline: string; readonly table: string },
  former: LeasedSession | undefined,
): Promise<LeasedSession> {
  const session = await Session.open({ applicationName, ...connection })
  try {
    await prepare(session)
    if (former !== undefined) await endFormer(session, former)
    const key = lockKey(scope.table, scope.pipeline)
    const start = performance.now()
    while (!(await tryLock(session, key))) {
      const holder = await holderOf(session, key)
      if (performance.now() - start > patience) throw refused(scope.pipeline, holder, former !== undefined)
      await delay(100)
    }
    const [row] = await session.query<{ since: string }>(
      'SELECT backend_start::text AS since FROM pg_stat_activity WHERE pid = pg_backend_pid()',
    )
    return { session, since: row!.since }
  } catch (error) {
    await session.close()
    throw error
  }
}

/** Gives the lock back at once, not only when the server sees the connection's end. */
export async function giveBack({ session }: LeasedSession): Promise<void> {
  await session.query('SELECT pg_advisory_unlock_all()', [], { timeout: 5000 }).catch(() => {})
  await session.close()
}

async function prepare(session: Session): Promise<void> {
  if (session.pooled)
    throw stateError('STATE_POOLED', { message: 'The connection for the state goes through a pooler.' })
  // a host that vanished must not hold the lock for hours; and a save that was answered must be on the disk
  await session.query(`SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
    set_config('tcp_keepalives_count', '4', false);
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
}

async function endFormer(session: Session, former: LeasedSession): Promise<void> {
  const sql = `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
    WHERE pid = $1::integer AND backend_start = $2::timestamptz AND pid <> pg_backend_pid()`
  await session.query(sql, [String(former.session.pid), former.since], { doing: 'ending the lost session' })
}

async function tryLock(session: Session, key: bigint): Promise<boolean> {
  const [row] = await session.query<{ taken: string }>(
    'SELECT pg_try_advisory_lock($1::bigint) AS taken',
    [String(key)],
    {
      doing: 'taking the lease of the state',
    },
  )
  return row!.taken === 't'
}

/** pg_locks shows the two halves of the key: https://www.postgresql.org/docs/current/view-pg-locks.html */
async function holderOf(session: Session, key: bigint): Promise<HolderRow | undefined> {
  const sql = `SELECT l.pid, a.application_name AS name, host(a.client_addr) AS address, a.backend_start::text AS since
    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid::bigint = $1::bigint AND l.objid::bigint = $2::bigint
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`
  const unsigned = BigInt.asUintN(64, key)
  const halves = [String(unsigned >> 32n), String(unsigned & 0xffff_ffffn)]
  const [row] = await session.query<HolderRow>(sql, halves, { doing: 'looking for the holder of the lease' })
  return row
}

function refused(pipeline: string, holder: HolderRow | undefined, wasOurs: boolean) {
  const who =
    holder === undefined
      ? 'another session'
      : `${holder.name?.replace(/^cdc-state (\d+)@(.*)$/, "process $1 on host '$2'") ?? 'a session of another role'} (server session ${holder.pid}${holder.address === null ? '' : ` from ${holder.address}`})`
  const since = holder?.since == null ? '' : ` since ${holder.since}`
  const hint = `Stop that process first. If its machine is gone, end its session: SELECT pg_terminate_backend(${holder?.pid ?? 'pid'});`
  const where = { pipeline }
  return wasOurs
    ? stateError('STATE_CONFLICT', {
        message: `The lease of pipeline '${pipeline}' was lost with the connection, and ${who} has taken it${since}.`,
        where,
      })
    : stateError('STATE_LOCKED', {
        message: `Pipeline '${pipeline}' is running already: ${who} has held its state${since}.`,
        hint,
        where,
      })
}

/** 64 bits of a hash, as the signed number that the server wants. */
function lockKey(table: string, pipeline: string): bigint {
  const hash = createHash('sha256')
    .update(`cdc-state\n${JSON.stringify([table, pipeline])}`)
    .digest()
  return hash.readBigInt64BE()
}
