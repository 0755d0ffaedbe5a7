import type { Cell, Origin, Row, RowChange, Transaction } from '@cdc/core'
import { error } from '../errors.ts'
import type { TableWriter } from './table-writer.ts'

/**
 * What is left to do for one key. `insert`: it was not there before. `update`: a whole row, there or not. `patch`: a
 * row with cells missing, which must be there. `delete`: it must not be there.
 */
export interface Entry {
  kind: 'insert' | 'update' | 'patch' | 'delete'
  row: Row
  /** The transaction in which the row came to this key from another. */
  arrived: Transaction | undefined
  /** Of the last change: where to look when the row is refused. */
  origin: Origin
}

/**
 * The changes of one table, reduced to one entry a key, so that the set of them is equal to the sequence. Where it
 * cannot be, `ordered` says so and the sequence is still there.
 */
export class Reduction {
  readonly writer: TableWriter
  readonly changes: RowChange[] = []
  readonly entries = new Map<unknown, Entry>()
  /** Inserts of a table without a key. */
  readonly appended: Row[] = []
  /** Must the changes be applied one after the other, or by looking at the rows of the target? */
  ordered = false

  constructor(writer: TableWriter) {
    this.writer = writer
  }

  add(change: RowChange): void {
    const { writer } = this
    this.changes.push(change)
    if (writer.keys.length === 0) {
      if (change.kind !== 'insert') writer.needKey()
      else this.appended.push(change.after)
    } else if (change.kind === 'insert') this.#insert(change.after, change.origin)
    else if (change.kind === 'delete') this.#delete(keyOf(writer, change.before), change.before, change)
    else this.#update(change.after, change.before, change)
  }

  /** A row of a snapshot over rows that may be there. */
  merge(row: Row, origin: Origin): void {
    this.entries.set(this.writer.keyOf(row), { kind: 'update', row, arrived: undefined, origin })
  }

  #insert(row: Row, origin: Origin): void {
    const key = this.writer.keyOf(row)
    const entry = this.entries.get(key)
    if (entry === undefined) this.entries.set(key, { kind: 'insert', row, arrived: undefined, origin })
    else {
      // a second row of the same key can only be there while a deferred constraint waits
      if (entry.kind !== 'delete') this.ordered = true
      entry.kind = 'update'
      entry.origin = origin
      entry.row = row
      entry.arrived = undefined
    }
  }

  #delete(key: unknown, row: Row, change: RowChange): void {
    const entry = this.entries.get(key)
    if (entry === undefined) this.entries.set(key, { kind: 'delete', row, arrived: undefined, origin: change.origin })
    else {
      // which of the two rows that the key may have for a moment goes away?
      if (entry.arrived === change.origin.transaction) this.ordered = true
      entry.kind = 'delete'
      entry.row = row
      entry.arrived = undefined
    }
  }

  #update(after: Row, before: Row | undefined, change: RowChange): void {
    const { writer } = this
    const key = keyOf(writer, after)
    const oldKey = before === undefined ? key : keyOf(writer, before)
    if (oldKey !== key) {
      this.#move(oldKey, key, after, before!, change)
      return
    }
    const entry = this.entries.get(key)
    if (entry === undefined) {
      const row = complete(after, before)
      this.entries.set(key, { kind: isWhole(row) ? 'update' : 'patch', row, arrived: undefined, origin: change.origin })
      return
    }
    if (entry.kind === 'delete' && !isWhole(complete(after, before))) this.ordered = true
    entry.row = complete(after, entry.kind === 'delete' ? before : entry.row)
    if (entry.kind === 'delete') entry.kind = 'update'
    else if (entry.kind === 'patch' && isWhole(entry.row)) entry.kind = 'update'
  }

  #move(oldKey: unknown, key: unknown, after: Row, before: Row, change: RowChange): void {
    const left = this.entries.get(oldKey)
    const known = left === undefined || left.kind === 'delete' ? undefined : left.row
    const row = complete(complete(after, before), known)
    this.#delete(oldKey, before, change)
    const there = this.entries.get(key)
    // its missing cells are at the target only; or the key is another row's, that must be about to leave it
    if (!isWhole(row) || (there !== undefined && there.kind !== 'delete')) this.ordered = true
    this.entries.set(key, { kind: 'update', row, arrived: change.origin.transaction, origin: change.origin })
  }
}

function keyOf(writer: TableWriter, row: Row): unknown {
  for (const { index, name } of writer.keys)
    if (row[index] === undefined)
      throw error('KEY_MISSING', {
        message: `A change of ${writer.label} came without the key column ${name}: it is not in the replica identity.`,
        hint: 'Run at the source: ALTER TABLE ... REPLICA IDENTITY FULL, or make the identity the primary key.',
        where: { table: writer.label, column: name },
      })
  return writer.keyOf(row)
}

export function isWhole(row: Row): boolean {
  for (let i = 0; i < row.length; i++) if (row[i] === undefined) return false
  return true
}

/** The row with the cells that it lacks taken from another version of it. */
function complete(row: Row, other: Row | undefined): Row {
  if (other === undefined || isWhole(row)) return row
  return row.map((cell, i): Cell => (cell === undefined ? other[i] : cell))
}
