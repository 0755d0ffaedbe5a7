import type { Flight, Statement } from './flight.ts'
import type { Entry, Reduction } from './reduce.ts'
import type { TableWriter } from './table-writer.ts'

/** Up to so many rows of a table a statement a row is quicker than staging them. */
export const few = 32

export const count = (group: Reduction) => group.entries.size + group.appended.length

interface RowStatement {
  readonly statement: Statement
  readonly params: (string | null)[]
}

/** The statement for one entry; undefined where there is nothing to do. */
export function rowStatement(writer: TableWriter, { kind, row }: Entry): RowStatement | undefined {
  const { columns, keys, statements } = writer
  const all = () => columns.map(({ index, text }) => text(row[index]))
  const key = () => keys.map(({ index, text }) => text(row[index]))
  if (kind === 'insert') return { statement: statements.insert, params: all() }
  if (kind === 'update') return { statement: statements.upsert, params: all() }
  if (kind === 'delete') return { statement: statements.delete, params: key() }
  const present = columns.filter(({ index, isKey }) => !isKey && row[index] !== undefined)
  if (present.length === 0) return undefined
  return {
    statement: statements.patch(present, true),
    params: [...key(), ...present.map(({ index, text }) => text(row[index]))],
  }
}

/** Adds the statements of some kinds of entries to a flight. */
export function addRows(
  flight: Flight,
  { writer, entries, appended }: Reduction,
  kinds: readonly Entry['kind'][],
): void {
  for (const kind of kinds) {
    for (const entry of entries.values()) {
      const row = entry.kind === kind ? rowStatement(writer, entry) : undefined
      if (row !== undefined) flight.run(row.statement, row.params)
    }
    if (kind === 'insert') {
      for (const row of appended)
        flight.run(
          writer.statements.insert,
          writer.columns.map(({ index, text }) => text(row[index])),
        )
    }
  }
}
