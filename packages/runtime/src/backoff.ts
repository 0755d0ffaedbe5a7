import { setTimeout as delay } from 'node:timers/promises'

export interface RetryLimits {
  /** Attempts before the first batch has ever arrived; after that a pipeline tries for as long as it runs. */
  readonly attempts: number
  /** Milliseconds before the second attempt; doubles each time. */
  readonly initialDelay: number
  readonly maxDelay: number
}

/** Exponential back-off with full jitter over the upper half. `attempt` counts from 1. */
export function backoff(attempt: number, limits: RetryLimits): number {
  const full = Math.min(limits.maxDelay, limits.initialDelay * 2 ** Math.min(attempt - 1, 30))
  return Math.round(full / 2 + Math.random() * (full / 2))
}

/** Sleeps, or returns early when the signal aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined)
}

/**
 * The promise, or a rejection with `late()` when it takes longer. The timer does not keep the process alive by
 * itself, and a late result is let go.
 */
export function within<T>(promise: Promise<T>, milliseconds: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.min(milliseconds, 2 ** 31 - 1))
  })
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer))
}

/**
 * The promise, or a rejection with the signal's reason as soon as it aborts. Leaves no listener behind, so it may be
 * called for every batch of a signal that lives for years.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
