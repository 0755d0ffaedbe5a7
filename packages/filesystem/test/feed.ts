import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Batch,
  CdcError,
  type Change,
  type ConfiguredSink,
  type Row,
  type Sink,
  type SinkContext,
  silentLogger,
  type Table,
  type Transaction,
} from '@cdc/core'
import { tableOf } from '@cdc/testkit'
import { onTestFinished } from 'vitest'
import { filesystem } from '../src/index.ts'
import { wholeFormat } from './whole-format.ts'

export const items = tableOf('items', { id: { kind: 'int32' }, name: { kind: 'string' } }, ['id'])

type Options = Omit<Parameters<typeof filesystem>[0], 'path' | 'format'> & {
  readonly format?: ReturnType<typeof wholeFormat>
}

/** A folder that goes when the test ends. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cdc-files-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function sinkTo(path: string, options: Options = {}): ConfiguredSink {
  return filesystem({ path, format: wholeFormat({}), ...options })
}

/** An instance, opened. */
export async function opened(sink: ConfiguredSink, over: Partial<SinkContext> = {}): Promise<Sink> {
  const made = sink.create(contextOf(over))
  onTestFinished(() => made.close())
  await made.open()
  return made
}

export const contextOf = (over: Partial<SinkContext> = {}): SinkContext => ({
  pipeline: 'shop',
  sink: 'files',
  logger: silentLogger,
  report() {},
  describePosition: (position) => `place ${position}`,
  ...over,
})

/** Inserted rows as a batch. */
export function batchOf(rows: readonly Row[], over: Partial<Transaction> & { readonly table?: Table } = {}): Batch {
  const { table = items, ...rest } = over
  const transaction: Transaction = { connector: 'test', database: 'shop', id: '1', commitTime: 0n, commit: 1n, ...rest }
  const origin = { transaction, offset: 1n, order: 0 }
  const changes = rows.map((after): Change => ({ kind: 'insert', table, after, origin }))
  return { changes, position: '?', bytes: 100 }
}

export const signal: AbortSignal = new AbortController().signal

/** Writes rows and flushes them. */
export async function put(sink: Sink, position: string, ...rows: Row[]): Promise<void> {
  await sink.write(batchOf(rows), signal)
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
