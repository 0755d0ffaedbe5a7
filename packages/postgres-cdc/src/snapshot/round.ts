import { CdcError, failpoint, type Row, tableName } from '@cdc/core'
import { CopyTextReader, type Session } from '@cdc/pg-replication'
import { error } from '../errors.ts'
import type { SnapshotFeed } from './feed.ts'
import { type PrepareContext, type PreparedTable, prepareTable, releaseTable } from './prepare.ts'

/** A table that more than one statement reads: others help the worker that has its lock. */
interface OpenTable {
  readonly index: number
  readonly prepared: PreparedTable
  readonly waiting: string[]
  readonly helpers: Set<Promise<void>>
}

/** Reads tables under one snapshot with all its sessions, in order, each table by as many workers as are free. */
export class SnapshotRound {
  readonly #tables: readonly number[]
  readonly #feed: SnapshotFeed
  readonly #context: PrepareContext
  readonly #signal: AbortSignal
  /** By index, once known. */
  readonly prepared: (PreparedTable | undefined)[] = []
  readonly #open: OpenTable[] = []
  #next = 0
  #failed = false
  /** Tables that workers have locked and are reading. */
  #held = 0

  constructor(tables: readonly number[], feed: SnapshotFeed, context: PrepareContext, signal: AbortSignal) {
    this.#tables = tables
    this.#feed = feed
    this.#context = context
    this.#signal = signal
  }

  /** Never rejects: what goes wrong comes out of the feed. Resolves when no session is in use any more. */
  async run(sessions: readonly Session[]): Promise<void> {
    await Promise.all(sessions.map((session) => this.#work(session)))
  }

  async #work(session: Session): Promise<void> {
    try {
      while (!this.#failed) {
        const open = this.#open.find(({ waiting }) => waiting.length > 0)
        if (open !== undefined) await this.#help(session, open)
        else if (this.#next < this.#tables.length) await this.#table(session, this.#next++)
        else return
      }
    } catch (failure) {
      this.#failed = true
      this.#feed.fail(failure)
    }
  }

  async #table(session: Session, index: number): Promise<void> {
    await failpoint('snapshot.table')
    const others = () => this.#held > 0
    const prepared = await prepareTable(session, this.#tables[index]!, { ...this.#context, others })
    if (typeof prepared === 'string') await this.#feed.push(index, { kind: 'skip', why: prepared })
    else {
      this.prepared[index] = prepared
      this.#held++
      await this.#feed.push(index, { kind: 'begin' })
      await this.#readAll(session, index, prepared)
      await failpoint('snapshot.table-read')
      await this.#feed.push(index, { kind: 'end' })
    }
    await releaseTable(session)
    if (typeof prepared !== 'string') this.#held--
  }

  async #readAll(session: Session, index: number, prepared: PreparedTable): Promise<void> {
    const open: OpenTable = { index, prepared, waiting: [...prepared.statements], helpers: new Set() }
    const own = open.waiting.shift()
    if (open.waiting.length > 0) this.#open.push(open)
    if (own !== undefined) await this.#read(session, open, own)
    for (let statement = open.waiting.shift(); statement !== undefined; statement = open.waiting.shift())
      await this.#read(session, open, statement)
    // the lock stays until the last of them is done
    while (open.helpers.size > 0) await Promise.all(open.helpers)
  }

  async #help(session: Session, open: OpenTable): Promise<void> {
    const statement = open.waiting.shift()
    if (statement === undefined) return
    const work = this.#read(session, open, statement)
    open.helpers.add(work)
    try {
      await work
    } finally {
      open.helpers.delete(work)
    }
  }

  /** A promise holds the server back. */
  #push(index: number, rows: readonly Row[], bytes: number): void | Promise<void> {
    const piece = { kind: 'rows', rows, bytes } as const
    const held = failpoint('snapshot.chunk')
    return held === undefined ? this.#feed.push(index, piece) : held.then(() => this.#feed.push(index, piece))
  }

  async #read(session: Session, { index, prepared }: OpenTable, statement: string): Promise<void> {
    const reader = new CopyTextReader(prepared.columns)
    let seen = 0
    const take = (rows: ReturnType<CopyTextReader['push']>) => {
      const bytes = reader.bytes - seen
      seen = reader.bytes
      if (rows.length > 0) return this.#push(index, rows, bytes)
    }
    try {
      const sent = await session.copyOut(statement, (chunk) => take(reader.push(chunk)), { signal: this.#signal })
      reader.end()
      if (sent !== reader.rows)
        throw error('SNAPSHOT_INCOMPLETE', { message: `The server sent ${sent} rows and ${reader.rows} arrived.` })
    } catch (failure) {
      throw CdcError.from(failure).at({ table: tableName(prepared.table) })
    }
  }
}
