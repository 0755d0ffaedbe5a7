import type { PgOutputHandler } from '../src/index.ts'
import { FrameCursor, KEEPALIVE, PgOutputDecoder, XLOG_DATA } from '../src/index.ts'
import { readControl } from '../src/replication/control.ts'
import { COPY_DATA, MessageSplitter } from '../src/replication/message-splitter.ts'
import { dataTypeOf } from '../src/types/data-type.ts'
import { TypeCatalog } from '../src/types/type-catalog.ts'
import { type Call, recorder } from './record.ts'

/** Everything that reads the bytes of a stream, put together as the source does it, without a socket. */
export function readStream(chunks: Iterable<Buffer>, limit = 2 ** 30): Call[] {
  const splitter = new MessageSplitter(limit)
  const { calls, handler } = recorder()
  const frames = new Frames(calls, handler)
  for (const chunk of chunks) {
    splitter.push(chunk)
    for (let taken = splitter.take(); taken !== undefined; taken = splitter.take()) frames.read(taken)
  }
  calls.push(['rest', splitter.rest().length])
  return calls
}

class Frames {
  readonly #calls: Call[]
  readonly #handler: PgOutputHandler
  readonly #cursor = new FrameCursor()
  readonly #decoder: PgOutputDecoder

  constructor(calls: Call[], handler: PgOutputHandler) {
    this.#calls = calls
    this.#handler = handler
    const catalog = new TypeCatalog()
    this.#decoder = new PgOutputDecoder({
      resolveType: (oid, typmod) =>
        dataTypeOf(oid, typmod, catalog) ?? { type: { kind: 'string' }, native: 'text', delimiter: ',' },
    })
  }

  read(taken: Buffer): void {
    const cursor = this.#cursor
    for (const data of runsOfData(taken, this.#calls)) {
      cursor.reset(data)
      for (let kind = cursor.next(); kind !== 0; kind = cursor.next()) {
        if (kind === XLOG_DATA) this.#decoder.decode(data, cursor.start, cursor.end, this.#handler)
        else if (kind === KEEPALIVE) this.#calls.push(['keepalive', cursor.lsn, cursor.replyRequested])
      }
    }
  }
}

function* runsOfData(messages: Buffer, calls: Call[]): Generator<Buffer> {
  for (let at = 0; at < messages.length; ) {
    const from = at
    while (at < messages.length && messages[at] === COPY_DATA) at += 1 + messages.readUInt32BE(at + 1)
    if (at > from) yield messages.subarray(from, at)
    else {
      const end = at + 1 + messages.readUInt32BE(at + 1)
      calls.push([readControl(messages[at]!, messages.subarray(at + 5, end)).kind])
      at = end
    }
  }
}

/** The bytes cut where the sizes say, the last piece with what is left. */
export function pieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const cut: Buffer[] = []
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? bytes.length)
    cut.push(Buffer.from(bytes.subarray(at, at + size)))
    at += size
  }
  return cut
}

/** A change that a network or a foreign program could make. */
export type Damage =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'byte'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'length'; readonly at: number; readonly value: number }

export function damaged(bytes: Buffer, damages: readonly Damage[]): Buffer {
  return damages.reduce(damage, Buffer.from(bytes))
}

function damage(bytes: Buffer, one: Damage): Buffer {
  if (bytes.length === 0) return bytes
  const at = one.at % bytes.length
  switch (one.kind) {
    case 'flip':
      bytes[at] = bytes[at]! ^ (1 << one.bit)
      return bytes
    case 'byte':
      bytes[at] = one.value
      return bytes
    case 'cut':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + one.length)])
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), one.bytes, bytes.subarray(at)])
    case 'length':
      if (at + 4 <= bytes.length) bytes.writeUInt32BE(one.value, at)
      return bytes
  }
}
