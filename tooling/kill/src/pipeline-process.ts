import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const main = join(import.meta.dirname, '../../../apps/cdc/src/main.ts')

/** The flags that `cdc run` would start itself anew for: that takes time, and is the same process afterwards. */
const heap = ['--max-semi-space-size=16']

/** How a process has ended: by a code of its own, with the code of the error that it told last; or by a signal. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly error: string | undefined
  readonly hint: string | undefined
}

/** Those that run: they do not outlive the loop. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A command of the program that ends by itself. Throws when it does not end well, with what it said. */
export async function cdc(args: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, ['--conditions=cdc-source', ...heap, main, ...args])
}

/** One life of `cdc run`, with its log in a file. */
export class PipelineProcess {
  readonly #child: ChildProcess
  readonly #log: string
  readonly #reached: string
  readonly ended: Promise<Ending>

  constructor(file: string, log: string, reached: string, failpoints: string) {
    this.#log = log
    this.#reached = reached
    const output = openSync(log, 'a')
    const { NODE_OPTIONS: _, ...inherited } = process.env
    this.#child = spawn(
      process.execPath,
      ['--conditions=cdc-source', ...heap, main, 'run', file, '--log-format', 'json'],
      {
        stdio: ['ignore', 'ignore', output],
        env: {
          ...inherited,
          CDC_FAILPOINTS: failpoints,
          CDC_FAILPOINTS_REACHED: reached,
          // a start takes half as long with what an earlier one has compiled
          NODE_COMPILE_CACHE: join(tmpdir(), 'cdc-kill-compiled'),
        },
      },
    )
    closeSync(output)
    running.add(this.#child)
    this.#child.once('exit', () => running.delete(this.#child))
    this.ended = once(this.#child, 'exit').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      ...this.#lastError(),
    }))
  }

  /** How long anything takes depends on the machine, so moments are counted from a failpoint that the process passes. */
  async passes(name: string, patience: number): Promise<void> {
    const deadline = performance.now() + patience
    const passed = () => existsSync(this.#reached) && readFileSync(this.#reached, 'utf8').includes(`${name}\n`)
    while (this.running && !passed() && performance.now() < deadline) await delay(10)
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Its ending, or undefined when it still runs after so many milliseconds. */
  async endedWithin(milliseconds: number): Promise<Ending | undefined> {
    const timer = new AbortController()
    const late = delay(milliseconds, undefined, { signal: timer.signal }).catch(() => undefined)
    try {
      return await Promise.race([this.ended, late])
    } finally {
      timer.abort()
    }
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(name)
  }

  /** Has the server said again and again that it cannot decode its own log? */
  get serverCannotDecode(): boolean {
    const lines = readFileSync(this.#log, 'utf8').trimEnd().split('\n')
    const warnings = lines.filter((line) => line.includes('"level":"warn"')).slice(-5)
    return warnings.length === 5 && warnings.every((line) => line.includes('"DECODING_FAILED"'))
  }

  #lastError(): Pick<Ending, 'error' | 'hint'> {
    const lines = existsSync(this.#log) ? readFileSync(this.#log, 'utf8').split('\n') : []
    const line = lines.findLast((one) => one.includes('"level":"error"'))
    if (line === undefined) return { error: undefined, hint: undefined }
    const { code, hint } = JSON.parse(line) as { code?: string; hint?: string }
    return { error: code, hint }
  }
}
