import type { Socket } from 'node:net'

/** The handle behind a socket. Node has no public way to stop reading at once: `pause` goes on filling a buffer. */
interface Handle {
  reading: boolean
  readStop(): number
  readStart(): number
}

type DataListener = (chunk: Buffer) => void

/**
 * Takes a socket's bytes away from whoever listens to them, and reads in bursts: all that is there at once, then not
 * again for a millisecond, so that a busy stream costs few and large reads. After silence it reads at once. Nothing is
 * read while nobody waits in `read`.
 */
export class BurstReader {
  readonly #socket: Socket
  readonly #pause: number
  #others: DataListener[] = []
  #chunks: Buffer[] = []
  #waiting: PromiseWithResolvers<readonly Buffer[] | undefined> | undefined
  #delivering = false
  #last = 0
  #timer: NodeJS.Timeout | undefined
  #ended = false
  #error: Error | undefined

  /** `pause`: milliseconds between two reads while busy. */
  constructor(socket: Socket, pause = 1) {
    this.#socket = socket
    this.#pause = pause
  }

  /** From now on bytes come here. Call it before the command is sent whose answer is to be read. */
  attach(): void {
    const socket = this.#socket
    this.#others = socket.listeners('data') as DataListener[]
    socket.removeAllListeners('data')
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd).on('close', this.#onEnd).on('error', this.#onError)
    this.#stop()
  }

  /** Gives the socket back to those who listened before, and `rest` with it. */
  detach(rest: Buffer): void {
    const socket = this.#socket
    clearTimeout(this.#timer)
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd).off('error', this.#onError)
    for (const listener of this.#others) socket.on('data', listener)
    const bytes = Buffer.concat([rest, ...this.#chunks])
    this.#chunks = []
    this.#start()
    if (bytes.length > 0) this.forward(bytes)
  }

  /** Reads on to the end and forgets it: the peer closes only when it has sent what it wanted to. */
  discard(): void {
    const socket = this.#socket
    clearTimeout(this.#timer)
    socket.off('data', this.#onData)
    socket.on('data', () => {})
    this.#chunks = []
    this.#start()
  }

  /** Hands bytes to those who listened before. */
  forward(bytes: Buffer): void {
    for (const listener of this.#others) listener.call(this.#socket, bytes)
  }

  /**
   * The next burst; undefined when the connection has ended. Rejects with the socket's error. One call at a time.
   */
  read(): Promise<readonly Buffer[] | undefined> {
    const waiting = Promise.withResolvers<readonly Buffer[] | undefined>()
    this.#waiting = waiting
    if (this.#chunks.length > 0 || this.#ended) this.#deliver()
    else this.#startSoon()
    return waiting.promise
  }

  #startSoon(): void {
    if (performance.now() - this.#last >= this.#pause) this.#start()
    else this.#timer = setTimeout(() => this.#start(), this.#pause)
  }

  #start(): void {
    this.#socket.resume()
    const handle = this.#handle()
    if (handle?.reading === false) {
      handle.reading = true
      handle.readStart()
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk)
    if (this.#delivering) return
    // after the poll phase: libuv has then read all that was there
    this.#delivering = true
    setImmediate(this.#afterPoll)
  }

  readonly #afterPoll = (): void => {
    this.#delivering = false
    this.#stop()
    this.#last = performance.now()
    this.#deliver()
  }

  #deliver(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    if (this.#chunks.length > 0) {
      const chunks = this.#chunks
      this.#chunks = []
      this.#waiting = undefined
      waiting.resolve(chunks)
    } else if (this.#ended) {
      this.#waiting = undefined
      if (this.#error === undefined) waiting.resolve(undefined)
      else waiting.reject(this.#error)
    }
  }

  #stop(): void {
    this.#socket.pause()
    const handle = this.#handle()
    if (handle?.reading === true) {
      handle.reading = false
      handle.readStop()
    }
  }

  #handle(): Handle | null | undefined {
    return (this.#socket as unknown as { _handle?: Handle | null })._handle
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#deliver()
  }

  readonly #onError = (error: Error): void => {
    this.#error ??= error
    this.#onEnd()
  }
}
