import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { waitFor } from '@cdc/servers'

const main = join(import.meta.dirname, '../src/main.ts')

export interface CdcOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Written to standard input. */
  readonly input?: string
}

/** `cdc` as a real process, without a terminal. */
export class CdcProcess implements AsyncDisposable {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #exit: Promise<number>

  constructor(args: readonly string[], { env = {}, input }: CdcOptions = {}) {
    const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env
    this.child = spawn(process.execPath, ['--conditions=cdc-source', main, ...args], {
      env: { ...inherited, CDC_FAILPOINTS: '', ...env },
      stdio: 'pipe',
    })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.child.stdin!.end(input ?? '')
    this.#exit = once(this.child, 'close').then(([code, signal]) => (code as number | null) ?? (`${signal}` as never))
  }

  /** The exit code, or the name of the signal that ended it. */
  exit(): Promise<number | string> {
    return this.#exit
  }

  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(name)
  }

  /** Waits for a text in standard error; fails when the process ends without it. */
  async says(text: string): Promise<void> {
    const ended = () => this.child.exitCode !== null
    const told = () => this.stderr.includes(text) || ended()
    await waitFor(told, { timeout: 30_000, describe: `"${text}" from cdc` }).catch((cause: unknown) => {
      throw new Error(`"${text}" is not in: ${this.stderr}`, { cause })
    })
    if (!this.stderr.includes(text)) throw new Error(`cdc ended with ${this.child.exitCode}: ${this.stderr}`)
  }

  /** Waits until something is in standard output, perhaps since long ago; fails when the process ends without it. */
  async prints(): Promise<void> {
    const ended = () => this.child.exitCode !== null
    await waitFor(() => this.stdout !== '' || ended(), { timeout: 30_000, describe: 'output of cdc' })
    if (this.stdout === '') throw new Error(`cdc ended with ${this.child.exitCode}: ${this.stderr}`)
  }

  /** The lines of standard error that are JSON. */
  get logs(): Record<string, unknown>[] {
    return this.stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.signal('SIGKILL')
    await this.#exit
  }
}

/** Runs `cdc` to its end. */
export async function cdc(
  args: readonly string[],
  options: CdcOptions = {},
): Promise<CdcProcess & { code: number | string }> {
  const run = new CdcProcess(args, options)
  const code = await run.exit()
  return Object.assign(run, { code })
}
