/** The size of a buffer that is written anew; a larger one is handed on as it is. */
const ordinary = 16 * 1024
/** Texts up to here are given the most room that they can take, longer ones what they take. */
const short = 4096

/**
 * Frontend messages of the extended query protocol, appended to one growing buffer:
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class MessageWriter {
  #buffer = Buffer.allocUnsafe(ordinary)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was written; the writer is empty afterwards. */
  take(): Buffer {
    const written = this.#buffer.subarray(0, this.#length)
    this.#length = 0
    if (this.#buffer.length === ordinary) return Buffer.from(written)
    this.#buffer = Buffer.allocUnsafe(ordinary)
    return written
  }

  parse(name: string, sql: string): void {
    const start = this.#begin(0x50)
    this.#text(name)
    this.#text(sql)
    this.#int16(0)
    this.#end(start)
  }

  /** Binds text parameters (null is NULL) to the unnamed portal; results come as text. */
  bind(name: string, params: readonly (string | null)[]): void {
    const start = this.#begin(0x42)
    this.#text('')
    this.#text(name)
    this.#int16(0)
    this.#int16(params.length)
    for (const param of params) this.#param(param)
    this.#int16(0)
    this.#end(start)
  }

  execute(): void {
    const start = this.#begin(0x45)
    this.#text('')
    this.#int32(0)
    this.#end(start)
  }

  copyDone(): void {
    this.#end(this.#begin(0x63))
  }

  sync(): void {
    this.#end(this.#begin(0x53))
  }

  #begin(type: number): number {
    this.#room(5)
    this.#buffer[this.#length] = type
    this.#length += 5
    return this.#length - 4
  }

  #end(start: number): void {
    this.#buffer.writeInt32BE(this.#length - start, start)
  }

  #param(param: string | null): void {
    if (param === null) {
      this.#int32(-1)
      return
    }
    this.#room(4 + (param.length <= short ? param.length * 3 : Buffer.byteLength(param)))
    const written = this.#buffer.write(param, this.#length + 4)
    this.#buffer.writeInt32BE(written, this.#length)
    this.#length += written + 4
  }

  #text(text: string): void {
    this.#room(text.length * 3 + 1)
    this.#length += this.#buffer.write(text, this.#length)
    this.#buffer[this.#length++] = 0
  }

  #int16(value: number): void {
    this.#room(2)
    this.#length = this.#buffer.writeUInt16BE(value, this.#length)
  }

  #int32(value: number): void {
    this.#room(4)
    this.#length = this.#buffer.writeInt32BE(value, this.#length)
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
