import type { Batch, Sink } from '@cdc/core'
import { linesOf } from './lines.ts'
import type { Values } from './options.ts'
import { Target } from './target.ts'

/** One life of the sink: opened, fed, flushed, closed. Calls never overlap, and after a throw it is only closed. */
export class Writer implements Sink {
  readonly #target: Target

  constructor(values: Values) {
    this.#target = new Target(values)
  }

  async open(): Promise<void> {
    await this.#target.open()
  }

  /** May keep a batch for later, within bounds. While its promise is not resolved no other batch comes. */
  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const lines = linesOf(batch)
    if (lines !== '') await this.#target.append(lines)
  }

  /** When it resolves, everything written is durable: the source frees its log after it. */
  async flush(): Promise<void> {
    await this.#target.sync()
  }

  async close(): Promise<void> {
    await this.#target.close()
  }
}
