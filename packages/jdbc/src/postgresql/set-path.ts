import { failpoint, type Row } from '@cdc/core'
import type { Connection } from './connection.ts'
import { CopyEncoder } from './copy-encoder.ts'
import { rowMissing } from './drift.ts'
import { addRows, count, few } from './few-path.ts'
import type { Flight, Statement } from './flight.ts'
import { type Entry, isWhole, type Reduction } from './reduce.ts'
import type { TableWriter, WrittenColumn } from './table-writer.ts'

/**
 * Applies one table's reduced changes as sets: few by a statement a row in one flight, many by COPY. Runs inside of
 * a savepoint of the caller's; its ServerErrors are the caller's to judge.
 */
export class SetPath {
  readonly #connection: Connection
  /** Writers whose staging tables hold rows of this transaction. */
  readonly #used = new Set<TableWriter>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** By open savepoint: writers whose staging tables a rollback to it would take away. */
  readonly #made: Set<TableWriter>[] = []

  transactionEnded(): void {
    this.#used.clear()
    this.#made.length = 0
  }

  /** How many savepoints are open. */
  get depth(): number {
    return this.#made.length
  }

  savepoint(): void {
    this.#made.push(new Set())
  }

  released(): void {
    const made = this.#made.pop()
    const outer = this.#made.at(-1)
    if (made !== undefined && outer !== undefined) for (const writer of made) outer.add(writer)
  }

  /** The innermost is still open. */
  rolledBackToSavepoint(): void {
    const made = this.#made.at(-1)
    if (made === undefined) return
    for (const writer of made) writer.staged = false
    made.clear()
  }

  /** Savepoints are gone, down to so many. */
  rolledBackTo(depth: number): void {
    for (const made of this.#made.splice(depth)) for (const writer of made) writer.staged = false
  }

  /** Updates, patches and inserts. `merge`: rows to insert may be there. `insertsFirst`: where updates may point at them. */
  async upsert(group: Reduction, merge: boolean, insertsFirst: boolean): Promise<void> {
    if (merge) for (const entry of group.entries.values()) if (entry.kind === 'insert') entry.kind = 'update'
    if (count(group) <= few) {
      const flight = this.#connection.flight()
      addRows(flight, group, insertsFirst ? ['insert', 'update', 'patch'] : ['update', 'patch', 'insert'])
      await flight.send()
      return
    }
    if (insertsFirst) await this.#insert(group)
    await this.#update(group)
    await this.#patch(group)
    if (!insertsFirst) await this.#insert(group)
  }

  async delete(group: Reduction): Promise<void> {
    const { writer } = group
    const rows = rowsOf(group, 'delete')
    if (rows.length === 0) return
    const flight = rows.length <= few ? this.#connection.flight() : this.stage(writer)
    if (rows.length <= few) addRows(flight, group, ['delete'])
    else {
      await copyRows(flight, writer.statements.copyKeys, writer.keys, rows)
      flight.run(writer.statements.deleteStaged)
    }
    await flight.send()
  }

  /** A flight in which the staging tables of a writer are there and empty. */
  stage(writer: TableWriter): Flight {
    const flight = this.#connection.flight()
    if (!writer.staged) {
      for (const sql of writer.statements.createStaging) flight.run(sql)
      writer.staged = true
      this.#made.at(-1)?.add(writer)
    } else if (this.#used.has(writer)) flight.run(writer.statements.emptyStaging)
    this.#used.add(writer)
    return flight
  }

  async #insert(group: Reduction): Promise<void> {
    const { writer } = group
    const rows = group.appended.length > 0 ? group.appended : rowsOf(group, 'insert')
    if (rows.length === 0) return
    const flight = writer.copies ? this.#connection.flight() : this.stage(writer)
    const statement = writer.copies ? writer.statements.copyIn : writer.statements.copyRows(writer.columns)
    await copyRows(flight, statement, writer.columns, rows)
    if (!writer.copies) flight.run(writer.statements.insertStaged(false))
    await flight.send()
  }

  async #update(group: Reduction): Promise<void> {
    const { writer } = group
    const rows = sorted(rowsOf(group, 'update'), writer)
    if (rows.length === 0) return
    const flight = this.stage(writer)
    await copyRows(flight, writer.statements.copyRows(writer.columns), writer.columns, rows)
    const update = writer.statements.updateStaged(writer.columns)
    const at = update === undefined ? -1 : flight.run(update)
    const replies = await flight.send()
    if (at >= 0 && replies[at]!.count === rows.length) return
    await this.#connection.query(writer.statements.insertStaged(true))
  }

  async #patch(group: Reduction): Promise<void> {
    const { writer } = group
    for (const [columns, rows] of byColumns(group)) {
      const flight = this.stage(writer)
      await copyRows(flight, writer.statements.copyRows(columns), columns, rows)
      const update = writer.statements.updateStaged(columns)
      // nothing to set: the cells that changed are generated here
      if (update === undefined) continue
      const at = flight.run(update)
      const found = (await flight.send())[at]!.count
      if (found < rows.length) throw rowMissing(writer, rows.length - found)
    }
  }
}

const rowsOf = (group: Reduction, kind: Entry['kind']): Row[] => {
  const rows: Row[] = []
  for (const entry of group.entries.values()) if (entry.kind === kind) rows.push(entry.row)
  return rows
}

/** In the order of a whole number's index: neighbours share pages, which is worth a quarter of the time. */
function sorted(rows: Row[], { keys, table }: TableWriter): Row[] {
  const [key, second] = keys
  if (key === undefined || second !== undefined || !/^int/.test(table.columns[key.index]!.type.kind)) return rows
  const at = key.index
  return rows.sort((a, b) => (a[at]! < b[at]! ? -1 : 1))
}

/** Rows with cells missing, by the set of columns that they have. */
function byColumns({ entries, writer }: Reduction): Map<readonly WrittenColumn[], Row[]> {
  const sets = new Map<string, [readonly WrittenColumn[], Row[]]>()
  for (const { kind, row } of entries.values()) {
    if (kind !== 'patch' || isWhole(row)) continue
    const columns = writer.columns.filter(({ index }) => row[index] !== undefined)
    if (columns.every(({ isKey }) => isKey)) continue
    const id = columns.map(({ index }) => index).join()
    const set = sets.get(id)
    if (set === undefined) sets.set(id, [columns, [row]])
    else set[1].push(row)
  }
  return new Map(sets.values())
}

/** Adds a whole COPY to a flight; sends as it goes. Stops early where the server has refused already. */
export async function copyRows(
  flight: Flight,
  statement: Statement,
  columns: readonly WrittenColumn[],
  rows: readonly Row[],
): Promise<void> {
  flight.copy(statement)
  const encoder = new CopyEncoder(columns.map(({ copy }) => copy))
  for (const row of rows) {
    const message = encoder.add(row)
    if (message === undefined) continue
    if (flight.refused) break
    const full = flight.data(message)
    if (full !== undefined) await full
  }
  const rest = encoder.take()
  await failpoint('sink.copy')
  if (rest !== undefined && !flight.refused) await flight.data(rest)
  flight.copyDone()
}
