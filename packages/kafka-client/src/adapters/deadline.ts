import { kafkaError } from '../errors.ts'

/** Until when something may take, and who may end it before. */
export class Deadline {
  readonly #until: number
  readonly #signal: AbortSignal | undefined
  readonly what: string
  /** Whom it is asked of, for the error. */
  at: string | undefined

  constructor(milliseconds: number, what: string, signal?: AbortSignal) {
    this.#until = Date.now() + milliseconds
    this.#signal = signal
    this.what = what
  }

  get left(): number {
    return Math.max(0, this.#until - Date.now())
  }

  get over(): boolean {
    return Date.now() >= this.#until
  }

  /** Settles with `promise`, or fails when the time is up or the signal aborts. */
  async race<T>(promise: Promise<T>): Promise<T> {
    if (this.#signal?.aborted) {
      // it runs already, and nobody else hears how it ends
      promise.catch(() => undefined)
      throw this.#signal.reason
    }
    let timer: NodeJS.Timeout | undefined
    let stop: (() => void) | undefined
    const ended = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.exceeded()), this.left)
      stop = () => reject(this.#signal!.reason)
      this.#signal?.addEventListener('abort', stop, { once: true })
    })
    try {
      return await Promise.race([promise, ended])
    } finally {
      clearTimeout(timer)
      this.#signal?.removeEventListener('abort', stop!)
    }
  }

  /** Waits, at most until the deadline. */
  async pause(milliseconds: number): Promise<void> {
    this.#signal?.throwIfAborted()
    let timer: NodeJS.Timeout | undefined
    const wait = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(milliseconds, this.left))
    })
    let stop: (() => void) | undefined
    const aborted = new Promise<never>((_, reject) => {
      stop = () => reject(this.#signal!.reason)
      this.#signal?.addEventListener('abort', stop, { once: true })
    })
    try {
      await Promise.race([wait, aborted])
    } finally {
      clearTimeout(timer)
      this.#signal?.removeEventListener('abort', stop!)
    }
  }

  exceeded(cause?: unknown): Error {
    return kafkaError('KAFKA_UNREACHABLE', {
      message: `Kafka did not ${this.what} in time${this.at === undefined ? '' : ` (${this.at})`}.`,
      ...(cause === undefined ? {} : { cause }),
    })
  }
}
