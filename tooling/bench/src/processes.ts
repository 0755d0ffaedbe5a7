import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { heapFlags } from '../../../apps/cdc/src/heap.ts'
import type { Measurement } from './measurement.ts'
import { cpuOfEndedChildren } from './proc.ts'

/** A script of `children/` in a process of its own, so that CPU and memory are its own too. */
export class MeasuredChild<Job, Result> {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #lines: unknown[] = []
  readonly #waiting = new Map<string, () => void>()
  readonly #seen = new Set<string>()

  /** `cores`: as `taskset -c` takes them. */
  constructor(name: string, job: Job, cores?: string) {
    this.#name = name
    const script = fileURLToPath(new URL(`./children/${name}.ts`, import.meta.url))
    const folder = process.env.CDC_BENCH_PROFILE
    const profile = folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
    // what `cdc run` gives itself, so that memory is what users see
    const heap = Object.entries(heapFlags).map(([flag, value]) => `${flag}=${value}`)
    const extra = process.env.CDC_BENCH_FLAGS?.split(' ') ?? []
    const own = name === 'pipeline' ? [...heap, ...profile, ...extra] : []
    const command = [process.execPath, '--conditions=cdc-source', ...own, script]
    if (cores !== undefined) command.unshift('taskset', '-c', cores)
    this.#child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#closed = once(this.#child, 'close')
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#take(line))
    this.#child.stdin!.end(JSON.stringify(job))
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Resolves when the child has said this word. Rejects when it ends before. */
  async said(word: string): Promise<void> {
    if (this.#seen.has(word)) return
    const heard = new Promise<void>((resolve) => this.#waiting.set(word, resolve))
    await Promise.race([heard, this.#closed])
    if (!this.#seen.has(word)) throw new Error(`The process '${this.#name}' ended before it was '${word}'.`)
  }

  /** Asks the child to come to an end by itself. */
  stop(): void {
    this.#child.kill('SIGTERM')
  }

  /** What it wrote last, when it has ended. */
  async result(): Promise<Result> {
    const [code] = (await this.#closed) as [number | null]
    if (code !== 0) throw new Error(`The process '${this.#name}' ended with code ${code}.`)
    return this.#lines.at(-1) as Result
  }

  #take(line: string): void {
    const said: unknown = JSON.parse(line)
    this.#lines.push(said)
    if (typeof said !== 'string') return
    this.#seen.add(said)
    this.#waiting.get(said)?.()
  }
}

/** Runs a program that moves something, and counts what is known to be in it. CPU is that of all its processes. */
export async function measureProgram(
  command: string,
  args: readonly string[],
  changes: number,
  environment: Readonly<Record<string, string>>,
): Promise<Measurement> {
  const before = cpuOfEndedChildren()
  const start = performance.now()
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`${command} ended with code ${code}.`)
  const seconds = (performance.now() - start) / 1000
  const after = cpuOfEndedChildren()
  return { changes, seconds, cpu: before === undefined || after === undefined ? undefined : after - before }
}
