import type { EncodedRecord, Origin, Row, RowChange, Truncate } from '@cdc/core'
import type { Settings } from '../settings.ts'

export type Headers = Readonly<Record<string, string>>

/** One event before it has a shape: what Debezium's connector hands to the converters. `K`: a key, once converted. */
export interface Event<K = string> {
  readonly op: 'r' | 'c' | 'u' | 'd' | 't'
  /** Without its schema; undefined: none. */
  readonly key: K | undefined
  readonly before: Row | undefined
  readonly after: Row | undefined
  readonly origin: Origin
  /** What a key change says about the other key. */
  readonly headers: Headers
}

/** How the message keys of a table are made. */
export interface EventKeys<K> {
  /** undefined: the table has none. */
  keyOf(row: Row): K | undefined
  /** The key as JSON without its schema, as headers have it whatever the converter. */
  keyText(row: Row): string | undefined
  keyChanged(before: Row, after: Row): boolean
}

/** Of an event that is no part of a key change. */
export const noHeaders: Headers = {}

/**
 * The events of a change, in order. An update that changes the message key is a delete under the old key and a create
 * under the new one.
 */
export function eventsOf<K>(
  change: RowChange | Truncate,
  parts: EventKeys<K>,
  { skipped }: Pick<Settings, 'skipped'>,
): readonly Event<K>[] {
  const { origin } = change
  switch (change.kind) {
    case 'insert': {
      const op = origin.snapshot === undefined ? 'c' : 'r'
      if (skipped.has(op)) return []
      return [
        { op, key: parts.keyOf(change.after), before: undefined, after: change.after, origin, headers: noHeaders },
      ]
    }
    case 'update': {
      if (skipped.has('u')) return []
      const { before, after } = change
      if (before !== undefined && parts.keyChanged(before, after)) return moved(before, after, origin, parts)
      const key = parts.keyOf(withKey(after, before))
      return [{ op: 'u', key, before, after, origin, headers: noHeaders }]
    }
    case 'delete': {
      if (skipped.has('d')) return []
      const { before } = change
      return [{ op: 'd', key: parts.keyOf(before), before, after: undefined, origin, headers: noHeaders }]
    }
    case 'truncate':
      if (skipped.has('t')) return []
      return [{ op: 't', key: undefined, before: undefined, after: undefined, origin, headers: noHeaders }]
  }
}

function withKey(after: Row, before: Row | undefined): Row {
  return before === undefined ? after : after.map((cell, position) => (cell === undefined ? before[position] : cell))
}

function moved<K>(before: Row, after: Row, origin: Origin, parts: EventKeys<K>): readonly Event<K>[] {
  const whole = withKey(after, before)
  const [old, now] = [parts.keyText(before)!, parts.keyText(whole)!]
  const [oldKey, newKey] = [parts.keyOf(before), parts.keyOf(whole)]
  return [
    { op: 'd', key: oldKey, before, after: undefined, origin, headers: { '__debezium.newkey': now } },
    { op: 'c', key: newKey, before: undefined, after: whole, origin, headers: { '__debezium.oldkey': old } },
  ]
}

/** A record of a table. */
export function tableRecord(key: EncodedRecord['key'], value: EncodedRecord['value'], headers: Headers): EncodedRecord {
  return { key, value, headers, destination: 'table' }
}
