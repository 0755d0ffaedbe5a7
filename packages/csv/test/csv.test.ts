import { type CdcError, type Cell, type DataType, isRowChange, type Row, silentLogger } from '@cdc/core'
import { edgeCells, Random, randomCell, sampleTypes, tableOf } from '@cdc/testkit'
import { describe, expect, test } from 'vitest'
import { csv } from '../src/index.ts'

type Options = Parameters<typeof csv>[0]

const origin = {
  transaction: { connector: 'testkit', database: 'd', commitTime: 0n, commit: 0n },
  offset: 0n,
  order: 0,
}
const text: DataType = { kind: 'string' }
const three = tableOf('three', { a: text, b: { kind: 'int32' }, c: text }, [])
const context = { pipeline: 'csv', logger: silentLogger, report() {}, role: 'value' as const }

async function lineOf(row: Row, options: Options = {}, table = three): Promise<string> {
  const encoder = await csv(options).create(context).encoder(table)
  return encoder.encode({ kind: 'insert', table, after: row, origin })[0]!.value as string
}

async function rowOf(line: string, options: Options = {}, table = three): Promise<Row | undefined> {
  const decoder = await csv(options).create(context).decoder(table)
  const [change] = decoder.decode(null, Buffer.from(line))
  return change !== undefined && isRowChange(change) && change.kind !== 'delete' ? change.after : undefined
}

describe("fields as Jackson writes them under Flink's csv", () => {
  test('short texts of letters stand bare, all others in quotes', async () => {
    expect(await lineOf(['plain', 1, 'with blank'])).toBe('plain,1,"with blank"')
    expect(await lineOf(['x'.repeat(24), -5, 'x'.repeat(25)])).toBe(`${'x'.repeat(24)},-5,"${'x'.repeat(25)}"`)
    expect(await lineOf(['a"b', 1, 'a,b'])).toBe('"a""b",1,"a,b"')
  })

  test('null is nothing, and an empty text is quoted so that it is told from it', async () => {
    expect(await lineOf([null, null, ''])).toBe(',,""')
    expect(await rowOf(',,""')).toEqual([null, null, ''])
  })

  test('a null literal is quoted where it is a text', async () => {
    expect(await lineOf([null, 1, 'n/a'], { 'null-literal': 'n/a' })).toBe('n/a,1,"n/a"')
    expect(await rowOf('n/a,1,"n/a"', { 'null-literal': 'n/a' })).toEqual([null, 1, 'n/a'])
  })

  test('decimals as stored, or in the two ways of Flink', async () => {
    const table = tableOf('d', { d: { kind: 'decimal' } }, [])
    expect(await lineOf(['100.50'], {}, table)).toBe('100.50')
    expect(await lineOf(['100'], { 'write-bigdecimal-in-scientific-notation': true }, table)).toBe('1E+2')
    expect(await lineOf(['100.50'], { 'write-bigdecimal-in-scientific-notation': false }, table)).toBe('100.5')
    expect(await rowOf('1E+2', {}, table)).toEqual(['100'])
  })
})

describe('reading', () => {
  test('quotes, delimiters and line breaks inside of quotes', async () => {
    expect(await rowOf('"a ""quoted"", one",7,"two\nlines"\n')).toEqual(['a "quoted", one', 7, 'two\nlines'])
  })

  test('comments are left out where they are allowed', async () => {
    expect(await rowOf('# a comment', { 'allow-comments': true })).toBeUndefined()
    await expect(rowOf('# a comment')).rejects.toMatchObject({ code: 'CSV_COLUMNS' })
  })

  test.each([
    ['"open,1,x', 'CSV_MALFORMED'],
    ['"a"b,1,x', 'CSV_MALFORMED'],
    ['a,1', 'CSV_COLUMNS'],
    ['a,1,b,c', 'CSV_COLUMNS'],
    ['a,one,b', 'CSV_FIELD'],
  ])('%s is the error %s', async (line, code) => {
    await expect(rowOf(line)).rejects.toMatchObject({ code, kind: 'data', where: { table: 'public.three' } })
  })

  test('with ignore-parse-errors a field is null and a record is left out', async () => {
    const lenient = { 'ignore-parse-errors': true }
    expect(await rowOf('a,one,b', lenient)).toEqual(['a', null, 'b'])
    expect(await rowOf('"open,1,x', lenient)).toBeUndefined()
  })

  test('a record that is left out is told to whoever knows its place, with the reason', async () => {
    const told: string[] = []
    const leftOut = ({ code }: CdcError) => void told.push(code)
    const decoder = await csv({ 'ignore-parse-errors': true })
      .create({ ...context, leftOut })
      .decoder(three)
    expect(['"open,1,x', 'a,one,b'].flatMap((line) => decoder.decode(null, Buffer.from(line)))).toHaveLength(1)
    expect(told).toEqual(['CSV_MALFORMED'])
  })
})

describe('every value of every type comes back, or is refused', () => {
  for (const type of sampleTypes) {
    const table = tableOf('values', { id: { kind: 'int32' }, c: type }, ['id'])
    test(JSON.stringify(type), async () => {
      const random = new Random(3)
      const cells: Cell[] = [...edgeCells(type), ...Array.from({ length: 50 }, () => randomCell(random, type))]
      let held = 0
      for (const options of [{}, { 'disable-quote-character': true, 'escape-character': '\\' }] as Options[])
        for (const cell of cells) {
          const line = await lineOf([1, cell], options, table).catch((failure) => failure)
          if (typeof line !== 'string')
            expect(line).toMatchObject({ code: 'CSV_VALUE_NOT_HELD', where: { column: 'c' } })
          else {
            expect(await rowOf(line, options, table)).toEqual([1, cell])
            held++
          }
        }
      expect(held).toBeGreaterThan(5)
    })
  }
})

test('options are single characters, and apart', () => {
  expect(csvProblems({ 'field-delimiter': 'ab' })).toEqual(["Option 'field-delimiter' must be a single character."])
  expect(csvProblems({ 'array-element-delimiter': ',' })).toHaveLength(1)
  expect(csvProblems({ 'quote-character': ',' })).toHaveLength(1)
  expect(csvProblems({ 'field-delimiter': '\\t', 'null-literal': 'NULL' })).toEqual([])
})

const csvProblems = (raw: Record<string, unknown>) => csv.options.parse(raw).problems.map(({ message }) => message)
