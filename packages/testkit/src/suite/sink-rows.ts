import type { Row, Table } from '@cdc/core'
import type { EditTransaction, TableEdit } from '../edit.ts'
import { sinkLaws as law } from '../laws/sink-laws.ts'
import { failure, ofKind, sameRows, that } from './expect.ts'
import type { Case } from './runner.ts'
import type { SinkBench } from './sink-bench.ts'
import type { SinkDeclared } from './sink-fixture.ts'
import { events, item, items, narrow, pairs, widened } from './sink-tables.ts'
import { wideRows, wideTable } from './wide-table.ts'

type SinkCase = Case<SinkDeclared, SinkBench>

const insert = (table: Table, after: Row) => ({ kind: 'insert', table, after }) as const
const update = (table: Table, before: Row, after: Row) => ({ kind: 'update', table, before, after }) as const
const remove = (table: Table, before: Row) => ({ kind: 'delete', table, before }) as const
const readable = ({ read }: SinkDeclared) => read
const changeable = ({ read, capabilities }: SinkDeclared) => read && capabilities.accepts !== 'append'
const partial = (declared: SinkDeclared) => changeable(declared) && !declared.capabilities.wholeRows

/** Writes each list in a batch of its own, flushed; compares the table in the end. */
async function expectRows(
  bench: SinkBench,
  table: Table,
  batches: readonly EditTransaction[],
  expected: readonly Row[],
): Promise<void> {
  const feeder = await bench.start()
  for (const [index, edits] of batches.entries()) await feeder.apply([edits], index + 1)
  sameRows(await bench.rows(table), expected, `Table ${table.name}`)
}

/** What single changes do to rows. */
export const rowCases: readonly SinkCase[] = [
  {
    law: law['SINK-UPSERT'],
    name: 'updates replace the row of their key',
    when: changeable,
    run: (bench) =>
      expectRows(
        bench,
        items,
        [
          [insert(items, item(1)), insert(items, item(2))],
          [update(items, item(1), item(1, 'new', 'noted', '2.000'))],
          [update(items, item(2), item(2, 'two'))],
          [update(items, item(2, 'two'), item(2, 'three'))],
        ],
        [item(1, 'new', 'noted', '2.000'), item(2, 'three')],
      ),
  },
  {
    law: law['SINK-UPSERT'],
    name: 'a key of two columns is both of them, in any order of columns',
    when: changeable,
    run: (bench) =>
      expectRows(
        bench,
        pairs,
        [
          [insert(pairs, ['p', 'a', 1n]), insert(pairs, ['q', 'a', 2n]), insert(pairs, ['r', 'b', 1n])],
          [update(pairs, ['p', 'a', 1n], ['P', 'a', 1n])],
        ],
        [
          ['P', 'a', 1n],
          ['q', 'a', 2n],
          ['r', 'b', 1n],
        ],
      ),
  },
  {
    law: law['SINK-DELETE'],
    name: 'the row of the key goes, and a second delete does nothing',
    when: changeable,
    run: (bench) =>
      expectRows(
        bench,
        items,
        [[insert(items, item(1)), insert(items, item(2))], [remove(items, item(1))], [remove(items, item(1))]],
        [item(2)],
      ),
  },
  {
    law: law['SINK-KEY-CHANGE'],
    name: 'the row moves from the old key to the new one',
    when: changeable,
    run: (bench) =>
      expectRows(
        bench,
        items,
        [[insert(items, item(1)), insert(items, item(2))], [update(items, item(1), item(3, 'moved'))]],
        [item(3, 'moved'), item(2)],
      ),
  },
  {
    law: law['SINK-KEY-CHANGE'],
    name: 'a key that was left can be taken by the next row in the same transaction',
    when: changeable,
    run: (bench) =>
      expectRows(
        bench,
        pairs,
        [
          [insert(pairs, ['p', 'a', 1n]), insert(pairs, ['q', 'a', 2n])],
          [update(pairs, ['p', 'a', 1n], ['p', 'a', 9n]), update(pairs, ['q', 'a', 2n], ['q', 'a', 1n])],
        ],
        [
          ['p', 'a', 9n],
          ['q', 'a', 1n],
        ],
      ),
  },
  {
    law: law['SINK-KEY-SWAP'],
    name: 'two rows swap keys by way of a free one, in one transaction',
    when: changeable,
    run: (bench) =>
      expectRows(
        bench,
        items,
        [
          [insert(items, item(1, 'one')), insert(items, item(2, 'two'))],
          [
            update(items, item(1, 'one'), item(99, 'one')),
            update(items, item(2, 'two'), item(1, 'two')),
            update(items, item(99, 'one'), item(2, 'one')),
          ],
        ],
        [item(1, 'two'), item(2, 'one')],
      ),
  },
  {
    law: law['SINK-TRUNCATE'],
    name: 'the rows before it go, those after it stay, and other tables are let be',
    when: (declared) => changeable(declared) && declared.truncate,
    run: async (bench) => {
      const truncate: TableEdit = { kind: 'truncate', table: items }
      const feeder = await bench.start()
      await feeder.apply([[insert(items, item(1)), insert(pairs, ['p', 'a', 1n])]], 1)
      await feeder.apply([[insert(items, item(2)), truncate, insert(items, item(3))]], 2)
      sameRows(await bench.rows(items), [item(3)], 'The truncated table')
      sameRows(await bench.rows(pairs), [['p', 'a', 1n]], 'The other table')
    },
  },
  {
    law: law['SINK-UNDEFINED-KEEPS'],
    name: 'undefined keeps the value, null takes it away',
    when: partial,
    run: (bench) =>
      expectRows(
        bench,
        items,
        [
          [insert(items, item(1, 'one', 'kept')), insert(items, item(2, 'two', 'gone'))],
          [update(items, item(1, 'one', 'kept'), [1, 'uno', undefined, undefined])],
          [update(items, item(2, 'two', 'gone'), [2, undefined, null, undefined])],
        ],
        [item(1, 'uno', 'kept'), item(2, 'two', null)],
      ),
  },
  {
    law: law['SINK-UNDEFINED-KEEPS'],
    name: 'undefined keeps the value of a row whose key changes',
    when: partial,
    run: (bench) =>
      expectRows(
        bench,
        items,
        [
          [insert(items, item(1, 'one', 'kept'))],
          [update(items, item(1, 'one', 'kept'), [5, 'five', undefined, '3.000'])],
        ],
        [item(5, 'five', 'kept', '3.000')],
      ),
  },
  {
    law: law['SINK-UNDEFINED-KEEPS'],
    name: 'undefined keeps the value that an earlier change in the same batch gave',
    when: partial,
    run: (bench) =>
      expectRows(
        bench,
        items,
        [
          [
            insert(items, item(1, 'one', 'kept')),
            update(items, item(1, 'one', 'kept'), [1, 'uno', undefined, undefined]),
          ],
        ],
        [item(1, 'uno', 'kept')],
      ),
  },
  {
    law: law['SINK-KEYLESS'],
    name: 'rows without a key are all taken, equal ones too',
    when: ({ read, capabilities }) => read && capabilities.keyless === 'append',
    run: (bench) =>
      expectRows(
        bench,
        events,
        [
          [insert(events, [1n, 'a']), insert(events, [1n, 'a'])],
          [insert(events, [1n, 'a']), insert(events, [2n, null])],
        ],
        [
          [1n, 'a'],
          [1n, 'a'],
          [1n, 'a'],
          [2n, null],
        ],
      ),
  },
  {
    law: law['SINK-KEYLESS'],
    name: 'a table without a key is refused before anything is durable',
    when: ({ capabilities }) => capabilities.keyless === 'refuse',
    async run(bench, { read }) {
      const feeder = await bench.start()
      const failed = await failure(feeder.apply([[insert(events, [1n, 'a'])]], 1))
      that(failed !== undefined, 'It took the row.')
      ofKind(failed.error, ['config', 'data'], 'The write')
      await feeder.close()
      if (read) sameRows(await bench.rows(events), [], 'The table')
    },
  },
  {
    law: law['SINK-VALUES'],
    name: 'every edge of every type comes back as it was written',
    when: readable,
    async run(bench, { types, capabilities }) {
      const wide = wideTable(types)
      const rows = wideRows(wide)
      const feeder = await bench.start()
      // once as a snapshot, which has a path of its own in many sinks
      await feeder.writeTable(wide, rows, 1)
      await feeder.flush(1)
      sameRows(await bench.rows(wide), rows, 'After a snapshot the table')
      if (capabilities.accepts === 'append') return
      const turned = rows.map((row, index) => [row[0]!, ...rows[(index + 1) % rows.length]!.slice(1)])
      await feeder.apply([rows.map((before, index) => update(wide, before, turned[index]!))], 2)
      sameRows(await bench.rows(wide), turned, 'After updates the table')
    },
  },
  {
    law: law['SINK-SCHEMA-IDEMPOTENT'],
    name: 'the same schema comes again in the middle of a batch, and after a restart',
    async run(bench, { read }) {
      const schema: TableEdit = { kind: 'schema', table: items }
      const first = await bench.start()
      await first.apply([[schema, insert(items, item(1)), schema, insert(items, item(2))]], 1)
      await first.close()
      const second = await bench.start()
      await second.apply([[schema, schema, insert(items, item(3))]], 2)
      if (read) sameRows(await bench.rows(items), [item(1), item(2), item(3)], 'The table')
    },
  },
  {
    law: law['SINK-OLD-SHAPE'],
    name: 'a column is added, then the shape without it comes again after a restart',
    when: ({ read, evolve }) => read && evolve,
    async run(bench) {
      const first = await bench.start()
      await first.apply([[insert(narrow, [1, 'a'])], [insert(widened, [2, 'b', 'kept'])]], 1)
      const wide = (await bench.rows(widened)).map(nullable)
      sameRows(
        wide,
        [
          [1, 'a', null],
          [2, 'b', 'kept'],
        ],
        'The widened table',
      )
      await first.close()
      const second = await bench.start()
      await second.apply([[{ kind: 'schema', table: narrow }], [insert(narrow, [3, 'c'])]], 2)
      await second.apply([[insert(widened, [4, 'd', 'new'])]], 3)
      const rows = (await bench.rows(widened)).map(nullable)
      sameRows(
        rows,
        [
          [1, 'a', null],
          [2, 'b', 'kept'],
          [3, 'c', null],
          [4, 'd', 'new'],
        ],
        'The table',
      )
    },
  },
]

/** A column that came later has no value in older rows: whether that reads as null or not at all is the target's. */
const nullable = (row: Row): Row => Array.from(row, (cell) => cell ?? null)
