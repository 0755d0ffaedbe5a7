import type { Session } from '../connection/session.ts'
import type { Lsn } from '../lsn.ts'

export interface SystemIdentity {
  /** Unsigned decimal; the same for a cluster and its physical copies. */
  readonly systemId: string
  readonly timeline: number
  /** The server's end of flushed log. */
  readonly lsn: Lsn
  readonly database: string | undefined
}

/** One switch of timelines: `timeline` ended at `switchPoint`. */
export interface TimelineSwitch {
  readonly timeline: number
  readonly switchPoint: Lsn
}

/** IDENTIFY_SYSTEM. `session` is a replication session. */
export declare function identifySystem(session: Session): Promise<SystemIdentity>
/** TIMELINE_HISTORY: the ancestors of `timeline`, oldest first; [] for timeline 1. `session` is a replication session. */
export declare function timelineHistory(session: Session, timeline: number): Promise<TimelineSwitch[]>
/** The text of a .history file. */
export declare function parseTimelineHistory(text: string): TimelineSwitch[]

/** What preflight asks of any session in one query. */
export interface ServerState {
  readonly version: number
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
  /** Has the role REPLICATION (or is superuser, or has a managed service's role that stands for it)? */
  readonly mayReplicate: boolean
  readonly superuser: boolean
  readonly maxSlotWalKeepSize: bigint | undefined
  readonly idleReplicationSlotTimeout: number | undefined
}
export declare function serverState(session: Session): Promise<ServerState>
/** SERVER_TOO_OLD, SERVER_UNSUPPORTED (Greenplum), WAL_LEVEL_NOT_LOGICAL, NO_REPLICATION_RIGHT. */
export declare function assertReplicable(session: Session, state: ServerState): void
