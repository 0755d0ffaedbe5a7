import { createHash } from 'node:crypto'
import {
  type CdcError,
  type ErrorPlace,
  type Origin,
  type RowChange,
  type SnapshotMark,
  type Table,
  type Truncate,
  tableName,
} from '@cdc/core'
import { type CellJson, decodeRow, encodeRow } from './cells.ts'

/** What a sink may set aside. */
export type Rejectable = RowChange | Truncate

/** A change that a sink could not take, with the reason. Row values are in `change` and nowhere else. */
export interface DeadLetter {
  /** The same for the same change of the same sink, however often it is set aside. */
  readonly id: string
  /** When it was set aside: ISO 8601, UTC. */
  readonly time: string
  readonly sink: string
  /** `schema.table` as the sink saw it. */
  readonly table: string
  /** The change's place in the source's log, for people. */
  readonly position: string
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly where: ErrorPlace
  readonly change: Rejectable
}

const version = 1

interface Written extends Omit<DeadLetter, 'change'> {
  readonly version: number
  readonly kind: Rejectable['kind']
  readonly record: RecordJson
}

interface RecordJson {
  readonly table: Table
  readonly before?: readonly CellJson[]
  readonly after?: readonly CellJson[]
  readonly cascade?: boolean
  readonly restartIdentity?: boolean
  readonly origin: OriginJson
}

/** 64-bit numbers are texts. */
interface OriginJson {
  readonly connector: string
  readonly database: string
  readonly transaction?: string
  readonly commitTime: string
  readonly commit: string
  readonly offset: string
  readonly order: number
  readonly snapshot?: SnapshotMark
}

/** `equals`: counts equal rows without a key, over one life of a sink. */
export function makeLetter(
  sink: string,
  change: Rejectable,
  error: CdcError,
  position: string,
  equals: Map<string, number> = new Map(),
): DeadLetter {
  const { code, message, hint, where } = error
  return {
    id: identityOf(sink, change, equals),
    time: new Date().toISOString(),
    sink,
    table: tableName(change.table),
    position,
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    where,
    change,
  }
}

/**
 * A row with a key that comes: by what it is, since after a restart a snapshot may bring what the stream brought
 * before. Other streamed changes by their place in the log. A snapshot's row without a key by what it is and how many
 * of the kind there were before, since equal ones are different rows.
 */
function identityOf(sink: string, change: Rejectable, equals: Map<string, number>): string {
  const { table, origin, kind } = change
  const { transaction, order, snapshot } = origin
  const named = (...place: unknown[]) => hash(JSON.stringify([sink, tableName(table), kind, ...place.map(String)]))
  if (kind === 'insert' && table.key.length > 0) return named('row', JSON.stringify(encodeRow(change.after)))
  if (snapshot === undefined || kind !== 'insert') return named(transaction.commit, origin.offset, order)
  const row = named('row', transaction.commit, JSON.stringify(encodeRow(change.after)))
  const before = equals.get(row) ?? 0
  equals.set(row, before + 1)
  return named(row, before)
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** One line, line feed included. */
export function encodeLetter({ change, ...rest }: DeadLetter): string {
  const { kind, table, origin } = change
  const record: RecordJson = {
    table,
    ...('before' in change && change.before !== undefined ? { before: encodeRow(change.before) } : {}),
    ...('after' in change ? { after: encodeRow(change.after) } : {}),
    ...(kind === 'truncate' && change.cascade !== undefined ? { cascade: change.cascade } : {}),
    ...(kind === 'truncate' && change.restartIdentity !== undefined ? { restartIdentity: change.restartIdentity } : {}),
    origin: encodeOrigin(origin),
  }
  const written: Written = { version, ...rest, kind, record }
  return `${JSON.stringify(written)}\n`
}

function encodeOrigin({ transaction, offset, order, snapshot }: Origin): OriginJson {
  const { connector, database, id, commitTime, commit } = transaction
  return {
    connector,
    database,
    ...(id === undefined ? {} : { transaction: id }),
    commitTime: String(commitTime),
    commit: String(commit),
    offset: String(offset),
    order,
    ...(snapshot === undefined ? {} : { snapshot }),
  }
}

/** Throws an ordinary error, whose message holds nothing of the line, where it is no dead letter. */
export function decodeLetter(line: string): DeadLetter {
  const written = parse(line)
  if (written.version !== version)
    throw new TypeError(`it has version ${written.version}, and this is version ${version}`)
  const { version: _, kind, record, ...rest } = written
  return { ...rest, change: decodeChange(kind, record) }
}

function parse(line: string): Written {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new TypeError('it is no JSON')
  }
  const written = value as Partial<Written> | null
  const texts = [written?.id, written?.time, written?.sink, written?.table, written?.code, written?.message]
  if (texts.some((text) => typeof text !== 'string') || typeof written?.record?.table?.name !== 'string')
    throw new TypeError('it lacks a field')
  return written as Written
}

function decodeChange(kind: string, record: RecordJson): Rejectable {
  const { table, before, after, cascade, restartIdentity } = record
  const origin = decodeOrigin(record.origin)
  if (kind === 'insert') return { kind, table, after: decodeRow(after), origin }
  if (kind === 'delete') return { kind, table, before: decodeRow(before), origin }
  if (kind === 'update')
    return {
      kind,
      table,
      ...(before === undefined ? {} : { before: decodeRow(before) }),
      after: decodeRow(after),
      origin,
    }
  if (kind === 'truncate')
    return {
      kind,
      table,
      ...(cascade === undefined ? {} : { cascade }),
      ...(restartIdentity === undefined ? {} : { restartIdentity }),
      origin,
    }
  throw new TypeError('its kind is none of a change')
}

function decodeOrigin({ transaction: id, commitTime, commit, offset, snapshot, ...rest }: OriginJson): Origin {
  const { connector, database, order } = rest
  return {
    transaction: {
      connector,
      database,
      ...(id === undefined ? {} : { id }),
      commitTime: BigInt(commitTime),
      commit: BigInt(commit),
    },
    offset: BigInt(offset),
    order,
    ...(snapshot === undefined ? {} : { snapshot }),
  }
}
