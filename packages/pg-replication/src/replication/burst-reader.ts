import type { Socket } from 'node:net'
import { DirectInput } from '../connection/direct-input.ts'
import type { MessageSplitter } from './message-splitter.ts'

/** The handle behind a socket. Node has no public way to stop reading at once: `pause` goes on filling a buffer. */
interface Handle {
  reading: boolean
  readStop(): number
  readStart(): number
}

type DataListener = (chunk: Buffer) => void

/** Bytes a millisecond from which on a stream is catching up, and so longer pauses cost nobody anything. */
const busy = 4096
/** What a burst is to bring then: every one costs as much as decoding a hundred changes. It fits the socket's buffer. */
const worthwhile = 64 * 1024
/** Milliseconds. */
const longestPause = 8

/**
 * Takes a socket's bytes away from whoever listens to them, and reads in bursts: all that is there at once, then not
 * again for a millisecond, or up to eight while much is coming, so that a busy stream costs few and large reads. After
 * silence, or when there was more than a burst can hold, it reads at once. Nothing is read while nobody waits in `read`.
 */
export class BurstReader {
  readonly #socket: Socket
  readonly #into: MessageSplitter
  readonly #shortest: number
  #pause: number
  readonly #input: DirectInput | undefined
  /** The input while it is ours. */
  #attached: DirectInput | undefined
  #others: DataListener[] = []
  #waiting: PromiseWithResolvers<boolean> | undefined
  /** Bytes have come that nobody was told of. */
  #news = false
  #delivering = false
  #last = 0
  /** Bytes of the burst. */
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #ended = false
  #error: Error | undefined

  /** Bytes go to `into`. `pause`: milliseconds between two reads at least. */
  constructor(socket: Socket, into: MessageSplitter, pause = 1) {
    this.#socket = socket
    this.#into = into
    this.#shortest = pause
    this.#pause = pause
    this.#input = DirectInput.of(socket)
  }

  /** From now on bytes come here. Call it before the command is sent whose answer is to be read. */
  attach(): void {
    const socket = this.#socket
    this.#others = socket.listeners('data') as DataListener[]
    socket.removeAllListeners('data')
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd).on('close', this.#onEnd).on('error', this.#onError)
    this.#socket.pause()
    this.#attached = this.#input
    this.#input?.direct({
      space: () => this.#into.space(),
      filled: (space, length) => {
        this.#into.filled(space, length)
        return this.#came(length)
      },
    })
    this.#stop()
  }

  /** Gives the socket back to those who listened before, and `rest` with it. */
  detach(rest: Buffer): void {
    const socket = this.#socket
    this.#input?.direct(undefined)
    this.#attached = undefined
    clearTimeout(this.#timer)
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd).off('error', this.#onError)
    for (const listener of this.#others) socket.on('data', listener)
    this.#start()
    if (rest.length > 0) this.forward(rest)
  }

  /** Reads on to the end and forgets it: the peer closes only when it has sent what it wanted to. */
  discard(): void {
    const socket = this.#socket
    this.#input?.direct(undefined)
    this.#attached = undefined
    clearTimeout(this.#timer)
    socket.off('data', this.#onData)
    socket.on('data', () => {})
    this.#start()
  }

  /** Hands bytes to those who listened before. */
  forward(bytes: Buffer): void {
    for (const listener of this.#others) listener.call(this.#socket, bytes)
  }

  /**
   * Resolves when a burst has come; false when the connection has ended. Rejects with the socket's error. One call at
   * a time.
   */
  read(): Promise<boolean> {
    const waiting = Promise.withResolvers<boolean>()
    this.#waiting = waiting
    if (this.#news || this.#ended) this.#deliver()
    else this.#startSoon()
    return waiting.promise
  }

  #startSoon(): void {
    if (performance.now() - this.#last >= this.#pause) this.#start()
    else this.#timer = setTimeout(() => this.#start(), this.#pause)
  }

  #start(): void {
    // read directly, a socket has no stream to be resumed
    if (this.#attached === undefined) this.#socket.resume()
    const handle = this.#handle()
    if (handle?.reading === false) {
      handle.reading = true
      handle.readStart()
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#into.push(chunk)
    if (!this.#came(chunk.length)) this.#stop()
  }

  /** False: that is enough for one burst. */
  #came(length: number): boolean {
    this.#news = true
    this.#bytes += length
    if (!this.#delivering) {
      // after the poll phase: libuv has then read all that was there
      this.#delivering = true
      setImmediate(this.#afterPoll)
    }
    return !this.#into.full
  }

  readonly #afterPoll = (): void => {
    this.#delivering = false
    this.#stop()
    const now = performance.now()
    const rate = this.#bytes / (now - this.#last)
    this.#pause = rate < busy ? this.#shortest : Math.max(this.#shortest, Math.min(longestPause, worthwhile / rate))
    this.#bytes = 0
    // what a burst could not hold waits already
    this.#last = this.#into.full ? 0 : now
    this.#deliver()
  }

  #deliver(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    if (this.#news) {
      this.#news = false
      this.#waiting = undefined
      waiting.resolve(true)
    } else if (this.#ended) {
      this.#waiting = undefined
      if (this.#error === undefined) waiting.resolve(false)
      else waiting.reject(this.#error)
    }
  }

  #stop(): void {
    if (this.#attached === undefined) this.#socket.pause()
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
