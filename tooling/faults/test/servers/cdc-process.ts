import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '@cdc/servers'

export const main = join(import.meta.dirname, '../../../../apps/cdc/src/main.ts')

/** `cdc run` of a pipeline file as a process; `wrapper` is put before the command. */
export class CdcRun implements AsyncDisposable {
  readonly child: ChildProcess
  stderr = ''
  readonly #exit: Promise<number | string>

  constructor(file: string, wrapper: readonly string[] = []) {
    const command = [...wrapper, process.execPath, '--conditions=cdc-source', main, 'run', file]
    this.child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] })
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#exit = once(this.child, 'close').then(([code, signal]) => (code as number | null) ?? String(signal))
  }

  get pid(): number {
    return this.child.pid!
  }

  /** How often a text stands in standard error. */
  said(text: string): number {
    return this.stderr.split(text).length - 1
  }

  async says(text: string, times = 1): Promise<void> {
    const ended = () => this.child.exitCode !== null || this.child.signalCode !== null
    await waitFor(() => this.said(text) >= times || ended(), { timeout: 120_000, describe: `"${text}" from cdc` })
    if (this.said(text) < times) throw new Error(`cdc ended with ${this.child.exitCode}: ${this.stderr}`)
  }

  /** The exit code, or the signal that ended it. */
  exit(): Promise<number | string> {
    return this.#exit
  }

  async stop(): Promise<number | string> {
    this.child.kill('SIGTERM')
    return this.#exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGCONT')
      this.child.kill('SIGKILL')
    }
    await this.#exit
  }
}

type Options = Readonly<Record<string, string | number | boolean>>

/** Writes a pipeline file; JSON is YAML. */
export function pipelineFile(path: string, pipeline: { name: string; source: Options; sink: Options; state: string }) {
  writeFileSync(path, JSON.stringify(pipeline))
  return path
}
