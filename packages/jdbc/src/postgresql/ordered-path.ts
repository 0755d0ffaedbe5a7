import type { RowChange } from '@cdc/core'
import type { Connection } from './connection.ts'
import { rowMissing } from './drift.ts'
import type { Flight } from './flight.ts'
import { isWhole } from './reduce.ts'
import type { TableWriter } from './table-writer.ts'

const perFlight = 500

/** Applies changes one by one in the source's order: right wherever the target's constraints are the source's. */
export async function applyInOrder(
  connection: Connection,
  changes: readonly RowChange[],
  writerOf: (change: RowChange) => TableWriter,
): Promise<void> {
  for (let from = 0; from < changes.length; from += perFlight) {
    const flight = connection.flight()
    /** Statements that must find their row. */
    const expected = new Map<number, TableWriter>()
    for (const change of changes.slice(from, from + perFlight)) add(flight, writerOf(change), change, expected)
    const replies = await flight.send()
    for (const [at, writer] of expected) if (replies[at]!.count === 0) throw rowMissing(writer, 1)
  }
}

function add(flight: Flight, writer: TableWriter, change: RowChange, expected: Map<number, TableWriter>): void {
  const { columns, keys, statements } = writer
  if (change.kind !== 'insert') writer.needKey()
  if (change.kind === 'delete') {
    flight.run(
      statements.delete,
      keys.map(({ index, text }) => text(change.before[index])),
    )
    return
  }
  const row = change.after
  const whole = isWhole(row)
  const all = () => columns.map(({ index, text }) => text(row[index]))
  if (change.kind === 'insert') {
    flight.run(keys.length === 0 ? statements.insert : statements.upsert, all())
    return
  }
  const old = change.before ?? row
  const moved = writer.keyOf(old) !== writer.keyOf(row)
  const present = columns.filter(({ index, isKey }) => (moved || !isKey) && row[index] !== undefined)
  if ((moved || !whole) && present.length > 0) {
    const key = keys.map(({ index, text }) => text(old[index]))
    const cells = present.map(({ index, text }) => text(row[index]))
    const at = flight.run(moved ? statements.move(present) : statements.patch(present, false), [...key, ...cells])
    if (!whole) expected.set(at, writer)
  }
  // a whole row heals one that is missing
  if (whole) flight.run(statements.upsert, all())
}
