import type { KafkaBatch } from '../port.ts'

/**
 * Which partitions this process reads, and what comes of them. `FixedAssignment` has all partitions of the topics; a
 * member of a consumer group has those that it is given.
 */
export interface Assignment {
  /**
   * The next piece, of one partition. It must have been taken wholly (the place moved on) when this is called again.
   * undefined: every partition has reached its end.
   */
  next(signal: AbortSignal): Promise<KafkaBatch | undefined>
  close(): Promise<void>
}
