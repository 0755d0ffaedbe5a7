import {
  type Batch,
  CdcError,
  type Change,
  type ConfiguredSink,
  type Origin,
  type Position,
  type Row,
  type Sink,
  type SinkContext,
  silentLogger,
  type Table,
} from '@cdc/core'
import { onTestFinished } from 'vitest'

/** A table of integers and texts, whose names begin with `t_`. `id` is its key, unless others are named. */
export function tableOf(name: string, columns: readonly string[], key: readonly string[] = ['id']): Table {
  return {
    database: 'shop',
    schema: 'public',
    name,
    columns: columns.map((one) =>
      one.startsWith('t_')
        ? { name: one, type: { kind: 'string' }, native: 'text' }
        : { name: one, type: { kind: 'int32' }, native: 'integer' },
    ),
    key: key.map((one) => columns.indexOf(one)),
    identity: 'full',
  }
}

const origin: Origin = {
  transaction: { connector: 'test', database: 'shop', id: '1', commitTime: 0n, commit: 1n },
  offset: 1n,
  order: 0,
}

export const insert = (table: Table, after: Row): Change => ({ kind: 'insert', table, after, origin })
export const remove = (table: Table, before: Row): Change => ({ kind: 'delete', table, before, origin })
export const truncate = (table: Table): Change => ({ kind: 'truncate', table, origin })
export const shape = (table: Table): Change => ({ kind: 'schema', table, origin })
export const update = (table: Table, before: Row | undefined, after: Row): Change => ({
  kind: 'update',
  table,
  ...(before === undefined ? {} : { before }),
  after,
  origin,
})

export const signal: AbortSignal = new AbortController().signal

export const contextOf = (over: Partial<SinkContext> = {}): SinkContext => ({
  pipeline: 'shop',
  sink: 'topics',
  logger: silentLogger,
  report() {},
  describePosition: (position) => `place ${position}`,
  ...over,
})

/** An instance, opened as the runtime does it; closed when the test ends. */
export async function opened(sink: ConfiguredSink, over: Partial<SinkContext> = {}): Promise<Sink> {
  const made = sink.create(contextOf(over))
  onTestFinished(() => made.close())
  await made.open()
  return made
}

/** A batch of whole transactions, or (without a position) of an open one. */
export function batchOf(changes: readonly Change[], position?: Position, open: Batch['open'] = 'transaction'): Batch {
  return position === undefined ? { changes, open: open!, bytes: 1 } : { changes, position, bytes: 1 }
}

/** Writes changes and flushes them. */
export async function put(sink: Sink, position: Position, ...changes: readonly Change[]): Promise<void> {
  await sink.write(batchOf(changes, position), signal)
  await sink.flush(position, signal)
}

/** What a promise is rejected with, as `CODE kind: message | hint`. */
export async function fault(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'nothing'
  } catch (error) {
    const { code, kind, message, hint } = CdcError.from(error)
    return `${code} ${kind}: ${message} | ${hint}`
  }
}

interface Shown {
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** Records as `key value`, with `-` where there is none. */
export const shown = (records: readonly Shown[]): string[] =>
  records.map(({ key, value }) => `${key?.toString() ?? '-'} ${value?.toString() ?? '-'}`)
