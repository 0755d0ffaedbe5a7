import { error } from '../errors.ts'
import { ServerError } from './server-error.ts'

/** What a server's message means to a connection. */
export interface ReplyHandler {
  parsed(): void
  row(cells: (string | null)[]): void
  /** A statement is done; `count` of its rows, or 0 where it counts none. */
  completed(tag: string, count: number): void
  failed(error: ServerError): void
  ready(): void
}

/** A message cannot be larger: a server's buffers end at 1 GiB. */
const largest = 2 ** 30 + 4

/**
 * Cuts the server's bytes into messages, wherever the socket splits them. `push` throws TARGET_PROTOCOL for what is
 * none of PostgreSQL's; then the reader is dead.
 */
export class ReplyReader {
  readonly #handler: ReplyHandler
  /** Bytes of a message that is not complete; joined when it is. */
  #rest: Buffer[] = []
  #length = 0
  /** Nothing is complete before there are this many bytes. */
  #needed = 5

  constructor(handler: ReplyHandler) {
    this.#handler = handler
  }

  push(chunk: Buffer): void {
    this.#rest.push(chunk)
    this.#length += chunk.length
    if (this.#length < this.#needed) return
    const data = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest, this.#length)
    this.#needed = 5
    let at = 0
    while (at + 5 <= data.length) {
      const size = data.readUInt32BE(at + 1)
      if (size < 4 || size > largest || !isType(data[at]!)) throw broken(data[at]!, size)
      const end = at + 1 + size
      if (end > data.length) {
        this.#needed = 1 + size
        break
      }
      this.#message(data[at]!, data, at + 5, end)
      at = end
    }
    this.#rest = at === data.length ? [] : [data.subarray(at)]
    this.#length = data.length - at
  }

  #message(type: number, data: Buffer, start: number, end: number): void {
    const handler = this.#handler
    // ParseComplete, DataRow, CommandComplete, EmptyQueryResponse, ErrorResponse, ReadyForQuery
    if (type === 0x31) handler.parsed()
    else if (type === 0x44) handler.row(readRow(data, start, end))
    else if (type === 0x43) this.#completed(data.toString('latin1', start, end - 1))
    else if (type === 0x49) this.#completed('')
    else if (type === 0x45) handler.failed(new ServerError(readFields(data, start, end)))
    else if (type === 0x5a) handler.ready()
    // BindComplete, CopyInResponse, NoData, notices and the like say nothing that is needed
  }

  #completed(tag: string): void {
    this.#handler.completed(tag, readCount(tag))
  }
}

/** The last word of a tag: `INSERT 0 5`, `UPDATE 5`, `COPY 5`; none in `BEGIN`. */
function readCount(tag: string): number {
  const count = Number(tag.slice(tag.lastIndexOf(' ') + 1))
  return Number.isNaN(count) ? 0 : count
}

/** Types of messages are ASCII letters and digits. */
const isType = (type: number) => (type >= 0x41 && type <= 0x5a) || (type >= 0x61 && type <= 0x7a) || isDigit(type)
const isDigit = (type: number) => type >= 0x31 && type <= 0x33

function broken(type: number, size: number) {
  return error('TARGET_PROTOCOL', {
    message: `The target sent a message of type 0x${type.toString(16).padStart(2, '0')} and ${size} bytes, which is none of PostgreSQL's.`,
  })
}

function readRow(data: Buffer, start: number, end: number): (string | null)[] {
  const row = () =>
    error('TARGET_PROTOCOL', { message: 'The target sent a row whose lengths do not fit the message that it is in.' })
  if (start + 2 > end) throw row()
  const count = data.readUInt16BE(start)
  const cells: (string | null)[] = []
  let at = start + 2
  for (let i = 0; i < count; i++) {
    if (at + 4 > end) throw row()
    const length = data.readInt32BE(at)
    at += 4
    if (length < -1 || length > end - at) throw row()
    if (length === -1) cells.push(null)
    else {
      cells.push(data.toString('utf8', at, at + length))
      at += length
    }
  }
  if (at !== end) throw row()
  return cells
}

function readFields(data: Buffer, start: number, end: number): Map<string, string> {
  const fields = new Map<string, string>()
  let at = start
  while (at < end && data[at] !== 0) {
    const stop = data.indexOf(0, at + 1)
    if (stop < 0 || stop >= end) break
    fields.set(String.fromCharCode(data[at]!), data.toString('utf8', at + 1, stop))
    at = stop + 1
  }
  return fields
}
