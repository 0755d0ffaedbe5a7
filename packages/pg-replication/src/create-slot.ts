import { CdcError, failpoint } from '@cdc/core'
import type { ConnectionOptions } from './connection/options.ts'
import { Session } from './connection/session.ts'
import { pgError } from './errors.ts'
import { type Lsn, parseLsn } from './lsn.ts'
import { ServerError, serverError, sqlStateOf } from './postgres-error.ts'
import { quoteIdentifier } from './quote.ts'
import { assertSlotName, readSlot } from './slot.ts'
import { slotFailure } from './slot-failure.ts'
import { type BlockingTransaction, describeBlocking, SlotWait } from './slot-wait.ts'

export interface CreateSlotOptions {
  /** `[a-z0-9_]{1,63}` */
  readonly name: string
  /** Dropped by the server when the connection ends. `release()` ends it. */
  readonly temporary?: boolean | undefined
  /** Default true: `snapshotName` is valid until `release()`. */
  readonly exportSnapshot?: boolean | undefined
  /** 17 and later: FAILOVER_UNSUPPORTED before. */
  readonly failover?: boolean | undefined
  /** Milliseconds to wait for each running transaction. Default 60 000. SLOT_WAITS_FOR_TRANSACTIONS after that. */
  readonly lockTimeout?: number | undefined
  /** Called each second while the server waits for running transactions. */
  readonly onWait?: ((blocking: readonly BlockingTransaction[]) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CreatedSlot {
  readonly name: string
  /** Where decoding begins: every transaction that commits at or after it is streamed, all before are in the snapshot. */
  readonly consistentPoint: Lsn
  /** For `SET TRANSACTION SNAPSHOT`; undefined without exportSnapshot. */
  readonly snapshotName: string | undefined
  /** Resolves when the exporting connection ends before `release()`, with why. Never rejects. */
  readonly lost: Promise<CdcError>
  /** Ends the exporting connection: the snapshot can no longer be imported, a temporary slot is gone. Idempotent. */
  release(): Promise<void>
}

/**
 * Creates a logical slot for pgoutput on a replication connection of its own, kept until `release()`. The server waits
 * for every transaction that runs: see that none of our own is open in the same cluster. Throws SLOT_EXISTS,
 * NO_FREE_SLOTS, SLOT_WAITS_FOR_TRANSACTIONS, WAL_LEVEL_NOT_LOGICAL, ...; then no slot is left.
 */
export async function createSlot(options: ConnectionOptions, wanted: CreateSlotOptions): Promise<CreatedSlot> {
  const { name, lockTimeout = 60_000, signal } = wanted
  assertSlotName(name)
  const session = await Session.open({ ...options, replication: true }, signal)
  const wait = new SlotWait(options, session.pid, wanted.onWait)
  try {
    await session.query(`SET lock_timeout = ${Math.max(1, Math.round(lockTimeout))}`)
    await failpoint('slot.create')
    const command = createCommand(wanted, session.serverVersion)
    // the server's own limit is for one transaction, of which there may be many; this is the net below it
    const timeout = lockTimeout * 10 + 60_000
    const doing = `creating replication slot "${name}"`
    const either = signal === undefined ? wait.lost : AbortSignal.any([signal, wait.lost])
    const [row] = await session.query(command, [], { timeout, signal: either, doing }).catch((failure: unknown) => {
      throw wait.lost.aborted ? unanswered(name) : failure
    })
    await failpoint('slot.created')
    return created(session, name, row!.consistent_point!, row!.snapshot_name ?? undefined)
  } catch (error) {
    if (sqlStateOf(error) === undefined) await wait.cancel()
    // the server answers before it has cleaned up, and hears our goodbye after that
    await session.close()
    throw await creationFailure(options, wanted, error, await wait.blocking())
  } finally {
    await wait.stop()
  }
}

function created(session: Session, name: string, point: string, snapshotName: string | undefined): CreatedSlot {
  const lost = session.closed.then((error) => error ?? new Promise<never>(() => {}))
  let released: Promise<void> | undefined
  return {
    name,
    consistentPoint: parseLsn(point),
    snapshotName,
    lost,
    release: () => {
      released ??= session.close()
      return released
    },
  }
}

function unanswered(name: string): CdcError {
  return pgError('QUERY_TIMEOUT', {
    message: `The creation of replication slot "${name}" was not answered, though it waited for no transaction.`,
  })
}

/** https://www.postgresql.org/docs/current/protocol-replication.html; parenthesised options came with 15. */
export function createCommand(
  { name, temporary = false, exportSnapshot = true, failover = false }: CreateSlotOptions,
  serverVersion: number,
): string {
  if (failover && serverVersion < 170_000) {
    throw pgError('FAILOVER_UNSUPPORTED', {
      message: `A slot with failover needs PostgreSQL 17; the server is ${Math.floor(serverVersion / 10_000)}.`,
    })
  }
  const head = `CREATE_REPLICATION_SLOT ${quoteIdentifier(name)} ${temporary ? 'TEMPORARY ' : ''}LOGICAL pgoutput`
  if (serverVersion < 150_000) return `${head} ${exportSnapshot ? 'EXPORT_SNAPSHOT' : 'NOEXPORT_SNAPSHOT'}`
  return `${head} (SNAPSHOT '${exportSnapshot ? 'export' : 'nothing'}'${failover ? ', FAILOVER true' : ''})`
}

async function creationFailure(
  options: ConnectionOptions,
  { name, lockTimeout = 60_000 }: CreateSlotOptions,
  error: unknown,
  blocking: readonly BlockingTransaction[],
): Promise<CdcError> {
  const failure = CdcError.from(error)
  if (!(failure.cause instanceof ServerError)) return failure
  const { cause } = failure
  const doing = `the creation of replication slot "${name}"`
  switch (sqlStateOf(failure)) {
    case '42710':
      return serverError('SLOT_EXISTS', cause, doing, { option: 'slot.name' }, await existsHint(options, name))
    case '53400':
      return serverError('NO_FREE_SLOTS', cause, doing)
    case '55P03':
      return pgError('SLOT_WAITS_FOR_TRANSACTIONS', {
        message: `Replication slot "${name}" was not created: it waited ${lockTimeout} ms for ${describeBlocking(blocking)}.`,
        ...(blocking.length === 0 ? {} : { hint: blockingHint(blocking) }),
        cause,
      })
    case '58P01':
      return serverError('PLUGIN_MISSING', cause, doing)
    case '0A000':
      return serverError('NOT_ON_STANDBY', cause, doing)
    case '42501':
      return serverError(
        'NO_REPLICATION_RIGHT',
        cause,
        doing,
        {},
        `Run as superuser: ALTER ROLE "${options.user}" REPLICATION;`,
      )
    default: {
      const told = await slotFailure(options, name, failure)
      // the catalog shows no such slot because it was not created
      return told.code === 'SLOT_MISSING' || told.code === 'SLOT_LOST' ? failure : told
    }
  }
}

function blockingHint(blocking: readonly BlockingTransaction[]): string {
  const prepared = blocking.some(({ pid }) => pid === 0)
  const ends = blocking.filter(({ pid }) => pid !== 0).map(({ pid }) => `SELECT pg_terminate_backend(${pid});`)
  const roll = prepared ? ['SELECT gid FROM pg_prepared_xacts; then ROLLBACK PREPARED or COMMIT PREPARED each.'] : []
  return `End them, or try again when they have ended: ${[...ends, ...roll].join(' ')}`
}

async function existsHint(options: ConnectionOptions, name: string): Promise<string | undefined> {
  try {
    const session = await Session.open({ ...options, connectTimeout: 5000 })
    try {
      const slot = await readSlot(session, name)
      if (slot === undefined) return undefined
      const made = slot.type === 'physical' ? 'physical' : `for plug-in ${slot.plugin} and database "${slot.database}"`
      return `It is ${made}, ${slot.active ? `active for PID ${slot.activePid}` : 'not active'}. Choose another slot.name; or, if nobody needs it, SELECT pg_drop_replication_slot('${name}');`
    } finally {
      await session.close()
    }
  } catch {
    return undefined
  }
}
