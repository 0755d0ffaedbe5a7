import { type Logger, type Row, type Table, tableName } from '@cdc/core'
import { error } from '../errors.ts'
import type { Settings } from '../settings.ts'
import type { FieldPlan } from './table-plan.ts'

/** Writes rows of one table as JSON objects. */
export class RowWriter {
  readonly #table: Table
  readonly #plans: readonly FieldPlan[]
  readonly #failure: Settings['failure']
  readonly #logger: Logger
  readonly #warned = new Set<string>()

  constructor(table: Table, plans: readonly FieldPlan[], failure: Settings['failure'], logger: Logger) {
    this.#table = table
    this.#plans = plans
    this.#failure = failure
    this.#logger = logger
  }

  /** A new row, without the closing brace. Cells that were not sent are taken from `before` where that has them. */
  open(row: Row, before: Row | undefined): string {
    let text = '{'
    for (const plan of this.#plans) {
      const sent = row[plan.position]
      const cell = sent === undefined && before !== undefined ? before[plan.position] : sent
      if (cell === null) text += plan.head + plan.null
      else if (cell === undefined) text += plan.head + (plan.codec.placeholder ?? this.notSent(plan))
      else text += plan.head + (plan.codec.write(cell) ?? this.notHeld(plan))
    }
    return text
  }

  /** An old row, without the closing brace: cells that were not sent get what Debezium fills them with. */
  openOld(row: Row): string {
    let text = '{'
    for (const plan of this.#plans) {
      const cell = row[plan.position]
      if (cell === null) text += plan.head + plan.null
      else if (cell === undefined) text += plan.head + plan.missing
      else text += plan.head + (plan.codec.write(cell) ?? this.notHeld(plan))
    }
    return text
  }

  /** What stands for a value that its mode cannot hold; throws where that is an error. */
  notHeld({ column, null: none }: FieldPlan): string {
    const what = `A value of column "${column}" cannot be written in the chosen mode`
    if (this.#failure === 'fail') throw this.#error('VALUE_NOT_HELD', column, what)
    this.#warn(column, what)
    return none
  }

  /** What stands for a value that was not sent and has no placeholder; throws where that is an error. */
  notSent({ column, null: none }: FieldPlan): string {
    const what = `A value of column "${column}" was not sent since it has not changed, and its type has no placeholder`
    if (this.#failure === 'fail') throw this.#error('VALUE_NOT_SENT', column, what)
    this.#warn(column, what)
    return none
  }

  #error(code: 'VALUE_NOT_HELD' | 'VALUE_NOT_SENT', column: string, what: string) {
    const table = tableName(this.#table)
    return error(code, { message: `${what} (table ${table}).`, where: { table, column } })
  }

  /** Once a column and reason. */
  #warn(column: string, what: string): void {
    if (this.#failure === 'skip' || this.#warned.has(what)) return
    this.#warned.add(what)
    const table = tableName(this.#table)
    this.#logger.warn({ table, column }, `${what}: null is written for it and for all that follow (table ${table}).`)
  }
}
