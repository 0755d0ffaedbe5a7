import type { StateStore } from '@cdc/core'
import { within } from './backoff.ts'
import { error } from './errors.ts'

/** How long a store may take to give its lease back before it is left behind. Milliseconds. */
const closeTimeout = 5_000

/**
 * A store of which no call takes for ever: a disk or a server that hangs is an error (STALLED), and the pipeline reads
 * again. What was asked for may still happen later: stores do one thing after the other, so a save that comes late
 * comes before whatever is asked for after it.
 */
export function watchedStore(store: StateStore, stallTimeout: number): StateStore {
  const watched = <T>(what: string, call: Promise<T>): Promise<T> =>
    within(call, stallTimeout, () =>
      error('STALLED', {
        message: `The state in ${store.describe()} has not finished ${what} for ${stallTimeout / 1000} s.`,
      }),
    )
  return {
    open: () => watched('opening', store.open()),
    load: (entry) => watched(`loading '${entry}'`, store.load(entry)),
    save: (entry, text) => watched(`saving '${entry}'`, store.save(entry, text)),
    clear: () => watched('clearing', store.clear()),
    close: () => within(store.close(), closeTimeout, () => new Error('timeout')).catch(() => undefined),
    describe: () => store.describe(),
  }
}
