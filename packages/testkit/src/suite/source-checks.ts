import {
  type Batch,
  type Change,
  isRowChange,
  isTableChange,
  sameShape,
  type Table,
  type Transaction,
  tableName,
} from '@cdc/core'
import { completed, keyOf, rowKey } from '../cell.ts'
import type { TableEdit } from '../edit.ts'
import { that } from './expect.ts'
import type { SuiteChange } from './source-bench.ts'
import type { SourceDeclared } from './source-fixture.ts'

/** The same text for the changes of one transaction. */
export const transactionKey = ({ origin: { transaction } }: Change) =>
  `${transaction.id ?? ''} at ${transaction.commit}`

/** The changes that are no snapshot rows. */
export const streamedOf = (batches: readonly Batch[]) =>
  batches.flatMap(({ changes }) => changes).filter(({ origin }) => origin.snapshot === undefined)

/** Every row after a schema change of its very shape. */
export function schemasFirst(batches: readonly Batch[]): void {
  const known = new Map<string, Table>()
  for (const change of batches.flatMap(({ changes }) => changes)) {
    if (!isTableChange(change)) continue
    const name = tableName(change.table)
    if (change.kind === 'schema') known.set(name, change.table)
    else {
      const shape = known.get(name)
      that(shape !== undefined, `A ${change.kind} of ${name} came before its schema.`)
      that(sameShape(shape, change.table), `A ${change.kind} of ${name} has another shape than the schema before it.`)
    }
  }
}

/** Where batches end. */
export function checkBounds(batches: readonly Batch[]): void {
  let open: Batch | undefined
  const ended = new Set<string>()
  for (const batch of batches) {
    const { changes, position } = batch
    if (position === undefined) checkOpen(batch)
    const [first, last] = [changes[0], changes.at(-1)]
    if (open?.open === 'transaction' && first !== undefined)
      that(transactionKey(first) === transactionKey(open.changes[0]!), 'A transaction was left without its end.')
    for (const change of changes) {
      const goesOn = change.origin.snapshot === undefined && ended.has(transactionKey(change))
      that(!goesOn, 'A transaction goes on after a batch with a position.')
    }
    if (position !== undefined && last !== undefined && last.origin.snapshot === undefined) {
      for (const change of changes) ended.add(transactionKey(change))
    }
    open = position === undefined ? batch : undefined
  }
}

function checkOpen({ changes, open }: Batch): void {
  that(open !== undefined, 'A batch without a position does not say what is open.')
  that(changes.length > 0, 'A batch without a position is empty.')
  const groups = new Set(
    changes.map((change) =>
      open === 'table' && isTableChange(change) ? tableName(change.table) : transactionKey(change),
    ),
  )
  that(groups.size === 1, `A batch without a position holds parts of ${groups.size} ${open}s.`)
}

/** Order inside transactions and among them. */
export function checkTransactions(changes: readonly Change[]): void {
  let current: Transaction | undefined
  let order = -1
  const past = new Set<string>()
  for (const change of changes) {
    const { transaction } = change.origin
    const name = transaction.id ?? String(transaction.commit)
    if (current === undefined || name !== (current.id ?? String(current.commit))) {
      that(!past.has(name), `Transaction ${name} goes on after another one has begun.`)
      that(
        current === undefined || transaction.commit > current.commit,
        `The commit of transaction ${name} is not after the one before it.`,
      )
      past.add(name)
      current = transaction
      order = -1
    }
    if (!isRowChange(change) && change.kind !== 'truncate') continue
    that(change.origin.order > order, `Transaction ${name} has ordinal ${change.origin.order} after ${order}.`)
    order = change.origin.order
  }
}

/** What old rows must hold. */
export function checkMode(change: SuiteChange, emits: SourceDeclared['emits']): void {
  if (change.kind === 'insert' || change.kind === 'truncate') return
  that(emits !== 'append', `A source of appends has emitted: ${change.kind}.`)
  const { table, before } = change
  const whole = table.identity === 'full' && emits === 'retract'
  if (whole)
    that(
      before !== undefined && !before.includes(undefined),
      `The old row of: ${change.kind} of ${table.name}, is not whole.`,
    )
  else if (before !== undefined)
    that(
      table.key.every((index) => before[index] !== undefined),
      `The old row of: ${change.kind} of ${table.name}, lacks its key.`,
    )
}

/** A change against the edit that caused it. */
export function sameEdit(change: SuiteChange, edit: TableEdit): void {
  const where = `${edit.kind} of ${edit.table.name}`
  if ('after' in edit) {
    const old = 'before' in edit && edit.before !== undefined ? edit.before : undefined
    const [wanted, got] = [completed(edit.after, old), 'after' in change ? completed(change.after, old) : []]
    that(rowKey(wanted) === rowKey(got), `The new row of: ${where}, is ${rowKey(got)} instead of ${rowKey(wanted)}.`)
  }
  if (edit.kind !== 'delete' || change.kind !== 'delete' || edit.table.key.length === 0) return
  const [wanted, got] = [keyOf(edit.before, edit.table.key), keyOf(change.before, edit.table.key)]
  that(wanted === got, `The key of: ${where}, is ${got} instead of ${wanted}.`)
}
