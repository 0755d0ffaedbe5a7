import type { EncodedRecord, Origin, Row, RowChange, Truncate } from '@cdc/core'
import type { Settings } from '../settings.ts'
import type { TableParts } from './table-parts.ts'

export type Headers = Readonly<Record<string, string>>

/** One event before it has a shape: what Debezium's connector hands to the converters. */
export interface Event {
  readonly op: 'r' | 'c' | 'u' | 'd' | 't'
  /** Without its schema; undefined: none. */
  readonly key: string | undefined
  readonly before: Row | undefined
  readonly after: Row | undefined
  readonly origin: Origin
  /** What a key change says about the other key. */
  readonly headers: Headers
}

/** Of an event that is no part of a key change. */
export const noHeaders: Headers = {}

/**
 * The events of a change, in order. An update that changes the message key is a delete under the old key and a create
 * under the new one.
 */
export function eventsOf(change: RowChange | Truncate, parts: TableParts, { skipped }: Settings): readonly Event[] {
  const { origin } = change
  switch (change.kind) {
    case 'insert': {
      const op = origin.snapshot === undefined ? 'c' : 'r'
      if (skipped.has(op)) return []
      return [
        { op, key: parts.keyText(change.after), before: undefined, after: change.after, origin, headers: noHeaders },
      ]
    }
    case 'update': {
      if (skipped.has('u')) return []
      const { before, after } = change
      if (before !== undefined && parts.keyChanged(before, after)) return moved(before, after, origin, parts)
      const key = parts.keyText(withKey(after, before))
      return [{ op: 'u', key, before, after, origin, headers: noHeaders }]
    }
    case 'delete': {
      if (skipped.has('d')) return []
      const { before } = change
      return [{ op: 'd', key: parts.keyText(before), before, after: undefined, origin, headers: noHeaders }]
    }
    case 'truncate':
      if (skipped.has('t')) return []
      return [{ op: 't', key: undefined, before: undefined, after: undefined, origin, headers: noHeaders }]
  }
}

function withKey(after: Row, before: Row | undefined): Row {
  return before === undefined ? after : after.map((cell, position) => (cell === undefined ? before[position] : cell))
}

function moved(before: Row, after: Row, origin: Origin, parts: TableParts): readonly Event[] {
  const whole = withKey(after, before)
  const [old, now] = [parts.keyText(before), parts.keyText(whole)]
  return [
    { op: 'd', key: old, before, after: undefined, origin, headers: { '__debezium.newkey': now! } },
    { op: 'c', key: now, before: undefined, after: whole, origin, headers: { '__debezium.oldkey': old! } },
  ]
}

/** A record of a table. */
export function tableRecord(key: string | null, value: string | null, headers: Headers): EncodedRecord {
  return { key, value, headers, destination: 'table' }
}
