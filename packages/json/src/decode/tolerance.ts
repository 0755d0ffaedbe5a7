import { CdcError, type Change, type Decoder, type FormatContext, type Table, tableName } from '@cdc/core'
import { error } from '../errors.ts'

/** Counts what `ignore-parse-errors` leaves out, and says so in the log: the 1st, 2nd, 4th, 8th, ... time, and at the end. */
export class Tolerance {
  readonly #context: Pick<FormatContext, 'logger' | 'pipeline' | 'leftOut'>
  readonly #fields = { records: 0, fields: 0 }

  constructor(context: Pick<FormatContext, 'logger' | 'pipeline' | 'leftOut'>) {
    this.#context = context
  }

  /** A record that cannot be read: counted, and told to whoever knows its place. */
  leaveOut(table: Table, failure: CdcError): void {
    this.count('records', table, { code: failure.code })
    this.#context.leftOut?.(failure)
  }

  count(what: 'records' | 'fields', table: Table, why: { column?: string; code?: string }): void {
    const count = ++this.#fields[what]
    if ((count & (count - 1)) !== 0) return
    const kept = what === 'records' ? 'records were left out' : 'fields were read as null'
    this.#context.logger.warn(
      { pipeline: this.#context.pipeline, table: tableName(table), count, ...why },
      `${kept}: they cannot be read (ignore-parse-errors)`,
    )
  }

  close(): void {
    const { records, fields } = this.#fields
    if (records + fields === 0) return
    this.#context.logger.warn(
      { pipeline: this.#context.pipeline, records, fields },
      'in all, so many records were left out and fields read as null (ignore-parse-errors)',
    )
  }
}

/** The text of a record: UTF-8, or it is none. */
export function recordText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw error('JSON_MALFORMED', { message: 'Failed to deserialize JSON: the record is not UTF-8.' })
  }
}
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Adds the table to errors, or with a tolerance leaves the record out and counts it. */
export function guarded(table: Table, decoder: Decoder, tolerance: Tolerance | undefined): Decoder {
  return {
    decode(key, value): readonly Change[] {
      try {
        return decoder.decode(key, value)
      } catch (failure) {
        if (!CdcError.is(failure) || failure.kind !== 'data') throw failure
        if (tolerance === undefined) throw failure.at({ table: tableName(table) })
        tolerance.leaveOut(table, failure)
        return []
      }
    },
  }
}
