import type { Batch, Change, DataType, Origin, Row, Sink, Table, Transaction } from '@cdc/core'
import { nativeType } from '@cdc/testkit'

/** What happens in one source transaction, as short as a test can say it. */
export type Step =
  | { readonly insert: Row; readonly into: Table }
  | { readonly update: Row; readonly before?: Row; readonly of: Table }
  | { readonly delete: Row; readonly from: Table }
  | { readonly truncate: Table }
  | { readonly schema: Table; readonly previous?: Table }

export const never: AbortSignal = new AbortController().signal

let transactions = 0n

function origin(): { transaction: Transaction } {
  return {
    transaction: { connector: 'test', database: 'test', id: `${++transactions}`, commitTime: 0n, commit: transactions },
  }
}

/** The changes of one transaction. */
export function transactionOf(...steps: readonly Step[]): Change[] {
  const shared = origin()
  return steps.map((step, order): Change => {
    const at: Origin = { ...shared, offset: BigInt(order), order }
    if ('insert' in step) return { kind: 'insert', table: step.into, after: step.insert, origin: at }
    if ('delete' in step) return { kind: 'delete', table: step.from, before: step.delete, origin: at }
    if ('truncate' in step) return { kind: 'truncate', table: step.truncate, origin: at }
    if ('schema' in step)
      return { kind: 'schema', table: step.schema, origin: at, ...(step.previous ? { previous: step.previous } : {}) }
    const { update, before, of } = step
    return { kind: 'update', table: of, after: update, origin: at, ...(before === undefined ? {} : { before }) }
  })
}

/** A snapshot of a table, all in one batch. */
export function snapshotOf(table: Table, rows: readonly Row[]): Change[] {
  const shared = origin()
  return [
    { kind: 'schema', table, origin: { ...shared, offset: 0n, order: 0 } },
    ...rows.map(
      (after, i): Change => ({
        kind: 'insert',
        table,
        after,
        origin: { ...shared, offset: 0n, order: 0, snapshot: i === 0 ? 'first_in_data_collection' : 'true' },
      }),
    ),
  ]
}

let positions = 0

/** Writes and commits; gives the position. */
export async function commit(sink: Sink, changes: readonly Change[], position = `p${++positions}`): Promise<string> {
  await sink.write(batch(changes, position), never)
  await sink.flush(position, never)
  return position
}

export const batch = (changes: readonly Change[], position?: string): Batch =>
  position === undefined ? { changes, open: 'transaction', bytes: 0 } : { changes, position, bytes: 0 }

/** A table of `public`, keyed by the named columns, under identity default. */
export function table(
  name: string,
  columns: Readonly<Record<string, DataType>>,
  key: readonly string[] = ['id'],
): Table {
  const names = Object.keys(columns)
  return {
    schema: 'public',
    name,
    columns: names.map((one) => ({ name: one, type: columns[one]!, native: nativeType(columns[one]!) })),
    key: key.map((one) => names.indexOf(one)),
    identity: 'default',
  }
}

export const int: DataType = { kind: 'int32' }
export const text: DataType = { kind: 'string' }
