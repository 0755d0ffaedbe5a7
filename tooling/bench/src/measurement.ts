/** One run of one thing. */
export interface Measurement {
  readonly changes: number
  readonly seconds: number
  /** CPU time of the measured process itself, user and system, in microseconds; absent where it cannot be known. */
  readonly cpu?: number | undefined
  /** The same for the second half of the changes alone, a change: without start-up and warm-up of the compiler. */
  readonly steadyCpu?: number | undefined
  /** Bytes, the highest that it was. */
  readonly peakRss?: number | undefined
  /** Seconds from the start until the first changes were written. */
  readonly first?: number | undefined
}

export const rate = ({ changes, seconds }: Measurement) => changes / seconds

/** Microseconds of CPU a change. */
export const cpuPerChange = ({ cpu, changes }: Measurement) => (cpu === undefined ? undefined : cpu / changes)

/** The middle one by rate. */
export function median(runs: readonly Measurement[]): Measurement {
  return runs.toSorted((a, b) => rate(a) - rate(b))[Math.floor(runs.length / 2)]!
}

/** The value below which a share of all lies. `sorted` rises. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
