import { defaultLimits } from '@cdc/runtime'

export const MB = 1024 * 1024

/** The limits of a pipeline that its memory depends on, in bytes. */
export interface Limits {
  readonly batchBytes: number
  readonly readAheadBytes: number
}

/**
 * The peak of resident memory that the docs promise ("Memory" on the page about the command line): what the program
 * takes by itself, what is under way (in rows on the heap, and as it is written down), and the largest row. Bytes.
 */
export function memoryBound(largestRow: number, limits: Limits = defaultLimits): number {
  return 248 * MB + 8 * (limits.batchBytes + limits.readAheadBytes) + 6 * largestRow
}
