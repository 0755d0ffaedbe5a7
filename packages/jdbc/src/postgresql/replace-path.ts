import { failpoint, type Row } from '@cdc/core'
import type { Connection } from './connection.ts'
import { CopyEncoder, copyField } from './copy-encoder.ts'
import { rowMissing } from './drift.ts'
import type { Flight, Statement } from './flight.ts'
import type { Reduction } from './reduce.ts'
import type { SetPath } from './set-path.ts'
import type { TableWriter } from './table-writer.ts'

/** A row as COPY fields: all of the target's columns where it was there, else those that are written. */
interface Held {
  readonly there: boolean
  readonly fields: string[]
}

/**
 * Applies one table's changes by reading the rows that they touch, playing the changes on them, deleting them all
 * and inserting what is left. Right where values of unique columns move between rows, or cells are known at the
 * target only. Not for tables that foreign keys point at.
 */
export async function applyByReplacing(connection: Connection, sets: SetPath, group: Reduction): Promise<void> {
  const { writer } = group
  const keys = touchedKeys(group)
  const rows = await readRows(sets, writer, keys)
  play(group, keys, rows)
  await failpoint('sink.replace')
  await connection.query(writer.statements.deleteStaged)
  const flight = connection.flight()
  const left = [...rows.values()].flatMap((held) => held.slice(-1))
  await copyFields(
    flight,
    writer.statements.copyAll,
    left.filter(({ there }) => there),
  )
  await copyFields(
    flight,
    writer.statements.copyIn,
    left.filter(({ there }) => !there),
  )
  await flight.send()
}

interface TouchedKey {
  readonly ordinal: number
  readonly row: Row
}

function touchedKeys({ changes, writer }: Reduction): Map<unknown, TouchedKey> {
  const keys = new Map<unknown, TouchedKey>()
  const touch = (row: Row) => {
    const key = writer.keyOf(row)
    if (!keys.has(key)) keys.set(key, { ordinal: keys.size, row })
  }
  for (const change of changes) {
    if (change.kind !== 'insert' && change.before !== undefined) touch(change.before)
    if (change.kind !== 'delete') touch(change.after)
  }
  return keys
}

/** The target's rows by the ordinal of their key. */
async function readRows(
  sets: SetPath,
  writer: TableWriter,
  keys: Map<unknown, TouchedKey>,
): Promise<Map<number, Held[]>> {
  const flight = sets.stage(writer)
  const { statements } = writer
  flight.copy(statements.copyNumberedKeys)
  const encoder = new CopyEncoder([])
  for (const { ordinal, row } of keys.values()) {
    const fields = writer.keys.map(({ index, copy }) => copy.field(row[index] as never))
    const message = encoder.addFields([...fields, String(ordinal)])
    if (message !== undefined) await flight.data(message)
  }
  const rest = encoder.take()
  if (rest !== undefined) await flight.data(rest)
  flight.copyDone()
  const at = flight.run(statements.readStaged)
  const rows = new Map<number, Held[]>()
  for (const [ordinal, ...cells] of (await flight.send())[at]!.rows)
    rows.set(Number(ordinal), [{ there: true, fields: cells.map((cell) => (cell === null ? '\\N' : copyField(cell))) }])
  return rows
}

/** Plays the changes in order. While a deferred constraint waits, a key may have two rows: the older one leaves first. */
function play(group: Reduction, keys: Map<unknown, TouchedKey>, rows: Map<number, Held[]>): void {
  const { writer } = group
  const at = (row: Row): Held[] => {
    const { ordinal } = keys.get(writer.keyOf(row))!
    let held = rows.get(ordinal)
    if (held === undefined) {
      held = []
      rows.set(ordinal, held)
    }
    return held
  }
  for (const change of group.changes) {
    if (change.kind === 'insert') at(change.after).push(writeCells(writer, undefined, change.after))
    else if (change.kind === 'delete') at(change.before).shift()
    else {
      const { after, before = after } = change
      const moved = writer.keyOf(before) !== writer.keyOf(after)
      const from = at(before)
      const row = moved ? from.shift() : from.pop()
      at(after).push(writeCells(writer, row, after))
    }
  }
}

/** The row with the cells of a change written over it; a new one where there was none. */
function writeCells(writer: TableWriter, held: Held | undefined, row: Row): Held {
  const { columns, target } = writer
  const field = (cell: Row[number], write: (cell: never) => string) => (cell === null ? '\\N' : write(cell as never))
  if (held === undefined || !held.there) {
    const fields = columns.map(({ index, copy }, i) => {
      if (row[index] !== undefined) return field(row[index], copy.field)
      if (held === undefined) throw rowMissing(writer, 1)
      return held.fields[i]!
    })
    return { there: false, fields }
  }
  const fields = [...held.fields]
  const places = target.columns.filter(({ generated }) => !generated).map(({ name }) => name)
  for (const { index, name, copy } of columns)
    if (row[index] !== undefined) fields[places.indexOf(name)] = field(row[index], copy.field)
  return { there: true, fields }
}

async function copyFields(flight: Flight, statement: Statement, rows: readonly Held[]): Promise<void> {
  if (rows.length === 0) return
  flight.copy(statement)
  const encoder = new CopyEncoder([])
  for (const { fields } of rows) {
    const message = encoder.addFields(fields)
    if (message !== undefined) await flight.data(message)
  }
  const rest = encoder.take()
  if (rest !== undefined) await flight.data(rest)
  flight.copyDone()
}
