import type { Change } from './change.ts'

/**
 * Where to resume: an opaque, versioned, JSON-safe string owned by the source. Only the source's definition may
 * compare or open it (`PositionRules`).
 */
export type Position = string

/**
 * Changes in the order of the source.
 *
 * With a `position` the batch ends on a commit (or on the end of a snapshot table) and may hold several whole
 * transactions. Without one it lies wholly inside one transaction or one snapshot table (`open`), and never holds
 * the tail of one and the head of the next. An empty batch with a position is a keepalive: nothing happened up to
 * there.
 */
export interface Batch {
  readonly changes: readonly Change[]
  readonly position?: Position
  readonly open?: 'transaction' | 'table'
  /** Estimate of the heap that the batch holds, in bytes: bounds what is read ahead. */
  readonly bytes: number
}
