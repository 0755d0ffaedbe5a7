import { failpoint } from '@cdc/core'
import type { Session } from '@cdc/pg-replication'
import type { SnapshotFeed } from './feed.ts'
import { type PrepareContext, type PreparedTable, prepareTable, prepareTables, releaseTable } from './prepare.ts'
import { TableRows } from './table-rows.ts'

/** A table that more than one statement reads: others help the worker that has its lock. */
interface OpenTable {
  readonly index: number
  readonly prepared: PreparedTable
  readonly waiting: string[]
  readonly helpers: Set<Promise<void>>
}

/**
 * Reads tables under one snapshot with all its sessions, in order: each large table by as many workers as are free,
 * small ones by one worker as a unit.
 */
export class SnapshotRound {
  readonly #tables: readonly number[]
  readonly #units: readonly (readonly number[])[]
  readonly #feed: SnapshotFeed
  readonly #context: PrepareContext
  readonly #signal: AbortSignal
  /** By index, once known. */
  readonly prepared: (PreparedTable | undefined)[] = []
  readonly #open: OpenTable[] = []
  #next = 0
  #failed = false
  /** Workers that have locked tables and are reading them. */
  #held = 0

  /** `tables`: OIDs. `units`: places in `tables`, in order. */
  constructor(
    tables: readonly number[],
    units: readonly (readonly number[])[],
    feed: SnapshotFeed,
    context: PrepareContext,
    signal: AbortSignal,
  ) {
    this.#tables = tables
    this.#units = units
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
        else if (this.#next < this.#units.length) await this.#unit(session, this.#units[this.#next++]!)
        else return
      }
    } catch (failure) {
      this.#failed = true
      this.#feed.fail(failure)
    }
  }

  async #unit(session: Session, unit: readonly number[]): Promise<void> {
    if (unit.length > 1 && (await this.#together(session, unit))) return
    for (const index of unit) await this.#table(session, index)
  }

  /** All of a unit's tables behind one lock and in one go. false: nothing was read, each is to be looked at by itself. */
  async #together(session: Session, unit: readonly number[]): Promise<boolean> {
    const oids = unit.map((index) => this.#tables[index]!)
    for (const _ of oids) await failpoint('snapshot.table')
    const prepared = await prepareTables(session, oids, this.#context)
    if (prepared !== undefined) {
      this.#held++
      await this.#readTogether(session, unit, prepared)
    }
    await releaseTable(session)
    if (prepared !== undefined) this.#held--
    return prepared !== undefined
  }

  async #readTogether(session: Session, unit: readonly number[], prepared: readonly PreparedTable[]): Promise<void> {
    let at = 0
    let rows = this.#rowsOf(unit[at]!, prepared[at]!)
    const target = {
      chunk: (text: Buffer) => rows.chunk(text),
      done: async (sent: number) => {
        rows.done(sent)
        await this.#end(unit[at]!)
        if (++at === unit.length) return
        rows = this.#rowsOf(unit[at]!, prepared[at]!)
        await this.#begin(unit[at]!, prepared[at]!)
      },
    }
    await this.#begin(unit[at]!, prepared[at]!)
    try {
      const statements = prepared.flatMap((one) => one.statements)
      await session.copiesOut(statements, target, { signal: this.#signal })
    } catch (failure) {
      throw rows.placed(failure)
    }
  }

  async #begin(index: number, prepared: PreparedTable): Promise<void> {
    this.prepared[index] = prepared
    await this.#feed.push(index, { kind: 'begin' })
  }

  async #end(index: number): Promise<void> {
    await failpoint('snapshot.table-read')
    await this.#feed.push(index, { kind: 'end' })
  }

  async #table(session: Session, index: number): Promise<void> {
    await failpoint('snapshot.table')
    const others = () => this.#held > 0
    const prepared = await prepareTable(session, this.#tables[index]!, { ...this.#context, others })
    if (typeof prepared === 'string') await this.#feed.push(index, { kind: 'skip', why: prepared })
    else {
      this.#held++
      await this.#begin(index, prepared)
      await this.#readAll(session, index, prepared)
      await this.#end(index)
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

  #rowsOf(index: number, prepared: PreparedTable): TableRows {
    return new TableRows(prepared, (rows, bytes) => this.#feed.push(index, { kind: 'rows', rows, bytes }))
  }

  async #read(session: Session, { index, prepared }: OpenTable, statement: string): Promise<void> {
    const rows = this.#rowsOf(index, prepared)
    try {
      rows.done(await session.copyOut(statement, (text) => rows.chunk(text), { signal: this.#signal }))
    } catch (failure) {
      throw rows.placed(failure)
    }
  }
}
