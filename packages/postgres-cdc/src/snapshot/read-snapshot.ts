import { setImmediate as macrotask } from 'node:timers/promises'
import { type Batch, failpoint, type Logger, type Report, type Table, tableName } from '@cdc/core'
import { type ConnectionOptions, type CreatedSlot, createSlot, formatLsn, type Session } from '@cdc/pg-replication'
import { type CatalogTable, readTables } from '../catalog.ts'
import { error } from '../errors.ts'
import { type PositionParts, positionText } from '../position.ts'
import type { KnownShapes } from '../shapes.ts'
import { temporarySlotName } from '../temporary-slot.ts'
import { SnapshotBatches, type SnapshotLimits } from './batches.ts'
import { type Piece, SnapshotFeed } from './feed.ts'
import { SnapshotMarks, SnapshotOrigins } from './marks.ts'
import { type PrepareContext, type Unread, withoutWaiting } from './prepare.ts'
import { SnapshotRound } from './round.ts'
import { partsOf } from './structure.ts'
import { unitsOf } from './units.ts'
import { SnapshotSessions } from './workers.ts'

export interface SnapshotSetup {
  readonly connector: string
  readonly connection: ConnectionOptions
  readonly slot: string
  readonly parallelism: number
  readonly limits: SnapshotLimits
  readonly shapes: KnownShapes
  readonly prepare: PrepareContext
  readonly logger: Logger
  readonly report: (report: Report) => void
  readonly onWait: NonNullable<Parameters<typeof createSlot>[1]['onWait']>
}

/** How often a table may be found changed before we give up. */
const ATTEMPTS = 20
/** Between two reports of progress of a table, and the longest turn of the event loop. Milliseconds. */
const PROGRESS = 250
const TURN = 20

/** Reads the tables that `parts` has pending; keeps the pending ones and their cuts as it goes. */
export class SnapshotReader {
  readonly #setup: SnapshotSetup
  readonly #base: PositionParts
  readonly #pending: Set<number>
  readonly #cuts: Map<number, bigint>
  readonly #batches: SnapshotBatches
  readonly #marks: SnapshotMarks
  #cut = 0n
  /** Tables of this round that have to be read again. */
  #changed = 0
  /** Tables of this round that somebody else had locked. */
  #busy = 0
  #rows = 0
  #reported = 0

  constructor(setup: SnapshotSetup, parts: PositionParts) {
    this.#setup = setup
    this.#base = parts
    this.#pending = new Set(parts.pending)
    this.#cuts = new Map(parts.cuts)
    this.#batches = new SnapshotBatches(
      setup.limits,
      () => positionText(this.parts),
      (table) => this.#completed(table),
    )
    this.#marks = new SnapshotMarks(this.#batches)
  }

  /** Where the snapshot stands. */
  get parts(): PositionParts {
    return { ...this.#base, pending: this.#pending, cuts: this.#cuts }
  }

  /** `first`: the slot whose snapshot is to be read first; without it, and for tables that changed, temporary ones. */
  async *read(first: CreatedSlot | undefined, signal: AbortSignal): AsyncGenerator<Batch> {
    const { setup, started } = { setup: this.#setup, started: this.#pending.size > 0 }
    let slot = first
    let begun = false
    for (let attempt = 1; this.#pending.size > 0 && !signal.aborted; attempt += this.#changed > 0 ? 1 : 0) {
      if (attempt > ATTEMPTS) throw await this.#keepsChanging()
      slot ??= await this.#temporarySlot(signal)
      yield* this.#round(slot, !begun, signal)
      begun = true
      if (signal.aborted) return
      slot = undefined
      this.#marks.release(this.#changed + this.#busy === 0)
      yield* this.#batches.drain()
    }
    if (started && !signal.aborted) setup.report({ type: 'snapshot-finished', position: formatLsn(this.#base.lsn) })
  }

  async #temporarySlot(signal: AbortSignal): Promise<CreatedSlot> {
    const { connection, slot, onWait } = this.#setup
    await failpoint('snapshot.again')
    return createSlot(connection, {
      name: temporarySlotName(slot),
      temporary: true,
      exportSnapshot: true,
      onWait,
      signal,
    })
  }

  async *#round(slot: CreatedSlot, first: boolean, signal: AbortSignal): AsyncGenerator<Batch> {
    const { setup } = { setup: this.#setup }
    const { connection, prepare, parallelism, connector } = setup
    await failpoint('snapshot.exported')
    this.#cut = slot.consistentPoint
    this.#changed = 0
    this.#busy = 0
    const tables = await this.#inOrder()
    if (first) this.#reportStart(tables)
    const feed = new SnapshotFeed(tables.length, 2 * setup.limits.bytes)
    const stop = () => feed.fail(signal.reason)
    let sessions: SnapshotSessions | undefined
    let working: Promise<void> | undefined
    try {
      const workers = Math.min(parallelism, parts(tables, prepare.fresh.serverVersion, parallelism))
      const units = unitsOf(tables, workers, (table) => prepare.rules.overrideOf(tableName(table)) !== undefined)
      sessions = await SnapshotSessions.open(connection, slot.snapshotName!, workers, signal)
      await slot.release()
      signal.addEventListener('abort', stop, { once: true })
      const time = await clock(prepare.fresh)
      const origins = new SnapshotOrigins(connector, prepare.database, this.#cut, time, await horizon(sessions.all[0]!))
      const round = new SnapshotRound(
        tables.map(({ oid }) => oid),
        units,
        feed,
        prepare,
        signal,
      )
      const { all } = sessions
      working = withoutWaiting(prepare.fresh, () => round.run(all)).catch((failure: unknown) => feed.fail(failure))
      yield* this.#hand(feed, round, tables, origins, signal)
      await working
      await failpoint('snapshot.read')
      await sessions.close()
    } finally {
      signal.removeEventListener('abort', stop)
      feed.fail(new Error('the snapshot is over'))
      sessions?.destroy()
      await Promise.all([slot.release(), working])
    }
  }

  /** Hands on what the workers bring, in order, and never waits with something at hand. */
  async *#hand(
    feed: SnapshotFeed,
    round: SnapshotRound,
    tables: readonly CatalogTable[],
    origins: SnapshotOrigins,
    signal: AbortSignal,
  ): AsyncGenerator<Batch> {
    let turn = performance.now()
    while (!feed.done) {
      const index = feed.turn
      const piece = feed.take()
      if (piece === undefined) {
        yield* this.#batches.drain()
        await feed.wait()
        if (signal.aborted) return
        // what has come in this turn is handed on as one: many small tables would else be as many batches
        await macrotask()
        turn = performance.now()
        continue
      }
      yield* this.#piece(piece, tables[index]!, round.prepared[index]?.table, origins)
      if (performance.now() - turn > TURN) {
        await macrotask()
        turn = performance.now()
      }
    }
  }

  *#piece(piece: Piece, listed: CatalogTable, table: Table | undefined, origins: SnapshotOrigins): Generator<Batch> {
    if (piece.kind === 'skip') return this.#skipped(listed, piece.why)
    if (table === undefined) throw new Error('a table has rows before it begins')
    if (piece.kind === 'begin') {
      this.#rows = 0
      this.#marks.begin(table, this.#setup.shapes.of({ ...table, id: listed.oid }), origins)
      this.#setup.shapes.emitted(table)
    } else if (piece.kind === 'rows') {
      const { rows, bytes } = piece
      const each = bytes / rows.length
      for (let from = 0; from < rows.length; ) {
        const count = Math.min(rows.length - from, this.#batches.room(each))
        this.#marks.rows(table, count === rows.length ? rows : rows.slice(from, from + count), each * count, origins)
        from += count
        if (this.#batches.full) yield* this.#batches.drain()
      }
      this.#rows += rows.length
      this.#progress(table, false)
    } else {
      this.#marks.end(table)
      this.#progress(table, true)
    }
    if (this.#batches.full) yield* this.#batches.drain()
  }

  #completed(table: Table): void {
    this.#pending.delete(table.id!)
    if (this.#cut > this.#base.lsn) this.#cuts.set(table.id!, this.#cut)
  }

  #skipped(table: CatalogTable, why: Unread): void {
    const { logger } = this.#setup
    const name = tableName(table)
    if (why === 'busy') {
      this.#busy++
      logger.warn(
        { table: name },
        `Table ${name} is locked by another session; it is tried again under a new snapshot.`,
      )
      return
    }
    if (why === 'changed') {
      this.#changed++
      logger.info(
        { table: name },
        `Table ${name} was changed after the snapshot was taken; it is read under a new one.`,
      )
      return
    }
    logger.warn({ table: name }, `Table ${name} was dropped before its snapshot was taken; it is left out.`)
    this.#pending.delete(table.oid)
  }

  /** The tables still to be read, by name; those that are gone are forgotten. */
  async #inOrder(): Promise<CatalogTable[]> {
    const found = await readTables(this.#setup.prepare.fresh, [...this.#pending])
    for (const oid of this.#pending)
      if (!found.has(oid)) {
        this.#setup.logger.warn({ oid }, `The table with OID ${oid} was dropped before its snapshot was taken.`)
        this.#pending.delete(oid)
      }
    const order = (a: CatalogTable, b: CatalogTable) => (tableName(a) < tableName(b) ? -1 : 1)
    return [...found.values()].sort(order)
  }

  #reportStart(tables: readonly CatalogTable[]): void {
    const estimates = tables.map((table) => ({ table: tableName(table), rows: Math.max(0, table.rows) }))
    this.#setup.report({ type: 'snapshot-started', tables: estimates })
  }

  #progress(table: Table, done: boolean): void {
    const now = performance.now()
    if (!done && now - this.#reported < PROGRESS) return
    this.#reported = now
    this.#setup.report({ type: 'snapshot-progress', table: tableName(table), rows: this.#rows, done })
  }

  async #keepsChanging(): Promise<Error> {
    const names = [...(await readTables(this.#setup.prepare.fresh, [...this.#pending])).values()].map(tableName)
    return error('TABLE_KEEPS_CHANGING', {
      message: `Table ${names.join(', ')} was changed ${ATTEMPTS} times while it was to be read.`,
      where: { table: names[0] ?? '' },
    })
  }
}

/** About how many statements will read the tables: more sessions than that would have nothing to do. */
function parts(tables: readonly CatalogTable[], version: number, most: number): number {
  return tables.reduce((sum, table) => sum + (table.kind === 'p' ? most : partsOf(table, version).length), 0)
}

/** The server's clock, microseconds since 1970. */
async function clock(session: Session): Promise<bigint> {
  const [row] = await session.query(
    'SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint::text AS time',
  )
  return BigInt(row!.time!)
}

/** The newest transaction id that the snapshot of a session can hold, without its epoch as in the stream. */
async function horizon(session: Session): Promise<string> {
  const [row] = await session.query(
    'SELECT ((pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) - 1) % 4294967296)::text AS xid',
  )
  return row!.xid!
}
