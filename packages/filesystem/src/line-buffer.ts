import { Buffer } from 'node:buffer'

const newline = 10

/** Lines on their way to a file. Texts are encoded straight into it. */
export class LineBuffer {
  #bytes: Buffer
  #used = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get used(): number {
    return this.#used
  }

  get filled(): Buffer {
    return this.#bytes.subarray(0, this.#used)
  }

  /** The whole buffer, for another turn. */
  get whole(): Buffer {
    return this.#bytes
  }

  addText(line: string): void {
    // a UTF-16 unit takes three bytes at most
    if (this.#used + line.length * 3 + 1 > this.#bytes.length) this.#grow(Buffer.byteLength(line) + 1)
    this.#used += this.#bytes.write(line, this.#used)
    this.#bytes[this.#used++] = newline
  }

  addBytes(line: Uint8Array): void {
    if (this.#used + line.length + 1 > this.#bytes.length) this.#grow(line.length + 1)
    this.#bytes.set(line, this.#used)
    this.#used += line.length
    this.#bytes[this.#used++] = newline
  }

  #grow(room: number): void {
    const needed = this.#used + room
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.filled)
    this.#bytes = larger
  }
}
