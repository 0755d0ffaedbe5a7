import { canonicalFault, isRowChange, type Row, type Table } from '@cdc/core'
import { keyOf, rowKey } from '../cell.ts'
import { sourceLaws as law } from '../laws/source-laws.ts'
import { same, sameRows, that } from './expect.ts'
import type { Case } from './runner.ts'
import { isMarker, type Reader, type SourceBench, tableChanges } from './source-bench.ts'
import type { SourceDeclared } from './source-fixture.ts'
import { items, pairs } from './source-tables.ts'
import { wideRows, wideTable } from './wide-table.ts'

type SourceCase = Case<SourceDeclared, SourceBench>

const insert = (table: Table, after: Row) => ({ kind: 'insert', table, after }) as const

/** Cells, and where rows say that they come from. */
export const valueCases: readonly SourceCase[] = [
  {
    law: law['SOURCE-UNDEFINED-IS-NOT-NULL'],
    name: 'nulls come as null, and what is not sent does not',
    when: ({ write }) => write,
    async run(bench) {
      const reader = await bench.startSettled()
      await bench.commit(
        insert(items, [1, null, 'noted']),
        insert(pairs, [null, 'a', 1n]),
        insert(pairs, ['p', 'b', 2n]),
      )
      await bench.commit(
        { kind: 'update', table: items, before: [1, null, 'noted'], after: [1, 'named', null] },
        { kind: 'update', table: pairs, before: ['p', 'b', 2n], after: ['p', 'b', 3n] },
        { kind: 'delete', table: pairs, before: [null, 'a', 1n] },
        { kind: 'delete', table: pairs, before: ['p', 'b', 3n] },
      )
      await reader.untilMark(await bench.mark())
      const expected = [
        { after: [1, null, 'noted'] },
        { after: [null, 'a', 1n] },
        { after: ['p', 'b', 2n] },
        { before: [1, null, 'noted'], after: [1, 'named', null] },
        { before: ['p', 'b', 2n], after: ['p', 'b', 3n] },
        { before: [null, 'a', 1n] },
        { before: ['p', 'b', 3n] },
      ] as { before?: Row; after?: Row }[]
      const changes = tableChanges(reader.changes())
      same(changes.length, expected.length, 'The number of changes')
      for (const [index, change] of changes.entries()) {
        const where = `The ${change.kind} of ${change.table.name}`
        const { before, after } = expected[index]!
        if ('after' in change) cellByCell(`${where}: its new row`, change.after, after!, change.kind === 'insert')
        if ('before' in change && change.before !== undefined)
          cellByCell(`${where}: its old row`, change.before, before!, false)
      }
    },
  },
  {
    law: law['SOURCE-VALUES'],
    name: 'every edge of every type comes from the stream as it was written',
    when: ({ write }) => write,
    async run(bench, { types }) {
      const wide = wideTable(types)
      const reader = await bench.startSettled()
      await bench.commit(...wideRows(wide).map((row) => insert(wide, row)))
      await reader.untilMark(await bench.mark())
      sameRows(checkedRows(reader, wide.name, false), wideRows(wide), 'The stream')
    },
  },
  {
    law: law['SOURCE-VALUES'],
    name: 'what the source gives by itself is canonical',
    async run(bench) {
      const { reader } = await bench.run()
      checkedRows(reader, undefined, undefined)
    },
  },
  {
    law: law['SOURCE-SNAPSHOT-VALUES'],
    name: 'rows that were there before are as the stream gives them',
    when: ({ write, snapshot }) => write && snapshot,
    async run(bench, { types }) {
      const wide = wideTable(types)
      const rows = wideRows(wide)
      await bench.commit(...rows.map((row) => insert(wide, row)))
      const reader = await bench.startSettled()
      const shifted = (row: Row) => [1000 + Number(row[0]), ...row.slice(1)]
      await bench.commit(...rows.map((row) => insert(wide, shifted(row))))
      await reader.untilMark(await bench.mark())
      const inserts = tableChanges(reader.changes()).filter(({ kind }) => kind === 'insert')
      const of = (marked: boolean) =>
        inserts.flatMap((change) =>
          'after' in change && (change.origin.snapshot !== undefined) === marked ? [change.after] : [],
        )
      that(of(true).length > 0, 'No row came from the snapshot.')
      sameRows(of(true).map(shifted), of(false), 'The snapshot')
    },
  },
  {
    law: law['SOURCE-SNAPSHOT-MARKS'],
    name: 'marks are on the rows of the snapshot, and where they say',
    when: ({ write, snapshot }) => write && snapshot,
    async run(bench) {
      const rows = Array.from({ length: 12 }, (_, id) => insert(items, [id, 'x', null]))
      await bench.commit(...rows, ...rows.map((_, id) => insert(pairs, ['p', 'a', BigInt(id)])))
      const reader = await bench.startSettled()
      await bench.commit(insert(items, [100, 'y', null]))
      await reader.untilMark(await bench.mark())
      const changes = reader.changes().filter(isRowChange)
      const marked = changes.filter(({ origin }) => origin.snapshot !== undefined)
      same(marked.filter(({ table }) => !isMarker(table)).length, 24, 'The number of marked rows')
      for (const { origin, kind } of marked) {
        same(
          [kind, origin.order, origin.transaction.id],
          ['insert', 0, undefined],
          'Kind, ordinal and transaction of a snapshot row',
        )
      }
      for (const [index, { origin, table }] of marked.entries()) {
        const mark = origin.snapshot!
        const alike = marked.filter((one) => one.table.name === table.name)
        if (mark === 'first') same(index, 0, "The place of the row that is marked 'first'")
        if (mark === 'last') same(index, marked.length - 1, "The place of the row that is marked 'last'")
        if (mark === 'last_in_data_collection')
          that(alike.at(-1) === marked[index], 'A row is marked as the last of its table and is not.')
        if (mark === 'first_in_data_collection')
          that(alike[0] === marked[index], 'A row is marked as the first of its table and is not.')
      }
    },
  },
]

function cellByCell(where: string, actual: Row, expected: Row, whole: boolean): void {
  for (const [index, wanted] of expected.entries()) {
    const cell = actual[index]
    if (cell === undefined) that(!whole, `${where} lacks cell ${index}.`)
    else
      that(
        keyOf([cell], [0]) === keyOf([wanted], [0]),
        `${where} has ${rowKey([cell])} in cell ${index} instead of ${rowKey([wanted])}.`,
      )
  }
}

/** The inserted rows of a table (of all of them), each looked at; from the snapshot, the stream, or both. */
function checkedRows(reader: Reader, table: string | undefined, snapshot: boolean | undefined): Row[] {
  const rows: Row[] = []
  for (const change of reader.changes().filter(isRowChange)) {
    const marked = change.origin.snapshot !== undefined
    if ((table !== undefined && change.table.name !== table) || (snapshot !== undefined && snapshot !== marked))
      continue
    for (const row of ['after' in change ? change.after : undefined, 'before' in change ? change.before : undefined]) {
      if (row === undefined) continue
      same(row.length, change.table.columns.length, `The number of cells of a row of ${change.table.name}`)
      for (const [index, { type, name }] of change.table.columns.entries()) {
        const fault = canonicalFault(row[index], type)
        that(fault === undefined, `Column ${name} of ${change.table.name}: ${fault}.`)
      }
    }
    if (change.kind === 'insert') rows.push(change.after)
  }
  return rows
}
