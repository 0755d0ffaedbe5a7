import type { Case } from './bench.ts'
import { cpuPerChange, type Measurement, median, rate } from './measurement.ts'
import { fixed, megabytes, noRow, perSecond, type TableRow } from './table.ts'

/** What a case must reach. */
export interface Target {
  /** Of the first reference's rate. */
  readonly ratio?: number
  /** Changes a second. */
  readonly rate?: number
  /** Microseconds of CPU a change, at most. */
  readonly cpu?: number
  /** Bytes of peak RSS, where it is not `memoryLimit`. */
  readonly memory?: number
}

/** Bytes of peak RSS that no other case may pass, whatever the backlog. Rows here are small. */
export const memoryLimit = 256 * 1024 * 1024

/** One run of ours and of each reference; undefined: not to be had here. */
export interface RateRun {
  readonly ours: Measurement
  readonly references: Readonly<Record<string, Measurement | undefined>>
}

export interface RateCase {
  readonly name: string
  readonly runs: number
  readonly target?: Target
  run(): Promise<RateRun>
}

/** A case that is told as a rate: ours and references in turn, medians of all. */
export function rateCase(plan: RateCase): Case {
  return {
    name: plan.name,
    async measure(progress) {
      const runs: RateRun[] = []
      for (let i = 1; i <= plan.runs; i++) {
        progress(`${plan.name} (${i} of ${plan.runs})`)
        runs.push(await plan.run())
      }
      return rateRows(plan, runs)
    },
  }
}

/** The case's row beside its first reference, and one more row for each other reference. */
export function rateRows({ name, target }: Pick<RateCase, 'name' | 'target'>, runs: readonly RateRun[]): TableRow[] {
  const ours = median(runs.map((run) => run.ours))
  const [first, ...others] = Object.keys(runs[0]!.references).map((reference) => {
    const measured = runs.flatMap((run) => run.references[reference] ?? [])
    return { reference, measured: measured.length === 0 ? undefined : median(measured) }
  })
  const steady = ours.steadyCpu === undefined ? '' : ` (${fixed(ours.steadyCpu)})`
  const row: TableRow = {
    ...noRow,
    case: name,
    ours: perSecond(rate(ours)),
    ...beside(ours, first),
    cpu: ours.cpu === undefined ? '' : `${fixed(cpuPerChange(ours))}${steady}`,
    peakRss: ours.peakRss === undefined ? '' : megabytes(ours.peakRss),
    ...judge(ours, first?.measured, target),
    figures: runs,
  }
  return [row, ...others.map((other) => ({ ...noRow, ...beside(ours, other) }))]
}

function beside(
  ours: Measurement,
  reference: { readonly reference: string; readonly measured: Measurement | undefined } | undefined,
): { reference: string; ratio: string } {
  if (reference === undefined) return { reference: '', ratio: '' }
  const { reference: name, measured } = reference
  if (measured === undefined) return { reference: `${name}: not installed`, ratio: '' }
  const cpu = cpuPerChange(measured)
  const memory = measured.peakRss === undefined ? '' : `, ${megabytes(measured.peakRss)}`
  const spent = cpu === undefined ? '' : `, ${fixed(cpu)} µs${memory}`
  return { reference: `${name} ${perSecond(rate(measured))}${spent}`, ratio: fixed(rate(ours) / rate(measured)) }
}

function judge(
  ours: Measurement,
  reference: Measurement | undefined,
  target: Target | undefined,
): Pick<TableRow, 'target' | 'met'> {
  if (target === undefined) return { target: '', met: '' }
  const wanted: string[] = []
  const met: boolean[] = []
  if (target.ratio !== undefined) {
    wanted.push(`≥ ${target.ratio} x`)
    met.push(reference !== undefined && rate(ours) / rate(reference) >= target.ratio)
  }
  if (target.rate !== undefined) {
    wanted.push(`≥ ${perSecond(target.rate)}`)
    met.push(rate(ours) >= target.rate)
  }
  if (target.cpu !== undefined) {
    wanted.push(`≤ ${target.cpu} µs`)
    met.push((cpuPerChange(ours) ?? Number.POSITIVE_INFINITY) <= target.cpu)
  }
  const memory = target.memory ?? memoryLimit
  wanted.push(`≤ ${megabytes(memory)}`)
  met.push((ours.peakRss ?? 0) <= memory)
  return { target: wanted.join(', '), met: met.every(Boolean) ? 'met' : 'not met' }
}
