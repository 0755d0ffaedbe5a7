import { type Batch, defineSink, type Position, type Sink } from '@cdc/core'
import { thrownBy } from './errors.ts'
import { type CallbackValues, callbackOptions } from './options.ts'

/**
 * The callback sink: hands batches to a function of the program. At least once; exactly once where `onFlush` stores
 * the position with the rows, and `position` gives it back.
 */
export const callback = defineSink({
  name: 'callback',
  description: 'Hands batches to a function of the program.',
  options: callbackOptions,
  capabilities: (values) => ({
    accepts: values.accepts,
    remembers: values.position !== undefined,
    // nothing of a table is flushed before its end, and only what was flushed with a position may stay
    atomicTables: values.position !== undefined,
    wholeRows: values.wholeRows,
    keyless: values.keyless,
    takes: values.takes ?? [],
  }),
  create: (values) => new CallbackSink(values),
})

class CallbackSink implements Sink {
  readonly #values: CallbackValues
  /** The call of a function that is under way. Never rejects. */
  #running: Promise<unknown> = Promise.resolve()
  #opened = false
  #stored: Position | undefined

  constructor(values: CallbackValues) {
    this.#values = values
  }

  async open(): Promise<void> {
    this.#opened = true
    const { onOpen } = this.#values
    if (onOpen !== undefined) await this.#call('onOpen', onOpen)
  }

  async position(): Promise<Position | undefined> {
    const { position } = this.#values
    if (position !== undefined) this.#stored = (await this.#call('position', position)) ?? undefined
    return this.#stored
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    await this.#call('onBatch', () => this.#values.onBatch(batch, signal), signal)
  }

  /** In the middle of a table there is nothing to do: the function has the rows, and nothing is acknowledged yet. */
  async flush(position: Position | undefined, signal: AbortSignal): Promise<void> {
    const { onFlush } = this.#values
    if (position === undefined || onFlush === undefined) return
    await this.#call('onFlush', () => onFlush(position, signal, this.#stored), signal)
    this.#stored = position
  }

  async close(): Promise<void> {
    // a function that was called off may still be at work, and must not meet the roll-back
    await this.#running
    const { onClose } = this.#values
    if (onClose !== undefined && this.#opened) await this.#call('onClose', onClose)
  }

  async #call<T>(name: string, run: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    const running = (async () => run())()
    this.#running = running.catch(() => undefined)
    try {
      return await (signal === undefined ? running : unlessAborted(running, signal))
    } catch (thrown) {
      if (signal?.aborted) throw signal.reason
      throw thrownBy(name, thrown, this.#values.retriable)
    }
  }
}

/** Rejects when the signal aborts first: the function may not look at it. */
async function unlessAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([running, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
