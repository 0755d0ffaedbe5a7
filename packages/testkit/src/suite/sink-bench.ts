import {
  type Batch,
  type Change,
  type Origin,
  type Position,
  type Row,
  type Sink,
  type SinkContext,
  silentLogger,
  type Table,
  type Transaction,
  tableName,
} from '@cdc/core'
import { completed, keyOf, rowKey } from '../cell.ts'
import { type Edit, type EditTransaction, isTableEdit } from '../edit.ts'
import { soon } from './expect.ts'
import type { LogEntry, SinkDeclared, SinkFixture } from './sink-fixture.ts'

/** The positions that the suite hands out: opaque to a sink, which must not look into them. */
export const positionOf = (number: number): Position => JSON.stringify({ v: 1, place: number, 'quo"te': "o'k\\" })

const context: SinkContext = {
  pipeline: 'testkit',
  sink: 'conformance',
  describePosition: (position) => position,
  logger: silentLogger,
  report() {},
}

/** A fixture with what the cases do to it. */
export class SinkBench {
  readonly fixture: SinkFixture
  readonly declared: SinkDeclared
  readonly #open = new Set<Feeder>()

  constructor(fixture: SinkFixture, declared: SinkDeclared) {
    this.fixture = fixture
    this.declared = declared
  }

  /** A new instance, opened and asked where it stands, as the runtime does it. */
  async start(): Promise<Feeder> {
    const feeder = new Feeder(this.fixture.sink.create(context), this.declared)
    this.#open.add(feeder)
    await this.soon(feeder.sink.open(), 'open')
    feeder.stood = await this.soon(feeder.askPosition(), 'position')
    return feeder
  }

  /** What is durable, read from outside. */
  async rows(table: Table): Promise<readonly Row[]> {
    if (this.fixture.rows !== undefined) return this.fixture.rows(table)
    if (this.fixture.log === undefined) throw new Error("The fixture has neither 'rows' nor 'log'.")
    return applied(table, await this.fixture.log(table))
  }

  soon<T>(promise: Promise<T>, what: string): Promise<T> {
    return soon(promise, this.declared.deadline, what)
  }

  async dispose(): Promise<void> {
    // a case that failed has left its instances open
    for (const feeder of this.#open) await feeder.close().catch(() => undefined)
    await this.fixture.dispose?.()
  }
}

/** One instance of a sink, and the making of batches for it. */
export class Feeder {
  readonly sink: Sink
  readonly #declared: SinkDeclared
  readonly #shapes = new Map<string, Table>()
  readonly #stop = new AbortController()
  /** Where it said that it stands when it was opened. */
  stood: Position | undefined
  #closed = false
  static #transactions = 0

  constructor(sink: Sink, declared: SinkDeclared) {
    this.sink = sink
    this.#declared = declared
  }

  async askPosition(): Promise<Position | undefined> {
    return this.#declared.capabilities.remembers ? await this.sink.position?.() : undefined
  }

  /** Transactions as changes, each with its shared object, and with the schema before a table's first row. */
  changes(transactions: readonly EditTransaction[]): Change[][] {
    return transactions.map((edits) => {
      const number = ++Feeder.#transactions
      const transaction = transactionOf(number)
      return edits.flatMap((edit, order) => {
        const origin: Origin = { transaction, offset: BigInt(number * 1000 + order), order }
        return this.#withSchema(edit, origin)
      })
    })
  }

  /** Rows of one snapshot table as changes. */
  tableChanges(table: Table, rows: readonly Row[]): Change[] {
    const { id: _, ...transaction } = transactionOf(++Feeder.#transactions)
    const origin: Origin = { transaction, offset: transaction.commit, order: 0, snapshot: 'true' }
    return rows.flatMap((after) => this.#withSchema({ kind: 'insert', table, after }, origin))
  }

  /** Writes whole transactions in one batch. */
  write(transactions: readonly EditTransaction[], position: number): Promise<void> {
    return this.writeChanges(this.changes(transactions).flat(), position)
  }

  /** Writes rows of one snapshot table; without a position the table stays open. */
  writeTable(table: Table, rows: readonly Row[], position?: number): Promise<void> {
    return this.writeChanges(this.tableChanges(table, rows), position, 'table')
  }

  writeChanges(
    changes: readonly Change[],
    position: number | undefined,
    open: Batch['open'] = 'transaction',
  ): Promise<void> {
    const place = position === undefined ? { open: open! } : { position: positionOf(position) }
    return this.#soon(this.sink.write({ changes, ...place, bytes: changes.length * 100 }, this.#stop.signal), 'write')
  }

  flush(position?: number): Promise<void> {
    const place = position === undefined ? undefined : positionOf(position)
    return this.#soon(this.sink.flush(place, this.#stop.signal), 'flush')
  }

  /** Writes and flushes whole transactions. */
  async apply(transactions: readonly EditTransaction[], position: number): Promise<void> {
    await this.write(transactions, position)
    await this.flush(position)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#soon(this.sink.close(), 'close')
  }

  #withSchema(edit: Edit, origin: Origin): Change[] {
    if (!isTableEdit(edit)) return [{ ...edit, origin }]
    const change: Change = { ...narrowed(edit, this.#declared.capabilities.accepts === 'upsert'), origin }
    const name = tableName(edit.table)
    if (this.#shapes.get(name) === edit.table) return [change]
    this.#shapes.set(name, edit.table)
    return edit.kind === 'schema' ? [change] : [{ kind: 'schema', table: edit.table, origin }, change]
  }

  #soon<T>(promise: Promise<T>, what: string): Promise<T> {
    return soon(promise, this.#declared.deadline, what)
  }
}

function transactionOf(number: number): Transaction {
  return {
    connector: 'testkit',
    database: 'testkit',
    id: String(number),
    commitTime: 1_700_000_000_000_000n + BigInt(number),
    commit: BigInt(number * 1000),
  }
}

/** What an upsert changelog shows of old rows: the key, and of an update only when the key changes. */
function narrowed(edit: Extract<Edit, { table: Table }>, upsert: boolean): Extract<Edit, { table: Table }> {
  if (!upsert) return edit
  const { key } = edit.table
  const keyOnly = (row: Row) => Array.from(row, (cell, index) => (key.includes(index) ? cell : undefined))
  if (edit.kind === 'delete' && key.length > 0) return { ...edit, before: keyOnly(edit.before) }
  if (edit.kind !== 'update' || edit.before === undefined) return edit
  const { before, ...rest } = edit
  return keyOf(before, key) === keyOf(edit.after, key) ? rest : { ...rest, before: keyOnly(before) }
}

/** The rows that a changelog amounts to. */
function applied(table: Table, log: readonly LogEntry[]): readonly Row[] {
  const rows = new Map<string, Row[]>()
  let gone: Row | undefined
  for (const { kind, cells } of log) {
    const place = table.key.length > 0 ? keyOf(cells, table.key) : rowKey(cells)
    const held = rows.get(place) ?? []
    if (kind.startsWith('-')) gone = held.pop()
    else if (table.key.length > 0) held[0] = completed(cells, held[0] ?? (kind === '+U' ? gone : undefined))
    else held.push(cells)
    if (held.length > 0) rows.set(place, held)
    else rows.delete(place)
  }
  return [...rows.values()].flat()
}
