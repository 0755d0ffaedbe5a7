import type { Session } from '../connection/session.ts'
import { pgError } from '../errors.ts'
import { type Lsn, parseLsn } from '../lsn.ts'
import { sqlStateOf } from '../postgres-error.ts'

export interface SystemIdentity {
  /** Unsigned decimal; the same for a cluster and its physical copies. */
  readonly systemId: string
  readonly timeline: number
  /** The server's end of flushed log (in recovery: of replayed log). */
  readonly lsn: Lsn
  readonly database: string | undefined
}

/** One switch of timelines: `timeline` ended at `switchPoint`. */
export interface TimelineSwitch {
  readonly timeline: number
  readonly switchPoint: Lsn
}

/** IDENTIFY_SYSTEM. `session` is a replication session. */
export async function identifySystem(session: Session): Promise<SystemIdentity> {
  const [row] = await session.query('IDENTIFY_SYSTEM', [], { doing: 'identifying the server' })
  return {
    systemId: row!.systemid!,
    timeline: Number(row!.timeline),
    lsn: parseLsn(row!.xlogpos!),
    database: row!.dbname ?? undefined,
  }
}

/**
 * TIMELINE_HISTORY: the ancestors of `timeline`, oldest first; [] for timeline 1. `session` is a replication session.
 * WAL_REMOVED when the server no longer has the file.
 */
export async function timelineHistory(session: Session, timeline: number): Promise<TimelineSwitch[]> {
  if (timeline === 1) return []
  const doing = `reading the history of timeline ${timeline}`
  const [row] = await session.query(`TIMELINE_HISTORY ${timeline}`, [], { doing })
  return parseTimelineHistory(row!.content!)
}

/** The text of a .history file: a timeline, where it ended, and why, a line. */
export function parseTimelineHistory(text: string): TimelineSwitch[] {
  const switches: TimelineSwitch[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(line)
    if (match !== null) switches.push({ timeline: Number(match[1]), switchPoint: parseLsn(match[2]!) })
    else if (!/^\s*(#|$)/.test(line)) {
      throw pgError('PROTOCOL_BROKEN', {
        message: `The history of a timeline has a line that cannot be read: '${line}'.`,
      })
    }
  }
  return switches
}

/** What preflight asks. */
export interface ServerState {
  /** `server_version_num` */
  readonly version: number
  /** undefined: the role may not ask (pg_control_system). IDENTIFY_SYSTEM always tells. */
  readonly systemId: string | undefined
  readonly inRecovery: boolean
  readonly walLevel: string
  /** pg_current_wal_lsn(), or the last replayed one in recovery. */
  readonly lsn: Lsn
  /** Milliseconds; 0: off. */
  readonly walSenderTimeout: number
  readonly maxReplicationSlots: number
  readonly usedReplicationSlots: number
  readonly maxWalSenders: number
  readonly usedWalSenders: number
  /** Has the role REPLICATION, is it superuser, or has it a managed service's role that stands for it? */
  readonly mayReplicate: boolean
  readonly superuser: boolean
  /** 13+: bytes of log that a slot may hold back; undefined: no limit. */
  readonly maxSlotWalKeepSize: bigint | undefined
  /** 18+: seconds; undefined: never. */
  readonly idleReplicationSlotTimeout: number | undefined
  /** Names in synchronous_standby_names; if ours is there, commits at the source wait for us. */
  readonly synchronousStandbyNames: string
}

// 'rds_superuser' and its relatives are members of these, and pg_has_role sees through that
const managedRoles = ['rds_replication', 'rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin', 'alloydbsuperuser']

const state = `SELECT pg_catalog.pg_is_in_recovery() AS recovery,
  CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END AS lsn,
  (SELECT pg_catalog.jsonb_object_agg(name, setting) FROM pg_catalog.pg_settings WHERE name IN ('wal_level', 'wal_sender_timeout',
    'max_replication_slots', 'max_wal_senders', 'max_slot_wal_keep_size', 'idle_replication_slot_timeout', 'synchronous_standby_names')) AS settings,
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots) AS slots,
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication) AS senders,
  (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS super,
  (SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
    OR EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = ANY ('{${managedRoles.join(',')}}') AND pg_catalog.pg_has_role(r.oid, 'member')) AS may`

/** One query on an ordinary session, and one for the system identifier. Throws SERVER_TOO_OLD. */
export async function serverState(session: Session): Promise<ServerState> {
  // first, since an old server does not know what is asked next
  assertVersion(session.serverVersion)
  const doing = { doing: 'asking the server for its settings' }
  const [row] = await session.query(state, [], doing)
  const settings = JSON.parse(row!.settings!) as Record<string, string | undefined>
  const keep = settings.max_slot_wal_keep_size
  const idle = Number(settings.idle_replication_slot_timeout ?? 0)
  return {
    version: session.serverVersion,
    systemId: await systemId(session),
    inRecovery: row!.recovery === 't',
    walLevel: settings.wal_level ?? '',
    lsn: parseLsn(row!.lsn!),
    walSenderTimeout: Number(settings.wal_sender_timeout),
    maxReplicationSlots: Number(settings.max_replication_slots),
    usedReplicationSlots: Number(row!.slots),
    maxWalSenders: Number(settings.max_wal_senders),
    usedWalSenders: Number(row!.senders),
    mayReplicate: row!.may === 't',
    superuser: row!.super === 't',
    maxSlotWalKeepSize: keep === undefined || keep === '-1' ? undefined : BigInt(keep) * 1_048_576n,
    idleReplicationSlotTimeout: idle === 0 ? undefined : idle,
    synchronousStandbyNames: settings.synchronous_standby_names ?? '',
  }
}

async function systemId(session: Session): Promise<string | undefined> {
  try {
    const sql = 'SELECT system_identifier::text AS id FROM pg_catalog.pg_control_system()'
    const [row] = await session.query(sql, [], { doing: 'asking for the system identifier' })
    // it is a signed number here, and an unsigned one in IDENTIFY_SYSTEM
    return BigInt.asUintN(64, BigInt(row!.id!)).toString()
  } catch (error) {
    if (sqlStateOf(error) === '42501') return undefined
    throw error
  }
}

function assertVersion(version: number): void {
  if (version >= 100_000) return
  const name = `${Math.floor(version / 10_000)}.${Math.floor(version / 100) % 100}`
  throw pgError('SERVER_TOO_OLD', { message: `The server is PostgreSQL ${name}; 10 is the oldest that works.` })
}

/** Throws SERVER_TOO_OLD, SERVER_UNSUPPORTED (Greenplum), POOLED_CONNECTION, WAL_LEVEL_NOT_LOGICAL, NOT_ON_STANDBY, NO_REPLICATION_RIGHT. */
export function assertReplicable(session: Session, server: ServerState): void {
  const { user } = session.options
  if (session.greenplum) throw pgError('SERVER_UNSUPPORTED', { message: 'The server is Greenplum, or made of it.' })
  assertVersion(server.version)
  if (session.pooled) {
    throw pgError('POOLED_CONNECTION', {
      message: 'A pooler stands between us and the server: the process that answers is not the one we logged in to.',
    })
  }
  if (server.walLevel !== 'logical') {
    throw pgError('WAL_LEVEL_NOT_LOGICAL', {
      message: `wal_level of the server is '${server.walLevel}', and must be 'logical'.`,
    })
  }
  if (server.inRecovery && server.version < 160_000) {
    throw pgError('NOT_ON_STANDBY', { message: 'The server is a standby of a version before 16, which cannot decode.' })
  }
  if (!server.mayReplicate) {
    throw pgError('NO_REPLICATION_RIGHT', {
      message: `The role ${user} may not replicate.`,
      hint: `Run as superuser: ALTER ROLE "${user}" REPLICATION; on Amazon RDS: GRANT rds_replication TO "${user}"; on Google Cloud SQL and Azure: ALTER USER "${user}" REPLICATION;`,
    })
  }
}
