import type { RetryLimits } from './backoff.ts'

/** Bounds of a pipeline. Times in milliseconds, sizes in bytes of estimated heap. */
export interface PipelineLimits {
  /** A batch given to a sink. One row may be larger by itself. */
  readonly batchRows: number
  readonly batchBytes: number
  /** What may be read ahead of the sinks, beside the batch that they are writing. */
  readonly readAheadBytes: number
  /** Between two saves of the checkpoint (and so between two acknowledgements). */
  readonly checkpointInterval: number
  /** A busy pipeline flushes at least this often. */
  readonly flushInterval: number
  /** A graceful stop lets go of what is not written by then. */
  readonly shutdownTimeout: number
  /** A call into a sink that takes longer is an error (STALLED) and leads to a new attempt. */
  readonly stallTimeout: number
  readonly retry: RetryLimits
}

export type PipelineLimitsInput = Partial<Omit<PipelineLimits, 'retry'>> & { readonly retry?: Partial<RetryLimits> }

export const defaultLimits: PipelineLimits = {
  batchRows: 20_000,
  batchBytes: 128 * 1024,
  readAheadBytes: 256 * 1024,
  checkpointInterval: 1_000,
  flushInterval: 200,
  shutdownTimeout: 10_000,
  stallTimeout: 600_000,
  retry: { attempts: 3, initialDelay: 500, maxDelay: 30_000 },
}

export function withDefaults(limits: PipelineLimitsInput = {}): PipelineLimits {
  return { ...defaultLimits, ...limits, retry: { ...defaultLimits.retry, ...limits.retry } }
}
