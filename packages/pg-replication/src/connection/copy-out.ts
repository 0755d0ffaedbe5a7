import type { Socket } from 'node:net'
import type { CdcError } from '@cdc/core'
import { pgError } from '../errors.ts'
import { postgresError } from '../postgres-error.ts'
import { BurstReader } from '../replication/burst-reader.ts'
import { COPY_DATA, MessageSplitter } from '../replication/message-splitter.ts'
import { aborted } from './deadline.ts'

/** A row cannot be larger than this at the server. */
const largestRow = 2 ** 30 + 2 ** 20
const READY_FOR_QUERY = 0x5a

/**
 * `COPY ... TO STDOUT` as a query of `pg`. The bytes are taken from the socket: rows come in large chunks instead of
 * one event each. All other messages are handed to `pg`, whose state stays right.
 */
export class CopyOut {
  /** The server's count of rows, after CommandComplete and ReadyForQuery. */
  readonly done: Promise<number>
  /** Resolves when the connection has to be cut, with why. */
  readonly failed: Promise<CdcError>
  readonly #sql: string
  readonly #reader: BurstReader
  readonly #splitter = new MessageSplitter(largestRow)
  readonly #onChunk: (chunk: Buffer) => void | Promise<void>
  readonly #silence: number
  readonly #result = Promise.withResolvers<number>()
  readonly #failure = Promise.withResolvers<CdcError>()
  #rows: number | undefined
  /** What `onChunk` threw. */
  thrown: { readonly error: unknown } | undefined

  constructor(sql: string, socket: Socket, onChunk: (chunk: Buffer) => void | Promise<void>, silence: number) {
    this.#sql = sql
    this.#reader = new BurstReader(socket, this.#splitter)
    this.#onChunk = onChunk
    this.#silence = silence
    this.done = this.#result.promise
    this.failed = this.#failure.promise
  }

  /** Called by `pg` when it is this query's turn. Nothing of the answer can be there yet. */
  submit(connection: { query(sql: string): void }): void {
    this.#reader.attach()
    connection.query(this.#sql)
    this.#pump().catch((error) => this.#fail(error))
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#rows = Number(/^COPY (\d+)/.exec(text)?.[1])
  }

  handleError(error: unknown): void {
    this.#result.reject(error)
  }

  handleReadyForQuery(): void {
    if (this.#rows === undefined || Number.isNaN(this.#rows)) this.#result.reject(notCopy())
    else this.#result.resolve(this.#rows)
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
  handleCopyInResponse(connection: { sendCopyFail(why: string): void }): void {
    connection.sendCopyFail('only COPY TO STDOUT is expected here')
  }

  async #pump(): Promise<void> {
    const splitter = this.#splitter
    for (;;) {
      if (!(await this.#next())) return // pg hears of the end itself
      const messages = splitter.take()
      if (messages !== undefined && (await this.#dispatch(messages))) return
    }
  }

  async #next(): Promise<boolean> {
    if (this.#silence === 0) return this.#reader.read()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(silent(this.#silence)), this.#silence)
    })
    late.catch(() => {})
    try {
      return await Promise.race([this.#reader.read(), late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Rows to the callee, the rest to pg. True when the command is over. */
  async #dispatch(messages: Buffer): Promise<boolean> {
    let at = 0
    while (at < messages.length) {
      const from = at
      if (messages[at] === COPY_DATA) {
        at = this.#splitter.onlyData ? messages.length : endOfRun(messages, at, true)
        await this.#give(withoutHeaders(messages, from, at))
      } else {
        at = endOfRun(messages, at, false)
        if (lastType(messages, from, at) === READY_FOR_QUERY) {
          this.#reader.detach(Buffer.concat([messages.subarray(from), this.#splitter.rest()]))
          return true
        }
        this.#reader.forward(messages.subarray(from, at))
      }
    }
    return false
  }

  async #give(chunk: Buffer): Promise<void> {
    try {
      await this.#onChunk(chunk)
    } catch (error) {
      this.thrown = { error }
      throw error
    }
  }

  #fail(error: unknown): void {
    this.#result.reject(error)
    this.#failure.resolve(this.thrown === undefined ? postgresError(error, 'copying') : aborted())
  }
}

/** The end of the messages from `at` on that are CopyData, or that are not. */
function endOfRun(messages: Buffer, at: number, data: boolean): number {
  let end = at
  while (end < messages.length && (messages[end] === COPY_DATA) === data) end += 1 + messages.readUInt32BE(end + 1)
  return end
}

function lastType(messages: Buffer, from: number, to: number): number {
  let at = from
  let type = 0
  while (at < to) {
    type = messages[at]!
    at += 1 + messages.readUInt32BE(at + 1)
  }
  return type
}

/** The bodies of CopyData messages, moved together in place: nobody looks at them again. */
function withoutHeaders(messages: Buffer, from: number, to: number): Buffer {
  let write = from
  let at = from
  while (at < to) {
    const next = at + 1 + messages.readUInt32BE(at + 1)
    messages.copyWithin(write, at + 5, next)
    write += next - at - 5
    at = next
  }
  return messages.subarray(from, write)
}

function silent(silence: number): CdcError {
  return pgError('QUERY_TIMEOUT', { message: `Not a byte of COPY came for ${silence} ms.` })
}

function notCopy(): CdcError {
  return pgError('PROTOCOL_BROKEN', { message: 'The statement was no COPY ... TO STDOUT.' })
}
