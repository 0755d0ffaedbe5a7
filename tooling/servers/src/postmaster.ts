import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { serverAccount } from './account.ts'
import type { Binaries } from './binaries.ts'
import { serverEnvironment } from './data-directory.ts'
import { waitFor } from './wait-for.ts'

/** PostgreSQL's ways to stop: let sessions end, end them, or drop everything. */
export type StopMode = 'smart' | 'fast' | 'immediate'

const signals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const

/** The server's first process and its log. One per start. */
export class Postmaster {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #binaries: Binaries
  readonly #data: string

  private constructor(child: ChildProcess, binaries: Binaries, data: string) {
    this.#child = child
    this.pid = child.pid!
    this.#binaries = binaries
    this.#data = data
  }

  /** Starts and waits until it accepts connections. Throws with the end of its log when it does not. */
  static async start(binaries: Binaries, data: string, port: number): Promise<Postmaster> {
    const log = openSync(logFile(data), 'a')
    const child = spawn(join(binaries.bin, 'postgres'), ['-D', data, '-p', String(port)], {
      ...serverAccount(),
      cwd: data,
      env: serverEnvironment(),
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    const failed = new Promise<never>((_, reject) => child.once('error', reject))
    const postmaster = new Postmaster(child, binaries, data)
    try {
      await Promise.race([failed, postmaster.#ready()])
    } catch (cause) {
      if (child.pid !== undefined && postmaster.running) await postmaster.stop('immediate')
      throw new Error(
        `PostgreSQL ${binaries.release} did not start on 127.0.0.1:${port}: ${cause instanceof Error ? cause.message : String(cause)}\nThe end of its log:\n${logEnd(data)}`,
        { cause },
      )
    }
    // tests may end without stopping it: the watchdog does it then
    child.unref()
    return postmaster
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The last line of postmaster.pid says how far it is (PostgreSQL 10 and later); of a standby, `standby`. */
  async #ready(): Promise<void> {
    await waitFor(
      () => {
        if (!this.running) return true
        const status = readFileSync(join(this.#data, 'postmaster.pid'), 'utf8').split('\n')
        return Number(status[0]) === this.pid && /^(ready|standby)$/.test(status[7]?.trim() ?? '')
      },
      { timeout: 60_000, describe: 'the server to be ready', interval: 5 },
    )
    if (!this.running) throw new Error(`it ended with ${this.#child.signalCode ?? this.#child.exitCode}`)
  }

  /** Resolves when it has ended. Throws, and kills it, when it has not after `timeout` milliseconds. */
  async stop(mode: StopMode, timeout = 60_000): Promise<void> {
    if (!this.running) return
    this.#child.ref()
    const ended = once(this.#child, 'exit')
    if (process.platform === 'win32') {
      const stop = ['stop', '-D', this.#data, '-m', mode, '-W']
      spawn(join(this.#binaries.bin, 'pg_ctl'), stop, { stdio: 'ignore' })
    } else this.#child.kill(signals[mode])
    const late = AbortSignal.timeout(timeout)
    const timer = once(late, 'abort').then(() => 'late')
    if ((await Promise.race([ended, timer])) !== 'late') return
    this.#child.kill('SIGQUIT')
    this.#child.kill('SIGKILL')
    throw new Error(
      `PostgreSQL ${this.#binaries.release} (process ${this.pid}) did not stop within ${timeout} ms of a ${mode} shutdown, so it was killed. A client that keeps its connection may hold it. The end of its log:\n${logEnd(this.#data)}`,
    )
  }
}

/** Beside the data directory, so that it is not part of a copy of it. */
export function logFile(data: string): string {
  return `${data}.log`
}

function logEnd(data: string): string {
  try {
    return readFileSync(logFile(data), 'utf8').trimEnd().split('\n').slice(-15).join('\n')
  } catch {
    return '(no log)'
  }
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
