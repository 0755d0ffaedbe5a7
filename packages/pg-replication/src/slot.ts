import type { CdcError } from '@cdc/core'
import type { Session, TextRow } from './connection/session.ts'
import { pgError } from './errors.ts'
import { formatLsn, type Lsn, parseLsn } from './lsn.ts'
import { sqlStateOf } from './postgres-error.ts'

/** A row of pg_replication_slots; what the server's version does not have is undefined. */
export interface Slot {
  readonly name: string
  readonly plugin: string | undefined
  readonly type: 'logical' | 'physical'
  readonly database: string | undefined
  readonly temporary: boolean
  readonly active: boolean
  readonly activePid: number | undefined
  readonly restartLsn: Lsn | undefined
  readonly confirmedFlushLsn: Lsn | undefined
  /** 13+: reserved, extended, unreserved, lost. */
  readonly walStatus: 'reserved' | 'extended' | 'unreserved' | 'lost' | undefined
  /** 17+: wal_removed, rows_removed, wal_level_insufficient, idle_timeout. 16: `conflict`. */
  readonly invalidationReason: string | undefined
  /** 17+ */
  readonly failover: boolean | undefined
  /** 17+: kept by slot synchronisation with the primary of this standby, and not to be used as long as it is one. */
  readonly synced: boolean | undefined
  /** 13+: bytes that can still be written before the slot may be lost; undefined without a limit. */
  readonly safeWalSize: bigint | undefined
  /** Bytes of log between restart_lsn and the server's end of log. */
  readonly retained: bigint | undefined
}

// to_jsonb gives whatever columns the server's version has
const slots = `SELECT pg_catalog.to_jsonb(s.*) AS slot, pg_catalog.pg_is_in_recovery()::text AS standby,
  CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END AS end
FROM pg_catalog.pg_replication_slots s`

/** undefined: there is none. Slots are one namespace for the whole server. */
export async function readSlot(session: Session, name: string): Promise<Slot | undefined> {
  const doing = { doing: `reading replication slot "${name}"` }
  const [row] = await session.query(`${slots} WHERE s.slot_name = $1::pg_catalog.name`, [name], doing)
  return row === undefined ? undefined : slotOf(row)
}

/** Every slot of the server, other databases' too, by name. */
export async function listSlots(session: Session): Promise<Slot[]> {
  const rows = await session.query(`${slots} ORDER BY s.slot_name`, [], { doing: 'listing replication slots' })
  return rows.map(slotOf)
}

/** Drops a slot. SLOT_BUSY when it is active, unless `force` ends its walsender first. Nothing when there is none. */
export async function dropSlot(session: Session, name: string, { force = false } = {}): Promise<void> {
  const doing = `dropping replication slot "${name}"`
  if (force) await endHolder(session, name)
  try {
    await session.query('SELECT pg_catalog.pg_drop_replication_slot($1::pg_catalog.name)', [name], { doing })
  } catch (error) {
    const state = sqlStateOf(error)
    if (state === '42704') return
    throw (state === '55006' ? await slotHolder(session, name) : undefined) ?? error
  }
}

async function endHolder(session: Session, name: string): Promise<void> {
  const deadline = performance.now() + 10_000
  while (performance.now() < deadline) {
    const slot = await readSlot(session, name)
    if (slot?.activePid === undefined) return
    await session.query('SELECT pg_catalog.pg_terminate_backend($1::int)', [String(slot.activePid)])
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Drops the inactive logical slots of this database whose name begins with `prefix`. Gives their names. */
export async function dropOrphanSlots(session: Session, prefix: string): Promise<string[]> {
  const dropped: string[] = []
  for (const slot of await listSlots(session)) {
    const ours = slot.name.startsWith(prefix) && slot.database === session.options.database && slot.type === 'logical'
    if (!ours || slot.active || slot.synced === true) continue
    await dropSlot(session, slot.name)
    dropped.push(slot.name)
  }
  return dropped
}

/** SLOT_NAME_INVALID, with the nearest valid name in the hint. */
export function assertSlotName(name: string): void {
  if (/^[a-z0-9_]{1,63}$/.test(name)) return
  const near = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, '_')
    .slice(0, 63)
  throw pgError('SLOT_NAME_INVALID', {
    message: `'${name}' cannot name a replication slot: 1 to 63 of a to z, 0 to 9 and _.`,
    hint: near === '' ? 'Give slot.name.' : `Set slot.name to '${near}', for example.`,
    where: { option: 'slot.name' },
  })
}

/**
 * Throws when no stream of ours could be started from this slot: SLOT_MISSING, SLOT_WRONG_PLUGIN, SLOT_WRONG_DATABASE,
 * SLOT_LOST, SLOT_SYNCED. Does not look at whether it is active.
 */
export function assertUsableSlot(session: Session, slot: Slot | undefined, name: string): Slot {
  if (slot === undefined) throw pgError('SLOT_MISSING', { message: `The server has no replication slot "${name}".` })
  const drop = `SELECT pg_drop_replication_slot('${name}');`
  if (slot.type !== 'logical' || slot.plugin !== 'pgoutput') {
    const made = slot.type === 'physical' ? 'a physical one' : `made for the plug-in '${slot.plugin}'`
    throw pgError('SLOT_WRONG_PLUGIN', {
      message: `Replication slot "${name}" is ${made}; it must be for 'pgoutput'.`,
      hint: `Choose another slot.name; or, if nobody needs it, ${drop}`,
      where: { option: 'slot.name' },
    })
  }
  if (slot.database !== session.options.database) {
    throw pgError('SLOT_WRONG_DATABASE', {
      message: `Replication slot "${name}" belongs to database "${slot.database}", not to "${session.options.database}".`,
      where: { option: 'slot.name' },
    })
  }
  if (slot.walStatus === 'lost' || slot.invalidationReason !== undefined) throw lost(slot)
  if (slot.synced === true)
    throw pgError('SLOT_SYNCED', { message: `Replication slot "${name}" is kept in step with another server's.` })
  return slot
}

function lost({ name, walStatus, invalidationReason, restartLsn, confirmedFlushLsn }: Slot): CdcError {
  const why = [walStatus && `wal_status ${walStatus}`, invalidationReason && `reason ${invalidationReason}`]
  const at = confirmedFlushLsn ?? restartLsn
  return pgError('SLOT_LOST', {
    message: `The server has invalidated replication slot "${name}" (${why.filter(Boolean).join(', ')}).`,
    ...(at === undefined ? {} : { where: { position: formatLsn(at) } }),
  })
}

/** SLOT_BUSY naming the PID, who that is and what to do; undefined when the slot is free. */
export async function slotHolder(session: Session, name: string): Promise<CdcError | undefined> {
  const [row] = await session.query(
    `SELECT s.active_pid AS pid, a.application_name AS app, a.usename AS user, a.client_addr AS address, a.state,
  pg_catalog.date_trunc('second', pg_catalog.now() - a.backend_start)::text AS age
FROM pg_catalog.pg_replication_slots s LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = s.active_pid
WHERE s.slot_name = $1::pg_catalog.name AND s.active`,
    [name],
    { doing: `asking who uses replication slot "${name}"` },
  )
  if (row === undefined) return undefined
  const { pid, app, user, address, state, age } = row
  const who = [
    app && `"${app}"`,
    user && `user ${user}`,
    address && `from ${address}`,
    state,
    age && `connected for ${age}`,
  ]
  return pgError('SLOT_BUSY', {
    message: `Replication slot "${name}" is active for PID ${pid} (${who.filter(Boolean).join(', ')}).`,
    hint: `Stop that process if it should not run, or give this pipeline a slot.name of its own. If its client is dead, the server notices after wal_sender_timeout; at once with SELECT pg_terminate_backend(${pid});`,
    where: { option: 'slot.name' },
  })
}

function slotOf(row: TextRow): Slot {
  const slot = JSON.parse(row.slot!) as Record<string, string | number | boolean | null | undefined>
  const text = (name: string) => (slot[name] === null || slot[name] === undefined ? undefined : String(slot[name]))
  const flag = (name: string) => (typeof slot[name] === 'boolean' ? slot[name] : undefined)
  const lsn = (name: string) => (text(name) === undefined ? undefined : parseLsn(text(name)!))
  const restartLsn = lsn('restart_lsn')
  const safe = text('safe_wal_size')
  const pid = text('active_pid')
  return {
    name: text('slot_name')!,
    plugin: text('plugin'),
    type: text('slot_type') as Slot['type'],
    database: text('database'),
    temporary: flag('temporary') ?? false,
    active: flag('active') ?? false,
    activePid: pid === undefined ? undefined : Number(pid),
    restartLsn,
    confirmedFlushLsn: lsn('confirmed_flush_lsn'),
    walStatus: text('wal_status') as Slot['walStatus'],
    invalidationReason: text('invalidation_reason') ?? (flag('conflicting') === true ? 'conflict' : undefined),
    failover: flag('failover'),
    // a standby that was promoted still says true of the slots that it brought along
    synced: flag('synced') === undefined ? undefined : flag('synced') === true && row.standby === 'true',
    safeWalSize: safe === undefined ? undefined : BigInt(safe),
    retained: restartLsn === undefined || row.end === null ? undefined : parseLsn(row.end!) - restartLsn,
  }
}
