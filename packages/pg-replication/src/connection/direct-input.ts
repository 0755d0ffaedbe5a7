import type { OnReadOpts, Socket } from 'node:net'

/** Takes bytes where they come to lie: no buffer is made for a read. */
export interface InputTarget {
  /** Where the next bytes are to be read into. */
  space(): Buffer
  /** So many bytes were read into what `space` gave, at some time. False: read no more for now. */
  filled(space: Uint8Array, length: number): boolean
}

/** For what is read while no target is there: answers to ordinary statements. */
const ordinary = 16 * 1024

const inputs = new WeakMap<Socket, DirectInput>()

/**
 * Reads a plain socket into a buffer of the reader's (`onread` of net.Socket), where Node would make one of 64 KB for
 * each read and leave them to the garbage collector. Without a target its bytes are `data` events as ever.
 */
export class DirectInput {
  readonly #scratch = Buffer.allocUnsafeSlow(ordinary)
  #socket: Socket | undefined
  #target: InputTarget | undefined

  /** The input of a socket that was made with one; undefined: its bytes come as `data` events (TLS). */
  static of(socket: Socket): DirectInput | undefined {
    return inputs.get(socket)
  }

  /** For the options of `net.connect`. */
  get onread(): OnReadOpts {
    return {
      buffer: () => this.#target?.space() ?? this.#scratch,
      callback: (length, bytes) => this.#read(bytes, length),
    }
  }

  /** The socket that was made with `onread`. */
  serve(socket: Socket): void {
    this.#socket = socket
    inputs.set(socket, this)
  }

  /** Who takes the bytes from now on; undefined: those who listen for `data`. */
  direct(target: InputTarget | undefined): void {
    this.#target = target
  }

  #read(bytes: Uint8Array, length: number): boolean {
    if (this.#target !== undefined) return this.#target.filled(bytes, length)
    this.#socket?.emit('data', Buffer.from(bytes.subarray(0, length)))
    return true
  }
}
