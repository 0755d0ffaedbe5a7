import { describe, expect, test } from 'vitest'
import {
  bank,
  canonicalFault,
  cellText,
  createStatement,
  edgeCells,
  editStatement,
  ledger,
  Model,
  plainTypes,
  Random,
  randomCell,
  randomChangelog,
  randomTable,
  rowKey,
  sampleTypes,
  tableOf,
  type Workload,
} from '../src/index.ts'

const items = tableOf('items', { id: { kind: 'int32' }, 'the "name"': { kind: 'string' } }, ['id'])

describe('cells', () => {
  test.each(sampleTypes.map((type) => ({ type, name: JSON.stringify(type) })))('of $name are canonical', ({ type }) => {
    const random = new Random(1)
    const cells = [...edgeCells(type), ...Array.from({ length: 200 }, () => randomCell(random, type))]
    expect(cells.map((cell) => canonicalFault(cell, type)).filter((fault) => fault !== undefined)).toEqual([])
  })

  test('that are not canonical are found', () => {
    expect(canonicalFault(1, { kind: 'int64' })).toContain('bigint')
    expect(canonicalFault('2024-02-29T10:00:00Z', { kind: 'timestamptz' })).toContain('canonical')
    expect(canonicalFault([1, '2'], { kind: 'array', element: { kind: 'int32' } })).toContain('number')
  })
})

describe('changelogs', () => {
  const changelog = (seed: number) => {
    const random = new Random(seed)
    const tables = [randomTable(random, 'a', { types: plainTypes }), randomTable(random, 'b', { keyless: true })]
    return { tables, transactions: randomChangelog(random, { tables, transactions: 60 }) }
  }
  const shown = (seed: number) =>
    changelog(seed)
      .transactions.flat()
      .map((edit) => `${edit.kind} ${'after' in edit ? rowKey(edit.after) : ''}`)

  test('are the same for the same seed, and others for others', () => {
    expect(shown(1)).toEqual(shown(1))
    expect(shown(1)).not.toEqual(shown(2))
  })

  test('are what a database could have run: the oracle takes them', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { tables, transactions } = changelog(seed)
      const model = new Model().apply(transactions.flat())
      // a partial update is completed, so no row is left with a hole
      for (const table of tables) for (const row of model.rows(table)) expect(row).not.toContain(undefined)
    }
  })

  test('hold every kind of edit', () => {
    const edits = Array.from({ length: 30 }, (_, seed) => changelog(seed).transactions).flat(2)
    expect(new Set(edits.map(({ kind }) => kind))).toEqual(new Set(['insert', 'update', 'delete', 'truncate']))
    expect(edits.some((edit) => edit.kind === 'update' && edit.after.includes(undefined))).toBe(true)
  })
})

describe('the oracle', () => {
  const insert = (id: number, name: string) => ({ kind: 'insert', table: items, after: [id, name] }) as const

  test('moves a row whose key changes, and keeps the cells that were not sent', () => {
    const move = { kind: 'update', table: items, before: [1, 'a'], after: [3, undefined] } as const
    expect(new Model().apply([insert(1, 'a'), insert(2, 'b'), move]).rows(items)).toEqual([
      [2, 'b'],
      [3, 'a'],
    ])
  })

  test('refuses an update of a row that is not there', () => {
    const update = { kind: 'update', table: items, after: [1, 'b'] } as const
    expect(() => new Model().apply([update])).toThrow('public.items')
  })

  test('carries rows over to a new shape by the names of the columns', () => {
    const wider = tableOf('items', { more: { kind: 'string' }, id: { kind: 'int32' } }, ['id'])
    expect(new Model().apply([insert(1, 'a'), { kind: 'schema', table: wider }]).rows(items)).toEqual([[null, 1]])
  })
})

describe.each([
  ['ledger', ledger],
  ['bank', bank],
] as const)('%s', (_, make: () => Workload) => {
  const run = () => {
    const [workload, random] = [make(), new Random(1)]
    const transactions = [workload.begin, ...Array.from({ length: 50 }, () => workload.next(random))]
    return { workload, transactions }
  }

  test('finds nothing wrong when all is applied', () => {
    const { workload, transactions } = run()
    expect(workload.faults(new Model().apply(transactions.flat()).rows(workload.table))).toEqual([])
  })

  test('finds a lost change', () => {
    const { workload, transactions } = run()
    const edits = transactions.flat()
    expect(workload.faults(new Model().apply(edits.slice(0, -1)).rows(workload.table))).not.toEqual([])
  })

  test('finds a repeated row', () => {
    const { workload, transactions } = run()
    const rows = new Model().apply(transactions.flat()).rows(workload.table)
    expect(workload.faults([...rows, rows[0]!])).not.toEqual([])
  })
})

test('edits become statements with quoted names and bound values', () => {
  expect(createStatement(items)).toBe(
    'CREATE TABLE "public"."items" ("id" integer, "the ""name""" text, PRIMARY KEY ("id")); ' +
      'ALTER TABLE "public"."items" REPLICA IDENTITY FULL',
  )
  expect(editStatement({ kind: 'update', table: items, before: [1, 'a'], after: [2, undefined] })).toEqual({
    text: 'UPDATE "public"."items" SET "id" = $1::text::integer WHERE "id" IS NOT DISTINCT FROM $2::text::integer',
    values: ['2', '1'],
  })
  expect(cellText([null, 'a"b', [1n]])).toBe('{NULL,"a\\"b",{"1"}}')
})
