import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const app = fileURLToPath(new URL('../../../apps/cdc/src/main.ts', import.meta.url))

/** `cdc run FILE` as a process of its own, so that it can be killed as the machine would kill it. */
export class PipelineProcess {
  readonly #child: ChildProcess
  #log = ''

  /** `line` gets each line of the changelog that the print sink writes. */
  constructor(file: string, line: (text: string) => void) {
    this.#child = spawn(process.execPath, ['--conditions=cdc-source', app, 'run', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    createInterface({ input: this.#child.stdout! }).on('line', line)
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-20_000)
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** What it has logged, for when something went wrong. */
  get log(): string {
    return this.#log
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.running) return this.#child.exitCode
    const closed = once(this.#child, 'close')
    this.#child.kill(signal)
    const [code] = (await closed) as [number | null]
    return code
  }
}
