import type { Cell, Row, Table } from '@cdc/core'
import { completed, keyOf } from '../cell.ts'
import type { Edit, EditTransaction, TableEdit } from '../edit.ts'
import { Model } from '../model.ts'
import { randomCell } from './cells.ts'
import { Random } from './random.ts'

/** What may happen in a random changelog. All on, unless switched off. */
export interface ChangelogFeatures {
  readonly updates?: boolean
  readonly deletes?: boolean
  /** Updates leave cells out (undefined), as an unchanged TOAST value is left out. */
  readonly partial?: boolean
  readonly keyChanges?: boolean
  /** Two rows change their keys with each other, by way of a third. */
  readonly swaps?: boolean
  readonly truncates?: boolean
}

export interface ChangelogOptions extends ChangelogFeatures {
  readonly tables: readonly Table[]
  readonly transactions: number
  /** At most so many edits a transaction (a swap counts as one); default 8. */
  readonly longest?: number
  /** What is there already; it is carried on. */
  readonly model?: Model
}

/** A row with null cells here and there, outside the key. */
export function randomRow(random: Random, table: Table): Row {
  return table.columns.map(({ type }, index) =>
    !table.key.includes(index) && random.chance(0.15) ? null : randomCell(random, type),
  )
}

/**
 * Transactions that a database could have run: inserts of keys that are free, updates and deletes of rows that are
 * there. Old rows are whole; the new row of an update may lack cells. Keyless tables get inserts (and truncates) only.
 */
export function randomChangelog(random: Random, options: ChangelogOptions): EditTransaction[] {
  const model = options.model ?? new Model().apply(options.tables.map((table) => ({ kind: 'schema', table }) as const))
  return Array.from({ length: options.transactions }, () => {
    const edits: Edit[] = []
    for (let left = random.int(1, options.longest ?? 8); left > 0; left--) {
      const next = oneStep(random, model, random.pick(options.tables), options)
      model.apply(next)
      edits.push(...next)
    }
    return edits
  })
}

function oneStep(random: Random, model: Model, table: Table, features: ChangelogFeatures): TableEdit[] {
  const rows = model.rows(table)
  const { updates = true, deletes = true, keyChanges = true, swaps = true, truncates = true } = features
  const dice = random.next()
  if (rows.length > 0 && truncates && dice < 0.02) return [{ kind: 'truncate', table }]
  if (rows.length < 3 || table.key.length === 0 || dice < 0.35) return insert(random, model, table)
  if (dice < 0.45 && keyChanges) return keyChange(random, model, table, random.pick(rows))
  if (dice < 0.5 && swaps) return swap(random, model, table)
  if (dice < 0.65 && deletes) return [{ kind: 'delete', table, before: random.pick(rows) }]
  return updates ? [update(random, table, random.pick(rows), features.partial ?? true)] : insert(random, model, table)
}

function insert(random: Random, model: Model, table: Table): TableEdit[] {
  return [{ kind: 'insert', table, after: withFreeKey(random, model, table, randomRow(random, table)) }]
}

function update(random: Random, table: Table, before: Row, partial: boolean): TableEdit {
  const fresh = randomRow(random, table)
  const after = before.map((cell, index): Cell => {
    if (table.key.includes(index)) return cell
    if (partial && random.chance(0.3)) return undefined
    return random.chance(0.5) ? fresh[index] : cell
  })
  return { kind: 'update', table, before, after }
}

function keyChange(random: Random, model: Model, table: Table, before: Row): TableEdit[] {
  return [{ kind: 'update', table, before, after: withFreeKey(random, model, table, before) }]
}

function swap(random: Random, model: Model, table: Table): TableEdit[] {
  const [a, b] = random.shuffle(model.rows(table)) as [Row, Row]
  const aside = withFreeKey(random, model, table, a)
  const [toB, toA] = [withKeyOf(table, aside, b), withKeyOf(table, b, a)]
  return [
    { kind: 'update', table, before: a, after: aside },
    { kind: 'update', table, before: b, after: toA },
    { kind: 'update', table, before: aside, after: toB },
  ]
}

function withKeyOf(table: Table, row: Row, other: Row): Row {
  return completed(
    row.map((cell, index) => (table.key.includes(index) ? undefined : cell)),
    other,
  )
}

/** Half of the keys come from a small pool, so that a key that was deleted is used again. */
function withFreeKey(random: Random, model: Model, table: Table, row: Row): Row {
  if (table.key.length === 0) return row
  const taken = new Set(model.rows(table).map((one) => keyOf(one, table.key)))
  for (;;) {
    const source = random.chance(0.5) ? new Random(random.int(1, 6)) : random
    const next = row.map((cell, index) =>
      table.key.includes(index) ? randomCell(source, table.columns[index]!.type) : cell,
    )
    if (!taken.has(keyOf(next, table.key))) return next
  }
}
