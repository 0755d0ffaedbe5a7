import type { Batch } from '@cdc/core'
import { type Change, isRowChange, isTableChange, sameShape, type Table, type Transaction, tableName } from '@cdc/core'
import { isTableEdit } from '../edit.ts'
import { sourceLaws as law } from '../laws/source-laws.ts'
import { same, that } from './expect.ts'
import type { Case } from './runner.ts'
import { type SourceBench, tableChanges } from './source-bench.ts'
import {
  checkBounds,
  checkMode,
  checkTransactions,
  sameEdit,
  schemasFirst,
  streamedOf,
  transactionKey,
} from './source-checks.ts'
import type { SourceDeclared } from './source-fixture.ts'
import { items, narrow, widened } from './source-tables.ts'

type SourceCase = Case<SourceDeclared, SourceBench>

const writable = ({ write }: SourceDeclared) => write

/** What comes in which order, and how it is cut. */
export const orderCases: readonly SourceCase[] = [
  {
    law: law['SOURCE-SCHEMA-FIRST'],
    name: 'the schema comes before rows at the first start, in a later one, and when the same instance reads again',
    async run(bench, { resume }) {
      const { batches, reader } = await bench.run()
      schemasFirst(batches)
      const position = batches.find((batch) => bench.isSettled(batch.position))?.position
      await reader.stop()
      if (!resume || position === undefined) return
      const last = batches.findLast((batch) => batch.changes.length > 0)!.position!
      // where batches end may differ from one reading to the next
      const passed = (batch: Batch) =>
        batch.position !== undefined && bench.positions.compare(batch.position, last)! >= 0
      reader.read(position)
      await reader.until(passed, 'the last change')
      schemasFirst(reader.batches)
      await reader.close()
      const next = await bench.start(position)
      await next.until(passed, 'the last change')
      schemasFirst(next.batches)
    },
  },
  {
    law: law['SOURCE-SCHEMA-FIRST'],
    name: 'a new shape comes before the first row that has it',
    when: ({ write, alter }) => write && alter,
    async run(bench) {
      await bench.commit({ kind: 'insert', table: narrow, after: [1, 'a'] })
      const reader = await bench.startSettled()
      await bench.commit({ kind: 'insert', table: narrow, after: [2, 'b'] })
      await bench.fixture.alter!(narrow, widened)
      await bench.commit({ kind: 'insert', table: widened, after: [3, 'c', 'new'] })
      await reader.untilMark(await bench.mark())
      schemasFirst(reader.batches)
      const rows = tableChanges(reader.changes()).filter(({ table }) => table.name === narrow.name)
      same(
        rows.map((change) => (change.kind === 'insert' ? change.after : [])),
        [
          [1, 'a'],
          [2, 'b'],
          [3, 'c', 'new'],
        ],
        'The rows',
      )
    },
  },
  {
    law: law['SOURCE-SCHEMA-PREVIOUS'],
    name: 'the shape of an earlier run is named when it differs',
    when: writable,
    async run(bench) {
      await bench.commit({ kind: 'insert', table: items, after: [1, 'a', null] })
      const first = await bench.startSettled()
      if (!bench.declared.snapshot && bench.declared.history) await first.untilMark(await bench.mark())
      const shape = first.changes().find((change) => change.kind === 'schema' && change.table.name === items.name)
      that(shape?.kind === 'schema', 'There was no schema change.')
      that(shape.previous === undefined, 'The first shape that was ever emitted names one before it.')
      const position = first.batches.at(-1)!.position!
      await first.close()
      const older: Table = { ...shape.table, columns: shape.table.columns.slice(0, 2) }
      await bench.commit({ kind: 'insert', table: items, after: [2, 'b', null] })
      const mark = await bench.mark()
      for (const [earlier, named] of [
        [older, true],
        [shape.table, false],
      ] as const) {
        const next = await bench.start(position, { shapes: new Map([[tableName(shape.table), earlier]]) })
        await next.untilMark(mark)
        const schema = next.changes().find((change) => change.kind === 'schema' && change.table.name === items.name)
        that(schema?.kind === 'schema', 'There was no schema change after a restart.')
        const previous = schema.previous
        that(!named || previous !== undefined, 'The shape before is not named.')
        that(previous === undefined || sameShape(previous, earlier), 'The shape that is named is not the earlier one.')
        await next.close()
      }
    },
  },
  {
    law: law['SOURCE-BATCH-BOUNDS'],
    name: 'batches end where they may, in snapshot and stream, small transactions and large ones',
    async run(bench) {
      checkBounds((await bench.run()).batches)
    },
  },
  {
    law: law['SOURCE-BATCH-LIMITS'],
    name: 'the limit of rows holds in a large table and in a large transaction',
    when: writable,
    async run(bench) {
      const insert = (id: number) => ({ kind: 'insert', table: items, after: [id, 'x', null] }) as const
      await bench.commit(...Array.from({ length: 57 }, (_, id) => insert(id)))
      const reader = await bench.startSettled({ limits: { rows: 10, bytes: 1_000_000 } })
      await bench.commit(...Array.from({ length: 57 }, (_, id) => insert(100 + id)))
      await reader.untilMark(await bench.mark())
      for (const { changes } of reader.batches) {
        const rows = changes.filter(isRowChange).length
        that(rows <= 10, `A batch has ${rows} rows; the limit is 10.`)
      }
    },
  },
  {
    law: law['SOURCE-BATCH-LIMITS'],
    name: 'the limit of bytes holds, and is measured honestly',
    when: writable,
    async run(bench) {
      const insert = (id: number) => ({ kind: 'insert', table: items, after: [id, 'x'.repeat(5000), null] }) as const
      await bench.commit(...Array.from({ length: 40 }, (_, id) => insert(id)))
      const reader = await bench.startSettled({ limits: { rows: 100_000, bytes: 50_000 } })
      await bench.commit(...Array.from({ length: 40 }, (_, id) => insert(100 + id)))
      await reader.untilMark(await bench.mark())
      for (const { changes, bytes } of reader.batches) {
        const rows = changes.filter(isRowChange).length
        // the row that fills a batch may be over the limit
        that(rows <= 1 || bytes <= 60_000, `A batch of ${rows} rows has ${bytes} bytes; the limit is 50000.`)
        that(rows <= 12, `A batch of ${rows} rows of 5000 bytes says that it has ${bytes}; the limit is 50000.`)
      }
    },
  },
  {
    law: law['SOURCE-EVERY-CHANGE'],
    name: 'random transactions come as they were committed',
    when: writable,
    async run(bench) {
      const { streamed, batches } = await bench.run()
      const changes = tableChanges(batches.flatMap((batch) => batch.changes)).filter(
        (one) => one.origin.snapshot === undefined,
      )
      const edits = streamed.flat().filter(isTableEdit)
      const kinds = (all: readonly { readonly kind: string; readonly table: Table }[]) =>
        all.map(({ kind, table }) => `${kind} ${table.name}`)
      same(kinds(changes), kinds(edits), 'The list of changes')
      for (const [index, edit] of edits.entries()) sameEdit(changes[index]!, edit)
    },
  },
  {
    law: law['SOURCE-TRANSACTION-ORDER'],
    name: 'ordinals rise, transactions do not mix, commits rise',
    async run(bench) {
      checkTransactions(streamedOf((await bench.run()).batches))
    },
  },
  {
    law: law['SOURCE-TRANSACTION-SHARED'],
    name: 'one object for each transaction, over all its batches',
    async run(bench) {
      const { connector } = bench.fixture.source
      const known = new Map<string, Transaction>()
      for (const { origin } of streamedOf((await bench.run()).batches)) {
        const { transaction } = origin
        same(transaction.connector.toLowerCase(), connector.toLowerCase(), 'The connector of a transaction')
        that(typeof transaction.commit === 'bigint', 'The commit of a transaction is no bigint.')
        that(typeof transaction.commitTime === 'bigint', 'The commit time of a transaction is no bigint.')
        if (transaction.id === undefined) continue
        const earlier = known.get(transaction.id) ?? transaction
        that(earlier === transaction, `Transaction ${transaction.id} has two objects.`)
        known.set(transaction.id, transaction)
      }
      that(known.size > 0 || !bench.declared.write, 'No transaction has an id.')
    },
  },
  {
    law: law['SOURCE-CHANGELOG-MODE'],
    name: 'old rows hold what the mode promises',
    async run(bench, { emits }) {
      const { batches } = await bench.run()
      same(bench.fixture.source.emits, emits, 'What the source declares to emit')
      for (const change of tableChanges(batches.flatMap(({ changes }) => changes))) checkMode(change, emits)
    },
  },
  {
    law: law['SOURCE-WANTS'],
    name: 'bounds of transactions come if wanted, and only then',
    when: ({ write, transactions }) => write && transactions,
    async run(bench) {
      const bounds = (changes: readonly Change[]) => changes.filter(({ kind }) => kind === 'begin' || kind === 'commit')
      const plain = await bench.startSettled()
      await bench.commit({ kind: 'insert', table: items, after: [1, 'a', null] })
      const mark = await bench.mark()
      await plain.untilMark(mark)
      const other = plain.changes().filter((change) => !isTableChange(change))
      same(
        other.map(({ kind }) => kind),
        [],
        'What came beside changes of tables',
      )
      const settled = plain.batches.find((batch) => bench.isSettled(batch.position))!.position
      await plain.close()
      const wanting = await bench.start(settled, { wants: { message: false, transaction: true } })
      await wanting.untilMark(mark)
      const [first] = wanting.batches.flatMap(({ changes }) => changes)
      that(first?.kind === 'begin', 'A transaction that was wanted with its bounds does not start with one.')
      const groups = Map.groupBy(wanting.changes(), transactionKey)
      for (const changes of groups.values()) {
        same([changes[0]!.kind, changes.at(-1)!.kind], ['begin', 'commit'], 'The ends of a transaction')
        same(bounds(changes).length, 2, 'The number of bounds of a transaction')
      }
    },
  },
]
