import { setTimeout as sleep } from 'node:timers/promises'

export interface WaitOptions {
  /** Milliseconds until it gives up. Default 20 s. */
  readonly timeout?: number
  /** What is waited for, for the error: `the slot to be active`. */
  readonly describe?: string
  /** Milliseconds between two looks. Default 20. */
  readonly interval?: number
}

/**
 * Looks at `condition` until it gives something that is neither false, undefined nor null, and returns that. A
 * condition that throws is not met yet; its last error is told when the time is up.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const { timeout = 20_000, describe = 'a condition', interval = 20 } = options
  const deadline = Date.now() + timeout
  let last: unknown
  for (;;) {
    try {
      const value = await condition()
      if (value !== false && value !== undefined && value !== null) return value as never
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() >= deadline) {
      const why = last === undefined ? '' : ` Last error: ${last instanceof Error ? last.message : String(last)}`
      throw new Error(`Waited ${timeout} ms for ${describe}, in vain.${why}`, { cause: last })
    }
    await sleep(interval)
  }
}
