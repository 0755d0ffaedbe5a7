import { failpoint, type Insert, type RowChange, type Transaction } from '@cdc/core'
import { error } from '../errors.ts'
import type { Connection } from './connection.ts'
import { carefulWays, orderGroups } from './group-order.ts'
import { applyInOrder } from './ordered-path.ts'
import { Reduction } from './reduce.ts'
import { applyByReplacing } from './replace-path.ts'
import { ServerError, translate } from './server-error.ts'
import type { SetPath } from './set-path.ts'
import type { TableWriter } from './table-writer.ts'

/** Which deferred constraints to ask: all, or the SQL name of one. */
export type DeferredCheck = string
export const allDeferred: DeferredCheck = 'ALL'

/** A change with the writer of its table. */
export type SegmentItem =
  | { readonly writer: TableWriter; readonly change: RowChange; readonly merge: false }
  /** A snapshot's row over rows that may be there. */
  | { readonly writer: TableWriter; readonly change: Insert; readonly merge: true }

/** Changes of rows between two barriers, reduced per table as they come. */
export class Segment {
  readonly groups = new Map<TableWriter, Reduction>()
  readonly items: SegmentItem[] = []

  /** The same changes once more: applying uses a segment up. */
  static of(items: readonly SegmentItem[]): Segment {
    const segment = new Segment()
    for (const item of items) {
      if (item.merge) segment.merge(item.writer, item.change)
      else segment.add(item.writer, item.change)
    }
    return segment
  }

  get isEmpty(): boolean {
    return this.items.length === 0
  }

  /** The transaction of its last change. */
  get transaction(): Transaction | undefined {
    return this.items.at(-1)?.change.origin.transaction
  }

  add(writer: TableWriter, change: RowChange): void {
    this.#group(writer).add(change)
    this.items.push({ writer, change, merge: false })
  }

  /** A snapshot's row over rows that may be there. */
  merge(writer: TableWriter, change: Insert): void {
    this.#group(writer).merge(change.after, change.origin)
    this.items.push({ writer, change, merge: true })
  }

  /** Applies all of it inside of the open transaction. `check`: deferred constraints that must hold after it. */
  async apply(connection: Connection, sets: SetPath, check?: DeferredCheck): Promise<void> {
    const groups = [...this.groups.values()]
    await failpoint('sink.segment')
    await connection.query('SAVEPOINT cdc_segment')
    sets.savepoint()
    const careful = this.#mustBeOrdered(groups)
    try {
      if (careful) await this.#carefully(connection, sets, groups, check)
      else await this.#quickly(connection, sets, groups, check)
      await failpoint('sink.applied')
      await connection.query('RELEASE SAVEPOINT cdc_segment')
      sets.released()
    } catch (cause) {
      throw explain(cause, groups)
    }
  }

  #group(writer: TableWriter): Reduction {
    let group = this.groups.get(writer)
    if (group === undefined) {
      group = new Reduction(writer)
      this.groups.set(writer, group)
    }
    return group
  }

  #mustBeOrdered(groups: readonly Reduction[]): boolean {
    const { linked, cyclic } = orderGroups(groups)
    const loose = groups.some(({ writer }) => writer.looseKey)
    const held = groups.some(({ ordered, writer }) => ordered && writer.target.children.length > 0)
    return cyclic || (linked && loose) || held || (linked && groups.some(({ ordered }) => ordered))
  }

  /** As sets; where a constraint minds, once more with inserts that expect rows; then the careful way. */
  async #quickly(
    connection: Connection,
    sets: SetPath,
    groups: readonly Reduction[],
    check: DeferredCheck | undefined,
  ): Promise<void> {
    for (const merge of [false, true]) {
      try {
        await applySets(connection, sets, groups, merge)
        return await checkDeferred(connection, check)
      } catch (cause) {
        if (!(cause instanceof ServerError) || !/^(23|22012)/.test(cause.code)) throw cause
        await this.#rollBack(connection, sets)
        if (cause.code !== '23505') break
      }
    }
    await this.#carefully(connection, sets, groups, check)
  }

  async #carefully(
    connection: Connection,
    sets: SetPath,
    groups: readonly Reduction[],
    check: DeferredCheck | undefined,
  ): Promise<void> {
    await failpoint('sink.careful')
    // nothing points from one sort to the other, so each may go as it can
    const { inOrder, byReplacing } = carefulWays(groups)
    const writers = new Map(this.items.map(({ change, writer }) => [change, writer]))
    const changes = [...writers.keys()].filter((change) => inOrder.has(writers.get(change)!))
    if (changes.length > 0) await applyInOrder(connection, changes, (change) => writers.get(change)!)
    for (const group of byReplacing) await applyByReplacing(connection, sets, group)
    await checkDeferred(connection, check)
  }

  async #rollBack(connection: Connection, sets: SetPath): Promise<void> {
    await failpoint('sink.savepoint')
    await connection.query('ROLLBACK TO SAVEPOINT cdc_segment')
    sets.rolledBackToSavepoint()
  }
}

/**
 * Asks of deferred constraints what COMMIT would ask, and leaves them as they were: their triggers fire again then.
 * Throws the ServerError that COMMIT would be answered with.
 */
async function checkDeferred(connection: Connection, check: DeferredCheck | undefined): Promise<void> {
  if (check === undefined) return
  const flight = connection.flight()
  flight.run('SAVEPOINT cdc_deferred')
  flight.run(`SET CONSTRAINTS ${check} IMMEDIATE`)
  flight.run('ROLLBACK TO SAVEPOINT cdc_deferred')
  flight.run('RELEASE SAVEPOINT cdc_deferred')
  try {
    await flight.send()
  } catch (cause) {
    if (cause instanceof ServerError) cause.deferred = true
    throw cause
  }
}

/**
 * Without foreign keys deletes come first, since they free what is unique. With them they come last: by then nothing
 * that stays points at what goes.
 */
async function applySets(
  connection: Connection,
  sets: SetPath,
  groups: readonly Reduction[],
  merge: boolean,
): Promise<void> {
  const { parentsFirst, linked } = orderGroups(groups)
  const inSets = groups.filter(({ ordered }) => !ordered)
  if (!linked) for (const group of inSets) await sets.delete(group)
  for (const group of parentsFirst) {
    if (group.ordered) await applyByReplacing(connection, sets, group)
    else await sets.upsert(group, merge, linked)
  }
  if (linked) for (const group of [...parentsFirst].reverse()) await sets.delete(group)
}

/** Says which table it was; the rows themselves are not shown. */
function explain(cause: unknown, groups: readonly Reduction[]): unknown {
  if (!(cause instanceof ServerError)) return cause
  const hit = groups.find(({ writer }) => writer.target.name === cause.table && writer.target.schema === cause.schema)
  const group = hit ?? (groups.length === 1 ? groups[0] : undefined)
  if (group === undefined) return translate(cause, 'writing changes')
  return explainRow(cause, group.writer, 'writing changes')
}

/** A refusal of one table's rows as a CdcError. */
export function explainRow(cause: ServerError, writer: TableWriter, doing: string) {
  const column = cause.column ?? writer.columns.find(({ name }) => name === cause.copyColumn)?.name
  const where = { table: writer.label, ...(column === undefined ? {} : { column }) }
  if (cause.code === '23505' && writer.target.children.length > 0)
    return error('UNIQUE_SWAP', {
      message: `Rows of ${writer.label} swap or share a value of ${cause.constraint ?? 'a unique constraint'}, and foreign keys point at the table.`,
      where,
      cause,
    })
  const place = column === undefined ? writer.label : `${writer.label}, column ${column}`
  return translate(cause, `${doing} of ${place}`, where)
}
