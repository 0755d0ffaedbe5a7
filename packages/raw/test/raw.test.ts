import { type Cell, type DataType, isRowChange, type RowChange, silentLogger } from '@cdc/core'
import { edgeCells, Random, randomCell, sampleTypes, tableOf } from '@cdc/testkit'
import { describe, expect, test } from 'vitest'
import { raw } from '../src/index.ts'

type Options = Parameters<typeof raw>[0]
const origin = {
  transaction: { connector: 'testkit', database: 'd', commitTime: 0n, commit: 0n },
  offset: 0n,
  order: 0,
}
const context = { pipeline: 'raw', logger: silentLogger, report() {}, role: 'value' as const }

async function bytesOf(type: DataType, cell: Cell, options: Options = {}): Promise<Uint8Array> {
  const table = tableOf('one', { c: type }, [])
  const encoder = await raw(options).create(context).encoder(table)
  return encoder.encode({ kind: 'insert', table, after: [cell], origin })[0]!.value as Uint8Array
}

async function cellOf(type: DataType, bytes: Uint8Array, options: Options = {}): Promise<Cell> {
  const decoder = await raw(options)
    .create(context)
    .decoder(tableOf('one', { c: type }, []))
  const [change] = decoder.decode(null, bytes)
  if (change === undefined || !isRowChange(change) || change.kind === 'delete') throw new Error('no row')
  return change.after[0]
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe("bytes as Flink's raw has them", () => {
  test.each<[DataType, Cell, string]>([
    [{ kind: 'boolean' }, true, '01'],
    [{ kind: 'int16' }, -2, 'fffe'],
    [{ kind: 'int32' }, 258, '00000102'],
    [{ kind: 'int64' }, 9007199254740993n, '0020000000000001'],
    [{ kind: 'float64' }, 1.5, '3ff8000000000000'],
    [{ kind: 'string' }, 'é', 'c3a9'],
  ])('%j', async (type, cell, wanted) => {
    expect(hex(await bytesOf(type, cell))).toBe(wanted)
    const turned = wanted.match(/../g)!.reverse().join('')
    if (type.kind !== 'string') expect(hex(await bytesOf(type, cell, { endianness: 'little-endian' }))).toBe(turned)
  })

  test('another charset', async () => {
    expect(hex(await bytesOf({ kind: 'string' }, 'é', { charset: 'ISO-8859-1' }))).toBe('e9')
    await expect(bytesOf({ kind: 'string' }, '本', { charset: 'ISO-8859-1' })).rejects.toMatchObject({
      code: 'RAW_VALUE_NOT_HELD',
      where: { column: 'c' },
    })
    expect(raw.options.parse({ charset: 'EBCDIC' }).problems).toHaveLength(1)
  })
})

describe('every value of every type but arrays comes back', () => {
  for (const type of sampleTypes.filter(({ kind }) => kind !== 'array'))
    test(JSON.stringify(type), async () => {
      const random = new Random(5)
      for (const cell of [...edgeCells(type), ...Array.from({ length: 50 }, () => randomCell(random, type))])
        expect(await cellOf(type, await bytesOf(type, cell))).toEqual(cell)
    })
})

test('bytes of another length, and of no text, are refused', async () => {
  await expect(cellOf({ kind: 'int32' }, Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
    code: 'RAW_RECORD',
    kind: 'data',
  })
  await expect(cellOf({ kind: 'string' }, Uint8Array.of(0xff))).rejects.toMatchObject({
    code: 'RAW_RECORD',
    kind: 'data',
  })
})

test('a table with more columns is refused before anything is written', async () => {
  const table = tableOf('two', { a: { kind: 'int32' }, b: { kind: 'int32' } }, [])
  await expect(raw({}).create(context).encoder(table)).rejects.toMatchObject({ code: 'RAW_ONE_COLUMN', kind: 'config' })
})

test('as a key format it writes the key column alone', async () => {
  const table = tableOf('keyed', { note: { kind: 'string' }, id: { kind: 'int64' } }, ['id'])
  const encoder = await raw({})
    .create({ ...context, role: 'key' })
    .encoder(table)
  const change: RowChange = { kind: 'update', table, after: ['x', 7n], origin }
  expect(encoder.encode(change)).toEqual(
    [{ key: Buffer.from('0000000000000007', 'hex').subarray(), value: null, destination: 'table' }].map((one) => ({
      ...one,
      key: new Uint8Array(one.key),
    })),
  )
})
