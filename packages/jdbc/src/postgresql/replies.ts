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

const none = Buffer.alloc(0)

/** Cuts the server's bytes into messages, wherever the socket splits them. */
export class ReplyReader {
  readonly #handler: ReplyHandler
  #rest: Buffer = none

  constructor(handler: ReplyHandler) {
    this.#handler = handler
  }

  push(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (at + 5 <= data.length) {
      const end = at + 1 + data.readInt32BE(at + 1)
      if (end > data.length) break
      this.#message(data[at]!, data, at + 5, end)
      at = end
    }
    this.#rest = at === data.length ? none : data.subarray(at)
  }

  #message(type: number, data: Buffer, start: number, end: number): void {
    const handler = this.#handler
    // ParseComplete, DataRow, CommandComplete, EmptyQueryResponse, ErrorResponse, ReadyForQuery
    if (type === 0x31) handler.parsed()
    else if (type === 0x44) handler.row(readRow(data, start))
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

function readRow(data: Buffer, start: number): (string | null)[] {
  const count = data.readInt16BE(start)
  const cells: (string | null)[] = []
  let at = start + 2
  for (let i = 0; i < count; i++) {
    const length = data.readInt32BE(at)
    at += 4
    if (length < 0) cells.push(null)
    else {
      cells.push(data.toString('utf8', at, at + length))
      at += length
    }
  }
  return cells
}

function readFields(data: Buffer, start: number, end: number): Map<string, string> {
  const fields = new Map<string, string>()
  let at = start
  while (at < end && data[at] !== 0) {
    const stop = data.indexOf(0, at + 1)
    fields.set(String.fromCharCode(data[at]!), data.toString('utf8', at + 1, stop))
    at = stop + 1
  }
  return fields
}
