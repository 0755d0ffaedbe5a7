import type { Cell, Change, Decoder, Origin, Row, Table } from '@cdc/core'
import { error } from '../errors.ts'
import { JsonReader } from './json-reader.ts'
import { nowhere } from './plain-decoders.ts'
import type { RowReader, RowRules } from './row-reader.ts'
import { recordText } from './tolerance.ts'

interface Envelope {
  before: Row | null
  after: Row | null
  op: string | undefined
  /** Milliseconds since 1970, of the source or else of the event. */
  sourceTime: string | undefined
  eventTime: string | undefined
  empty: boolean
}

/** Reads `{"before":..,"after":..,"op":..}`; other fields of Debezium's envelope may be there. */
export function debeziumDecoder(table: Table, rows: RowReader, rules: RowRules, withSchema: boolean): Decoder {
  const elsewhere = nowhere(table)
  return {
    decode(_, value) {
      if (value === null || value.length === 0) return []
      const from = new JsonReader(recordText(value))
      const envelope = withSchema ? readPayload(from, rows, rules) : readEnvelope(from, rows, rules)
      from.end()
      return envelope.empty ? [] : [changeOf(table, envelope, originOf(envelope, elsewhere))]
    },
  }
}

function readPayload(from: JsonReader, rows: RowReader, rules: RowRules): Envelope {
  let envelope: Envelope | undefined
  objectOf(from)((name) => {
    if (name === 'payload') envelope = readEnvelope(from, rows, rules)
    else from.raw()
  })
  if (envelope === undefined) throw notAnEvent('it has no "payload", and schema-include is set')
  return envelope
}

function readEnvelope(from: JsonReader, rows: RowReader, rules: RowRules): Envelope {
  const read: Envelope = {
    before: null,
    after: null,
    op: undefined,
    sourceTime: undefined,
    eventTime: undefined,
    empty: false,
  }
  if (from.takeNull()) return { ...read, empty: true }
  objectOf(from)((name) => {
    if (name === 'before' || name === 'after') read[name] = from.takeNull() ? null : rows.read(from, rules)
    else if (name === 'op') read.op = from.peek() === '"' ? from.string() : from.raw()
    else if (name === 'ts_ms') read.eventTime = from.raw()
    else if (name === 'source' && from.peek() === '{') read.sourceTime = timeIn(from)
    else from.raw()
  })
  return read
}

function objectOf(from: JsonReader): (field: (name: string) => void) => void {
  if (from.peek() !== '{') throw notAnEvent('it is no object')
  return (field) => from.object(field)
}

function timeIn(from: JsonReader): string | undefined {
  let time: string | undefined
  from.object((name) => {
    const text = from.raw()
    if (name === 'ts_ms') time = text
  })
  return time
}

function originOf({ sourceTime, eventTime }: Envelope, elsewhere: Origin): Origin {
  const time = [sourceTime, eventTime].find((text) => text !== undefined && /^\d{1,16}$/.test(text))
  if (time === undefined) return elsewhere
  return { ...elsewhere, transaction: { ...elsewhere.transaction, commitTime: BigInt(time) * 1000n } }
}

function changeOf(table: Table, { op, before, after }: Envelope, origin: Origin): Change {
  switch (op) {
    case 'c':
    case 'r':
      return { kind: 'insert', table, after: withNulls(there(after, op)), origin }
    case 'u': {
      const [old, row] = [oldRow(before, 'UPDATE'), there(after, op)]
      // only cells that were not changed are left out
      return {
        kind: 'update',
        table,
        before: old,
        after: row.map((cell, i) => (cell === undefined ? old[i] : cell)),
        origin,
      }
    }
    case 'd':
      return { kind: 'delete', table, before: oldRow(before, 'DELETE'), origin }
    case 't':
      return { kind: 'truncate', table, origin }
    default:
      throw notAnEvent(
        op === undefined ? 'it has no "op"' : `Unknown "op" value${/^[a-z]$/.test(op) ? ` "${op}"` : ''}`,
      )
  }
}

/** An inserted row has every cell. */
function withNulls(row: Row): Row {
  return row.includes(undefined) ? row.map((cell): Cell => cell ?? null) : row
}

function there(after: Row | null, op: string): Row {
  if (after === null) throw notAnEvent(`the "after" field of op "${op}" is null`)
  return after
}

function oldRow(before: Row | null, what: 'UPDATE' | 'DELETE'): Row {
  if (before !== null) return before
  throw error('JSON_OLD_ROW_MISSING', {
    message: `The "before" field of ${what} message is null, if you are using Debezium Postgres Connector, please check the Postgres table has been set REPLICA IDENTITY to FULL level.`,
  })
}

function notAnEvent(why: string) {
  return error('JSON_ENVELOPE', { message: `Corrupt Debezium JSON message: ${why}.` })
}
