import { type Cell, type DataType, isRowChange, silentLogger, type Table } from '@cdc/core'
import { edgeCells, Random, randomCell, sampleTypes, tableOf } from '@cdc/testkit'
import { describe, expect, test } from 'vitest'
import { avro } from '../src/index.ts'
import { cellCodec } from '../src/plain/cell-codec.ts'
import { AvroWriter } from '../src/wire/avro-writer.ts'

const context = { pipeline: 'values', logger: silentLogger, report() {}, role: 'value' as const }

const origin = {
  transaction: { connector: 'testkit', database: 'd', commitTime: 0n, commit: 0n },
  offset: 0n,
  order: 0,
}

async function there(table: Table, cell: Cell, options: Parameters<typeof avro>[0] = {}): Promise<Cell> {
  const format = avro(options).create(context)
  const [encoder, decoder] = [await format.encoder(table), await format.decoder(table)]
  const [record] = encoder.encode({ kind: 'insert', table, after: [1, cell], origin })
  const [back] = decoder.decode(null, record!.value as Uint8Array)
  if (back === undefined || !isRowChange(back) || back.kind === 'delete') throw new Error('no row')
  return back.after[1]
}

/** What no Avro type of Flink's holds. */
function held(cell: Cell, type: DataType): boolean {
  switch (type.kind) {
    case 'decimal':
      return type.precision === undefined || cell !== 'NaN'
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      // microseconds since 1970 end in the year 294247
      if ((cell as string).endsWith('infinity')) return false
      return type.kind === 'date' || (type.precision ?? 6) <= 3 || !/^29427\d/.test(cell as string)
    case 'array':
      return (cell as readonly Cell[]).every((one) => one === null || (!Array.isArray(one) && held(one, type.element)))
    default:
      return true
  }
}

describe('every value of every type comes back, or is refused', () => {
  for (const type of sampleTypes) {
    const table = tableOf('values', { id: { kind: 'int32' }, c: type }, ['id'])
    test(JSON.stringify(type), async () => {
      const random = new Random(7)
      const cells = [...edgeCells(type), ...Array.from({ length: 60 }, () => randomCell(random, type))]
      for (const cell of cells) {
        for (const encoding of ['binary', 'json'] as const) {
          const back = there(table, cell, { encoding })
          if (held(cell, type)) expect(await back).toEqual(cell)
          else
            await expect(back).rejects.toMatchObject({
              code: 'AVRO_VALUE_NOT_HELD',
              where: { table: 'public.values', column: 'c' },
            })
        }
      }
    })
  }
})

test('timestamps of up to three digits are in milliseconds, under both mappings', async () => {
  const type: DataType = { kind: 'timestamp', precision: 3 }
  const table = tableOf('values', { id: { kind: 'int32' }, c: type }, ['id'])
  for (const legacy of [true, false])
    for (const cell of ['2024-02-29 10:34:56.789', '0044-03-15 10:00:00 BC', '1969-12-31 23:59:59.999'])
      expect(await there(table, cell, { 'timestamp_mapping.legacy': legacy })).toBe(cell)
})

test('an error of a value does not hold the value', async () => {
  const table = tableOf('values', { id: { kind: 'int32' }, c: { kind: 'decimal', precision: 4, scale: 1 } }, ['id'])
  const failure = await there(table, '98765.4').catch((error: Error) => error)
  expect(JSON.stringify([failure, (failure as Error).message])).not.toContain('98765')
})

test('a time that is finer than the Avro type is refused, not cut off', () => {
  const times = cellCodec({ kind: 'int', properties: { logicalType: 'time-millis' } }, { kind: 'time' })!
  const writer = new AvroWriter()
  writer.begin()
  expect(times.write(writer, '10:34:56.789')).toBe(true)
  expect(times.write(writer, '10:34:56.789012')).toBe(false)
})
