import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '@cdc/servers'

const main = join(import.meta.dirname, '../../../apps/cdc/src/main.ts')
const heapReport = join(import.meta.dirname, 'heap-report.ts')

/** The peak only grows, so nothing is missed but what happens in a process's last moment. Milliseconds. */
const look = 20

/** `cdc run` as a user has it, and the most memory that the process has ever had. */
export class MeasuredCdc implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #exit: Promise<number | null>
  readonly #timer: NodeJS.Timeout
  #errors = ''
  #reports = ''
  #peak = 0

  /** `reportsHeap`: SIGUSR2 makes it collect garbage and say what is left, for `heap`. */
  constructor(file: string, { reportsHeap = false, env = {} } = {}) {
    const flags = reportsHeap ? ['--expose-gc', '--import', heapReport] : []
    const args = ['--conditions=cdc-source', ...flags, main, 'run', file]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    this.#child = child
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#reports += text
    })
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-10_000)
    })
    this.#exit = once(child, 'close').then(([code]) => code as number | null)
    this.#timer = setInterval(() => this.#look(), look)
  }

  /** The most resident memory so far (VmHWM), in bytes. */
  get peak(): number {
    this.#look()
    return this.#peak
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Waits for something that the pipeline brings about; fails at once when it ends without that. */
  async until(condition: () => Promise<boolean>, describe: string, timeout: number): Promise<void> {
    await waitFor(async () => this.ended || (await condition()), { timeout, describe, interval: 50 })
    if (this.ended && !(await condition())) throw new Error(`cdc ended before there was ${describe}: ${this.#errors}`)
  }

  /** Waits for its own end (of a bounded pipeline). */
  async finished(): Promise<void> {
    const code = await this.#exit
    clearInterval(this.#timer)
    if (code !== 0) throw new Error(`cdc ended with ${code}: ${this.#errors}`)
  }

  /** Stops it in the ordinary way. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.finished()
  }

  /** The heap that is in use after the garbage is collected, and what lies outside of it. Bytes. */
  async heap(): Promise<number> {
    const before = this.#reports.length
    this.#child.kill('SIGUSR2')
    const line = () => /^HEAP (\d+)$/m.exec(this.#reports.slice(before))?.[1]
    await this.until(async () => line() !== undefined, 'a report of the heap', 60_000)
    return Number(line())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    if (!this.ended) this.#child.kill('SIGKILL')
    await this.#exit
  }

  #look(): void {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
      this.#peak = Math.max(this.#peak, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024)
    } catch {
      // it has ended
    }
  }
}
