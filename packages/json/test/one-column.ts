import {
  type Cell,
  type DataType,
  type Decoder,
  type Logger,
  type Origin,
  type RowChange,
  silentLogger,
  type Table,
} from '@cdc/core'
import { tableOf } from '@cdc/testkit'
import { json } from '../src/index.ts'

export type JsonInput = Parameters<typeof json>[0]

export const origin: Origin = {
  transaction: { connector: 'test', database: 'test', commitTime: 0n, commit: 1n },
  offset: 0n,
  order: 0,
}

export const formatOf = (options: JsonInput = {}, logger: Logger = silentLogger, role: 'key' | 'value' = 'value') =>
  json(options).create({ pipeline: 'test', logger, report() {}, role })

/** A table `t` with a key `id` and a column `c`. */
export const tableWith = (type: DataType): Table => tableOf('t', { id: { kind: 'int32' }, c: type }, ['id'])

/** What a cell of the column is written as. */
export async function written(type: DataType, cell: Cell, options: JsonInput = {}): Promise<string> {
  const table = tableWith(type)
  const encoder = await formatOf(options).encoder(table)
  const [record] = encoder.encode({ kind: 'insert', table, after: [1, cell], origin })
  return (record!.value as string).slice('{"id":1,"c":'.length, -1)
}

/** What the text of a field is read as. */
export async function read(type: DataType, text: string, options: JsonInput = {}): Promise<Cell> {
  const decoder = await formatOf(options).decoder(tableWith(type))
  const [change] = decoded(decoder, `{"id":1,"c":${text}}`)
  return change?.kind === 'insert' ? change.after[1] : undefined
}

export const decoded = (decoder: Decoder, value: string | null, key: string | null = null): RowChange[] =>
  decoder.decode(key === null ? null : Buffer.from(key), value === null ? null : Buffer.from(value)) as RowChange[]
