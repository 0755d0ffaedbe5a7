/** Microseconds since 1970, ever a little later. */
export type Clock = () => number

/**
 * A clock with microseconds: the monotonic one, set by the system's. When the system's was set to another time (more
 * than 2 ms off), so is this one.
 */
export function microsecondClock(): Clock {
  let base = performance.timeOrigin * 1000
  let checked = 0
  return () => {
    const elapsed = performance.now()
    if (elapsed - checked > 1000) {
      checked = elapsed
      const drift = Date.now() * 1000 - (base + elapsed * 1000)
      if (Math.abs(drift) > 2000) base += drift
    }
    return Math.floor(base + elapsed * 1000)
  }
}
