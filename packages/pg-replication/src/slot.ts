import type { ConnectionOptions } from './connection/options.ts'
import type { Session } from './connection/session.ts'
import type { Lsn } from './lsn.ts'

/** Why a slot's creation waits: a transaction that began before it and still runs. */
export interface BlockingTransaction {
  /** 0: a prepared transaction (PREPARE TRANSACTION), which no process holds. */
  readonly pid: number
  readonly user?: string | undefined
  readonly applicationName?: string | undefined
  readonly clientAddress?: string | undefined
  readonly state?: string | undefined
  /** Seconds since its transaction began. */
  readonly age?: number | undefined
}

export interface CreateSlotOptions {
  /** `[a-z0-9_]{1,63}` */
  readonly name: string
  /** Dropped by the server when the connection ends. `release()` ends it. */
  readonly temporary?: boolean
  /** Default true: `snapshotName` is valid until `release()`. */
  readonly exportSnapshot?: boolean
  /** 17 and later: FAILOVER_UNSUPPORTED before. */
  readonly failover?: boolean
  /** Milliseconds to wait for running transactions. Default 60 000. SLOT_WAITS_FOR_TRANSACTIONS after that. */
  readonly lockTimeout?: number
  /** Called each second while the server waits for running transactions. */
  readonly onWait?: (blocking: readonly BlockingTransaction[]) => void
  readonly signal?: AbortSignal
}

export interface CreatedSlot {
  readonly name: string
  /** Where decoding begins: every transaction that commits at or after it is streamed, all before are in the snapshot. */
  readonly consistentPoint: Lsn
  /** For `SET TRANSACTION SNAPSHOT`; undefined without exportSnapshot. */
  readonly snapshotName: string | undefined
  /** Resolves when the exporting connection has ended before `release()`, with why. Never rejects. */
  readonly lost: Promise<Error>
  /** Ends the exporting connection: the snapshot can no longer be imported, a temporary slot is gone. Idempotent. */
  release(): Promise<void>
}

/** Creates a logical slot for pgoutput on a replication connection of its own, kept until `release()`. */
export declare function createSlot(options: ConnectionOptions, slot: CreateSlotOptions): Promise<CreatedSlot>

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
  /** 17+: wal_removed, rows_removed, wal_level_insufficient, idle_timeout. */
  readonly invalidationReason: string | undefined
  /** 17+ */
  readonly failover: boolean | undefined
  /** 17+: made by slot synchronisation from another server. */
  readonly synced: boolean | undefined
  /** 13+: bytes that can still be written before the slot may be lost; undefined without a limit. */
  readonly safeWalSize: bigint | undefined
  /** Bytes of log between restart_lsn and the server's end of log. */
  readonly retained: bigint | undefined
}

export declare function readSlot(session: Session, name: string): Promise<Slot | undefined>
/** Every slot of the server, other databases' too, by name. */
export declare function listSlots(session: Session): Promise<Slot[]>
/** Drops a slot. SLOT_BUSY when it is active, unless `force` ends its walsender first. No error when there is none. */
export declare function dropSlot(session: Session, name: string, options?: { readonly force?: boolean }): Promise<void>
/** Drops the inactive logical slots of this database whose name begins with `prefix`. Gives their names. */
export declare function dropOrphanSlots(session: Session, prefix: string): Promise<string[]>
/**
 * Throws when a stream could not be started from this slot by us: SLOT_MISSING, SLOT_WRONG_PLUGIN,
 * SLOT_WRONG_DATABASE, SLOT_LOST, SLOT_SYNCED. Does not look at whether it is active.
 */
export declare function assertUsableSlot(session: Session, slot: Slot | undefined, name: string): Slot
/** SLOT_NAME_INVALID, with the nearest valid name in the hint. */
export declare function assertSlotName(name: string): void
/** SLOT_BUSY naming the PID, who that is and what to do; undefined when the slot is free. */
export declare function slotHolder(session: Session, name: string): Promise<Error | undefined>
