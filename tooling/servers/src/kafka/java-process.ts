import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { waitFor } from '../wait-for.ts'

/** A Java server in a folder of its own, with its log. One per start. */
export class JavaProcess {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #name: string
  readonly #folder: string

  private constructor(child: ChildProcess, name: string, folder: string) {
    this.#child = child
    this.pid = child.pid!
    this.#name = name
    this.#folder = folder
  }

  /** Starts and waits until `ready` says so. Throws with the end of its log when it does not get there. */
  static async start(
    { java, name, folder, args }: { java: string; name: string; folder: string; args: readonly string[] },
    ready: () => Promise<boolean>,
  ): Promise<JavaProcess> {
    const log = openSync(logOf(folder), 'a')
    const child = spawn(java, args, { cwd: folder, stdio: ['ignore', log, log] })
    closeSync(log)
    await Promise.race([once(child, 'spawn'), once(child, 'error').then(([error]) => Promise.reject(error))])
    const server = new JavaProcess(child, name, folder)
    // for the watchdog
    writeFileSync(join(folder, 'server.pid'), String(child.pid))
    try {
      await waitFor(() => server.#ended() || ready(), {
        timeout: 120_000,
        interval: 20,
        describe: `${name} to be ready`,
      })
      if (!server.running) throw new Error(`it ended with ${child.signalCode ?? child.exitCode}`)
    } catch (cause) {
      await server.stop('SIGKILL')
      throw new Error(
        `${name} did not start: ${cause instanceof Error ? cause.message : String(cause)}\nThe end of its log:\n${server.log().trimEnd().split('\n').slice(-20).join('\n')}`,
        { cause },
      )
    }
    child.unref()
    return server
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  #ended(): boolean {
    return !this.running
  }

  log(): string {
    return readFileSync(logOf(this.#folder), 'utf8')
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Resolves when it has ended; after `timeout` milliseconds it is killed. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM', timeout = 30_000): Promise<void> {
    if (!this.running) return
    this.#child.ref()
    const ended = once(this.#child, 'exit')
    this.#child.kill(signal)
    // it may have been frozen
    this.#child.kill('SIGCONT')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeout)
    await ended
    clearTimeout(timer)
  }

  get name(): string {
    return this.#name
  }
}

export function logOf(folder: string): string {
  return join(folder, 'server.log')
}

/** Whether something listens on this port of 127.0.0.1. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
