import { type Logger, type Row, type Table, tableName } from '@cdc/core'
import { type FieldPlan, parseJson, RowWriter, type Settings } from '@cdc/debezium-json/envelope'
import { jsonToAvro } from '../encode/json-writer.ts'
import { error } from '../errors.ts'
import type { AvroWriter } from '../wire/avro-writer.ts'
import { type FieldWriter, fieldWriter } from './field-writer.ts'

/** Writes rows of one table as a record of Avro's: what debezium-json's RowWriter writes, in other bytes. */
export class AvroRowWriter {
  readonly #table: Table
  readonly #fields: readonly FieldWriter[]
  /** Judges what cannot be written, in the same words. */
  readonly #judge: RowWriter

  constructor(table: Table, plans: readonly FieldPlan[], failure: Settings['failure'], logger: Logger) {
    this.#table = table
    this.#fields = plans.map((plan) => fieldWriter(plan, table.columns[plan.position]!.type))
    this.#judge = new RowWriter(table, plans, failure, logger)
  }

  /** A new row. Cells that were not sent are taken from `before` where that has them. */
  write(writer: AvroWriter, row: Row, before: Row | undefined): void {
    for (const field of this.#fields) {
      const { position } = field.plan
      const sent = row[position]
      const cell = sent === undefined && before !== undefined ? before[position] : sent
      if (cell === null) this.#none(writer, field)
      else if (cell === undefined) {
        if (field.placeholder !== undefined) writer.raw(field.placeholder)
        else this.#instead(writer, field, this.#judge.notSent(field.plan))
      } else if (!field.write(writer, cell)) this.#instead(writer, field, this.#judge.notHeld(field.plan))
    }
  }

  /** An old row: cells that were not sent get what Debezium fills them with. */
  writeOld(writer: AvroWriter, row: Row): void {
    for (const field of this.#fields) {
      const cell = row[field.plan.position]
      if (cell === null) this.#none(writer, field)
      else if (cell === undefined) writer.raw(field.missing)
      else if (!field.write(writer, cell)) this.#instead(writer, field, this.#judge.notHeld(field.plan))
    }
  }

  #none(writer: AvroWriter, field: FieldWriter): void {
    if (field.none === undefined) throw this.#noNull(field.plan.column)
    writer.raw(field.none)
  }

  #instead(writer: AvroWriter, field: FieldWriter, json: string): void {
    if (json === 'null' && field.none === undefined) throw this.#noNull(field.plan.column)
    jsonToAvro(field.plan.schema)(writer, parseJson(json, 'value'))
  }

  #noNull(column: string) {
    const table = tableName(this.#table)
    return error('AVRO_VALUE_NOT_HELD', {
      message: `Column "${column}" of table ${table} has a null, and its Avro type has no null: the column is NOT NULL.`,
      where: { table, column },
    })
  }
}
