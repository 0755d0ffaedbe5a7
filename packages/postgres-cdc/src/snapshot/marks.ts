import type { Change, Origin, Row, SnapshotMark, Table, Transaction } from '@cdc/core'

/** The origins of all rows read under one snapshot: one object a mark, shared by its rows. */
export class SnapshotOrigins {
  readonly #transaction: Transaction
  readonly #byMark = new Map<SnapshotMark, Origin>()

  /** `cut` is the snapshot's place in the log; `time` when it was taken, microseconds since 1970. */
  constructor(connector: string, database: string, cut: bigint, time: bigint, horizon: string) {
    this.#transaction = { connector, database, commitTime: time, commit: cut, horizon }
  }

  of(mark: SnapshotMark): Origin {
    let origin = this.#byMark.get(mark)
    if (origin === undefined) {
      origin = { transaction: this.#transaction, offset: this.#transaction.commit, order: 0, snapshot: mark }
      this.#byMark.set(mark, origin)
    }
    return origin
  }
}

/** What becomes of rows and bounds once their mark is known. */
export interface MarkedOutput {
  change(change: Change, bytes: number): void
  /** The table's rows are all out. */
  complete(table: Table): void
}

interface Held {
  readonly table: Table
  readonly row: Row
  readonly bytes: number
  readonly origins: SnapshotOrigins
  readonly first: boolean
}

/**
 * Gives each snapshot row its place in Debezium's words. The last row of a table, and of all, is known only by what
 * follows, so one row is held back with what comes behind it. As in Debezium `last` wins over `first`, which wins
 * over the bounds of a table.
 */
export class SnapshotMarks {
  readonly #output: MarkedOutput
  #held: Held | undefined
  #behind: (() => void)[] = []
  #tableBegins = true
  #begins = true

  constructor(output: MarkedOutput) {
    this.#output = output
  }

  /** Before the table's first row. */
  begin(table: Table, previous: Table | undefined, origins: SnapshotOrigins): void {
    this.#tableBegins = true
    this.#inOrder(() => {
      const change: Change = {
        kind: 'schema',
        table,
        ...(previous === undefined ? {} : { previous }),
        origin: origins.of('true'),
      }
      this.#output.change(change, 1024)
    })
  }

  rows(table: Table, rows: readonly Row[], bytes: number, origins: SnapshotOrigins): void {
    if (rows.length === 0) return
    this.release(false)
    const each = bytes / rows.length
    const last = rows.length - 1
    let from = 0
    if (this.#tableBegins && last > 0) {
      this.#emit({ table, row: rows[0]!, bytes: each, origins, first: true }, false, false)
      from = 1
    }
    const origin = origins.of('true')
    for (let i = from; i < last; i++) this.#output.change({ kind: 'insert', table, after: rows[i]!, origin }, each)
    this.#held = { table, row: rows[last]!, bytes: each, origins, first: this.#tableBegins && last === 0 }
    this.#tableBegins = false
  }

  end(table: Table): void {
    this.#inOrder(() => this.#output.complete(table))
  }

  /** Lets the row that is held back go, with what is behind it. `last`: no row follows any more. */
  release(last: boolean): void {
    const held = this.#held
    if (held === undefined) return
    this.#held = undefined
    const behind = this.#behind
    this.#behind = []
    this.#emit(held, behind.length > 0 || last, last)
    for (const action of behind) action()
  }

  #inOrder(action: () => void): void {
    if (this.#held === undefined) action()
    else this.#behind.push(action)
  }

  #emit(held: Held, lastOfTable: boolean, last: boolean): void {
    const { table, row, bytes, origins, first } = held
    const mark = last
      ? 'last'
      : first && this.#begins
        ? 'first'
        : lastOfTable
          ? 'last_in_data_collection'
          : first
            ? 'first_in_data_collection'
            : 'true'
    if (first) this.#begins = false
    this.#output.change({ kind: 'insert', table, after: row, origin: origins.of(mark) }, bytes)
  }
}
