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

/** Takes what COPYs bring. A promise holds the server back. */
export interface CopyTarget {
  /** Text that ends at the end of a row, valid until this (and the promise that it gave) is done. */
  chunk(chunk: Buffer): void | Promise<void>
  /** A statement is over, and this was the server's count of its rows. */
  done(rows: number): void | Promise<void>
}

/**
 * `COPY ... TO STDOUT`, one or several statements of it, as a query of `pg`. The bytes are taken from the socket: rows
 * come in large chunks instead of one event each. All other messages are handed to `pg`, whose state stays right.
 */
export class CopyOut {
  /** Resolves after the last CommandComplete and ReadyForQuery, when `target` has taken all. */
  readonly done: Promise<void>
  /** Resolves when the connection has to be cut, with why. */
  readonly failed: Promise<CdcError>
  readonly #statements: readonly string[]
  readonly #reader: BurstReader
  readonly #splitter = new MessageSplitter(largestRow)
  readonly #target: CopyTarget
  readonly #silence: number
  readonly #result = Promise.withResolvers<void>()
  readonly #failure = Promise.withResolvers<CdcError>()
  /** Counts of statements that are over and that `target` was not told of. */
  readonly #counts: number[] = []
  #over = 0
  #ready = false
  /** What `target` threw. */
  thrown: { readonly error: unknown } | undefined

  constructor(statements: readonly string[], socket: Socket, target: CopyTarget, silence: number) {
    this.#statements = statements
    this.#reader = new BurstReader(socket, this.#splitter)
    this.#target = target
    this.#silence = silence
    this.done = this.#result.promise
    this.failed = this.#failure.promise
  }

  /** Called by `pg` when it is this query's turn. Nothing of the answer can be there yet. */
  submit(connection: { query(sql: string): void }): void {
    this.#reader.attach()
    connection.query(this.#statements.join(';'))
    this.#pump().catch((error) => this.#fail(error))
  }

  handleCommandComplete({ text }: { text: string }): void {
    const rows = /^COPY (\d+)/.exec(text)?.[1]
    if (rows === undefined) this.#result.reject(notCopy())
    else {
      this.#over++
      this.#counts.push(Number(rows))
    }
  }

  handleError(error: unknown): void {
    this.#result.reject(error)
  }

  handleReadyForQuery(): void {
    if (this.#over === this.#statements.length) this.#ready = true
    else this.#result.reject(notCopy())
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
        const chunk = withoutHeaders(messages, from, at)
        await this.#give(() => this.#target.chunk(chunk))
      } else {
        at = endOfRun(messages, at, false)
        const over = lastType(messages, from, at) === READY_FOR_QUERY
        if (over) this.#reader.detach(Buffer.concat([messages.subarray(from), this.#splitter.rest()]))
        else this.#reader.forward(messages.subarray(from, at))
        for (const rows of this.#counts.splice(0)) await this.#give(() => this.#target.done(rows))
        if (this.#ready) this.#result.resolve()
        if (over) return true
      }
    }
    return false
  }

  async #give(call: () => void | Promise<void>): Promise<void> {
    try {
      await call()
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
