import {
  type Change,
  type Origin,
  type Row,
  type SnapshotMark,
  sameShape,
  type Table,
  type Transaction,
  tableName,
} from '@cdc/core'
import { rowKey } from '../cell.ts'
import { type Edit, isTableEdit } from '../edit.ts'
import type { LoggedTransaction } from './database.ts'

/** What a reader has said about the shapes of tables since it started. */
export class Shapes {
  readonly #said = new Map<string, Table>()
  readonly #earlier: ReadonlyMap<string, Table>

  constructor(earlier: ReadonlyMap<string, Table>) {
    this.#earlier = earlier
  }

  /** The schema change that must come before a row of this shape, if one must. */
  before(table: Table, origin: Origin): Change | undefined {
    const name = tableName(table)
    const said = this.#said.get(name)
    if (said !== undefined && sameShape(said, table)) return undefined
    this.#said.set(name, table)
    const previous = said ?? this.#earlier.get(name)
    if (previous === undefined || sameShape(previous, table)) return { kind: 'schema', table, origin }
    return { kind: 'schema', table, previous, origin }
  }
}

/** What a reader wants of the log. */
export interface Wanted {
  readonly connector: string
  readonly database: string
  readonly message: boolean
  readonly transaction: boolean
  /** Leaves this change out. */
  readonly skip: (change: Change) => boolean
}

/** The changes of one transaction as they are emitted. Empty when nothing in it is wanted. */
export function transactionChanges(logged: LoggedTransaction, shapes: Shapes, wanted: Wanted): Change[] {
  const { connector, database } = wanted
  const commit = BigInt(logged.commit)
  const transaction: Transaction = { connector, database, id: String(logged.id), commitTime: logged.time, commit }
  const changes: Change[] = []
  const first = logged.commit - logged.edits.length
  for (const [order, edit] of logged.edits.entries()) {
    const origin: Origin = { transaction, offset: BigInt(first + order), order }
    const change = placed(edit, origin)
    if (edit.kind === 'message' && !wanted.message) continue
    if (wanted.skip(change)) continue
    const schema = isTableEdit(edit) ? shapes.before(edit.table, origin) : undefined
    if (schema !== undefined) changes.push(schema)
    if (edit.kind !== 'schema') changes.push(change)
  }
  if (!wanted.transaction || changes.length === 0) return changes
  const last: Origin = { transaction, offset: commit, order: logged.edits.length }
  return [
    { kind: 'begin', origin: { transaction, offset: BigInt(first), order: 0 } },
    ...changes,
    { kind: 'commit', origin: last },
  ]
}

function placed(edit: Edit, origin: Origin): Change {
  if (edit.kind === 'delete' && edit.table.identity === 'default')
    return { ...edit, before: keyOnly(edit.before, edit.table), origin }
  if (edit.kind !== 'update' || edit.table.identity !== 'default' || edit.before === undefined)
    return { ...edit, origin }
  const { before, ...rest } = edit
  const moved = edit.table.key.some((index) => rowKey([before[index]]) !== rowKey([edit.after[index]]))
  return moved ? { ...rest, before: keyOnly(before, edit.table), origin } : { ...rest, origin }
}

/** What replica identity default shows of an old row. */
function keyOnly(row: Row, table: Table): Row {
  return Array.from(row, (cell, index) => (table.key.includes(index) ? cell : undefined))
}

/** Rough bytes on the heap. */
export function sizeOf(change: Change): number {
  const rows = change.kind === 'insert' ? [change.after] : change.kind === 'delete' ? [change.before] : []
  if (change.kind === 'update') rows.push(change.after, ...(change.before === undefined ? [] : [change.before]))
  let bytes = 64
  for (const row of rows) for (const cell of row) bytes += 16 + cellSize(cell)
  return bytes
}

function cellSize(cell: Row[number]): number {
  if (typeof cell === 'string') return cell.length
  if (cell instanceof Uint8Array) return cell.byteLength
  return Array.isArray(cell) ? cell.reduce((sum: number, one) => sum + 16 + cellSize(one), 0) : 8
}

/** The rows of one table of a snapshot, after its schema. */
export function snapshotChanges(
  table: Table,
  rows: readonly Row[],
  transaction: Transaction,
  shapes: Shapes,
  firstTable: boolean,
  lastTable: boolean,
): Change[] {
  const at = (snapshot: NonNullable<Origin['snapshot']>): Origin => ({
    transaction,
    offset: transaction.commit,
    order: 0,
    snapshot,
  })
  const changes: Change[] = []
  const schema = shapes.before(table, at('true'))
  if (schema !== undefined) changes.push(schema)
  for (const [index, row] of rows.entries()) {
    const mark = markOf(index === 0, index === rows.length - 1, firstTable, lastTable)
    changes.push({ kind: 'insert', table, after: row, origin: at(mark) })
  }
  return changes
}

/** As Debezium's RelationalSnapshotChangeEventSource marks them: the end wins over the beginning. */
function markOf(begin: boolean, end: boolean, firstTable: boolean, lastTable: boolean): SnapshotMark {
  if (end && lastTable) return 'last'
  if (begin && firstTable) return 'first'
  if (end) return 'last_in_data_collection'
  return begin ? 'first_in_data_collection' : 'true'
}
