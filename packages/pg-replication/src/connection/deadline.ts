import type { CdcError } from '@cdc/core'
import { pgError } from '../errors.ts'

/** What may be cut off: `abandon` is called once, with why, and must free whatever is being waited for. */
export interface Limits {
  /** Milliseconds; 0 or undefined: no limit. */
  readonly timeout?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly late: () => CdcError
}

/** setTimeout fires at once beyond this. */
const longest = 2 ** 31 - 1

/**
 * Waits for `work`, but not past the deadline or the abort: then `abandon` is called and the reason thrown. Leaves no
 * timer and no listener behind.
 */
export async function within<T>(limits: Limits, work: Promise<T>, abandon: (why: CdcError) => void): Promise<T> {
  const { timeout = 0, signal, late } = limits
  let timer: NodeJS.Timeout | undefined
  let onAbort: (() => void) | undefined
  const cut = new Promise<never>((_, reject) => {
    const stop = (why: CdcError) => {
      abandon(why)
      reject(why)
    }
    if (timeout > 0) timer = setTimeout(() => stop(late()), Math.min(timeout, longest))
    if (signal !== undefined) {
      onAbort = () => stop(aborted())
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
    }
  })
  cut.catch(() => {})
  work.catch(() => {})
  try {
    return await Promise.race([work, cut])
  } finally {
    clearTimeout(timer)
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
  }
}

/** We were told to stop. */
export function aborted(): CdcError {
  return pgError('ABORTED', { message: 'Stopped while waiting for the server.' })
}
