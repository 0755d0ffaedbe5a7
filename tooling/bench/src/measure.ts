import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** One run of one thing. */
export interface Measurement {
  readonly changes: number
  readonly seconds: number
  /** CPU time of the measured process itself, user and system, in microseconds; absent where it cannot be known. */
  readonly cpu?: number
  /** Bytes. */
  readonly peakRss?: number
}

/** What the child is to run: options of source and sink as in a pipeline file. */
export interface Job {
  readonly name: string
  readonly source: Record<string, unknown>
  readonly sink: Record<string, unknown>
  /** Stop after so many changes. */
  readonly changes: number
  readonly state: string
}

/** Runs a pipeline in a process of its own, so that CPU and memory are its own too. */
export async function measurePipeline(job: Job): Promise<Measurement> {
  const script = fileURLToPath(new URL('./child.ts', import.meta.url))
  const flags =
    process.env.CDC_BENCH_PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.CDC_BENCH_PROFILE}`]
  const child = spawn(process.execPath, ['--conditions=cdc-source', ...flags, script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(JSON.stringify(job))
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`The measured pipeline ended with code ${code}.`)
  return JSON.parse(text) as Measurement
}

/** Runs a command that drains something, and counts what is known to be in it. */
export async function measureCommand(
  command: string,
  args: readonly string[],
  changes: number,
  env: Record<string, string>,
): Promise<Measurement> {
  const start = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } })
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`${command} ended with code ${code}.`)
  return { changes, seconds: (performance.now() - start) / 1000 }
}

export const rate = ({ changes, seconds }: Measurement) => changes / seconds

/** The middle one by rate. */
export function median(runs: readonly Measurement[]): Measurement {
  return runs.toSorted((a, b) => rate(a) - rate(b))[Math.floor(runs.length / 2)]!
}
